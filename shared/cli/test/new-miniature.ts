import { createHash } from "node:crypto";
import {
  cpSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

export const repository: string = resolve(import.meta.dirname, "..", "..", "..");

export const workspaceYaml = `# Which code locations exist.   (aligned   on purpose)
load_from:
  # the team that was first
  - package: { path: locations/first }   # keep me
  - package:
      path: locations/second  # and me

# the end
`;

/** A repository that is no more than what a generator reads: the real generators and templates, two small locations. */
export function miniature(): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "kc-new-")));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("workspace.yaml", workspaceYaml);
  for (const name of ["first", "second"]) {
    write(`locations/${name}/package.json`, JSON.stringify({ name: `@loc/${name}`, kc: { location: name } }));
    write(
      `locations/${name}/asset-keys.json`,
      JSON.stringify({ location: name, assets: [`${name}/a`, "claimed/b"].slice(0, name === "first" ? 2 : 1) }),
    );
    write(`locations/${name}/src/definitions.ts`, "");
  }
  write("shared/runtime/package.json", '{ "name": "@kc/runtime" }');
  cpSync(join(repository, "templates"), join(root, "templates"), { recursive: true });
  symlinkSync(join(repository, "generators"), join(root, "generators"));
  return root;
}

const derived = new Set(["node_modules", ".turbo", "compile-cache"]);

/** Everything in a folder: each file with a hash of its bytes, each folder, each link. Without what tools derive. */
export function snapshot(root: string): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (folder: string) => {
    for (const name of readdirSync(join(root, folder)).sort()) {
      if (derived.has(name)) continue;
      const path = folder ? `${folder}/${name}` : name;
      const stat = lstatSync(join(root, path));
      if (stat.isDirectory()) {
        found[path] = "folder";
        walk(path);
      } else
        found[path] = stat.isSymbolicLink()
          ? "link"
          : createHash("sha256")
              .update(readFileSync(join(root, path)))
              .digest("hex");
    }
  };
  walk("");
  return found;
}
