import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve, sep } from "node:path";

/** Regular files below the folder, sorted; links are not followed, so that a project stays within its folder. */
export function walk(root: string, path: string): string[] {
  const folder = join(root, path);
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .split(sep)
        .join("/"),
    )
    .sort();
}

/** A hash over everything in the project that a run depends on. `target/` and `logs/` do not count. */
export function projectHash(folder: string): string {
  const hash = createHash("sha256");
  for (const entry of walk(resolve(folder), ".")) {
    const name = entry.replace(/^\.\//, "");
    if (/^(target|logs|dbt_packages|node_modules|\.git)\//.test(name) || !/\.(sql|ya?ml|csv|md|py)$/.test(name)) continue;
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(folder, name)))
      .update("\0");
  }
  return hash.digest("hex");
}
