import { cpSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

export interface SyntheticWorkspace {
  /** Generated locations: the text of their definitions.ts by name. */
  locations: Record<string, string>;
  /** Locations of the checkout that take part too, as copies. */
  real?: readonly string[];
  /** Text of kc.yaml. */
  settings?: string;
}

/** Writes a workspace of generated locations into a folder of its own; they import the checkout's runtime. Returns its root. */
export function writeWorkspace(checkout: string, folder: string, workspace: SyntheticWorkspace): string {
  const root = join(folder, "workspace");
  mkdirSync(root, { recursive: true });
  for (const name of ["shared", "bundles", "data"]) symlinkSync(join(checkout, name), join(root, name));
  const paths = (workspace.real ?? []).map((name) => copyLocation(checkout, root, name));
  for (const [name, definitions] of Object.entries(workspace.locations)) {
    const location = join(root, "locations", name);
    mkdirSync(join(location, "src"), { recursive: true });
    mkdirSync(join(location, "node_modules", "@kc"), { recursive: true });
    symlinkSync(join(checkout, "shared", "runtime"), join(location, "node_modules", "@kc", "runtime"));
    writeFileSync(
      join(location, "package.json"),
      JSON.stringify({
        name: `@loc/${name}`,
        type: "module",
        kc: { location: name, entry: "src/definitions.ts", loader: "node" },
      }),
    );
    writeFileSync(definitionsFile(root, name), definitions);
    paths.push(`locations/${name}`);
  }
  const list = paths.map((path) => `  - package: { path: ${JSON.stringify(path)} }\n`).join("");
  writeFileSync(join(root, "workspace.yaml"), `load_from:\n${list}`);
  writeFileSync(join(root, "kc.yaml"), workspace.settings ?? "runs: { max_concurrent: 10 }\n");
  return root;
}

/** What a location needs must lie in its workspace, so it is copied; only its installed packages are the checkout's. */
function copyLocation(checkout: string, root: string, name: string): string {
  const from = join(checkout, "locations", name);
  const to = join(root, "locations", name);
  cpSync(from, to, { recursive: true, filter: (path) => !/^(node_modules|\.turbo|\.kc|target)$/.test(basename(path)) });
  symlinkSync(join(from, "node_modules"), join(to, "node_modules"));
  return `locations/${name}`;
}

export const definitionsFile = (root: string, location: string): string =>
  join(root, "locations", location, "src", "definitions.ts");

/** A location of one asset that tells when its code began, as metadata `at` (ms since the epoch). */
export const trivialLocation = (
  name: string,
  key = `${name}/one`,
): string => `import { asset, defineLocation } from "@kc/runtime";

const one = asset({ key: "${key}", materialize: () => ({ metadata: { at: performance.timeOrigin + performance.now() } }) });
export default defineLocation({ name: "${name}", assets: [one] });
`;

export const trivialLocations = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`team_${index + 1}`, trivialLocation(`team_${index + 1}`)]));
