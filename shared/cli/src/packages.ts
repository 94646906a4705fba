import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "./command.ts";
import { nearOrAll } from "./nearest-name.ts";

/** A package of the repository: a location, or a shared one. */
export interface Package {
  name: string;
  folder: string;
}

export function listPackages(root: string): Package[] {
  return ["shared", "shared/connectors", "shared/standins", "locations"].flatMap((parent) =>
    readdirSync(join(root, parent))
      .map((name) => join(root, parent, name))
      .filter((folder) => existsSync(join(folder, "package.json")))
      .map((folder) => ({
        folder,
        name: (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { name: string }).name,
      })),
  );
}

/** @throws UsageError when there is no such location or package. */
export function packageName(packages: readonly Package[], name: string): string {
  // A team's name means the team, also where a shared package has the same one.
  const found = [name, `@loc/${name}`, `@kc/${name}`].map((full) => packages.find((one) => one.name === full)).find(Boolean);
  if (!found)
    throw new UsageError(
      `there is no location or package "${name}".${nearOrAll(
        name,
        packages.map((one) => one.name.replace("@loc/", "")),
      )}`,
    );
  return found.name;
}
