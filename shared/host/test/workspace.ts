import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

// Throw-away repositories and what tests ask of the operating system.

const runtime = resolve(import.meta.dirname, "..", "..", "runtime");

/** A repository in a temporary folder: `locations` by name, each with its files (or its definitions.ts alone). */
export function makeWorkspace(
  locations: Record<string, string | Record<string, string>>,
  settings = "",
): { root: string; remove(): void } {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "kc-ws-")));
  mkdirSync(join(root, "data"));
  writeFileSync(join(root, "kc.yaml"), settings);
  for (const [name, files] of Object.entries(locations))
    addLocation(root, name, typeof files === "string" ? { "src/definitions.ts": files } : files);
  const list = Object.keys(locations).map((name) => `  - package: { path: locations/${name} }\n`);
  writeFileSync(join(root, "workspace.yaml"), `load_from:\n${list.join("")}`);
  return { root, remove: () => rmSync(root, { recursive: true, force: true }) };
}

export function addLocation(root: string, name: string, files: Record<string, string>): void {
  const folder = join(root, "locations", name);
  mkdirSync(join(folder, "node_modules", "@kc"), { recursive: true });
  symlinkSync(runtime, join(folder, "node_modules", "@kc", "runtime"));
  symlinkSync(join(runtime, "node_modules", "zod"), join(folder, "node_modules", "zod"));
  const manifest = { name: `@loc/${name}`, type: "module", kc: { location: name, loader: "node" } };
  for (const [path, text] of Object.entries({ "package.json": JSON.stringify(manifest), ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
}

/** Put together, because the text of a location is no import of this package. */
export const runtimePackage = ["@kc", "runtime"].join("/");

/** A definitions.ts: `assets` is the text of a list, `before` stands above it. */
export const definitions = (name: string, assets: string, before = "", more = ""): string =>
  `import { anyDepsUpdated, asset, assetSensor, automationSensor, component, defineLocation, env, multiAsset, resource, schedule, sensor } from "${runtimePackage}";
${before}
export default defineLocation({ name: "${name}", assets: [${assets}], ${more} });
`;

/** Waits for something that processes bring about by themselves; fails with the last answer after the limit. */
export async function until<T>(ask: () => Promise<T | false | undefined> | T | false | undefined, limitMs = 30_000): Promise<T> {
  const end = Date.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > end) throw new Error(`it did not happen within ${limitMs} ms: ${ask}`);
    await new Promise((done) => setTimeout(done, 25));
  }
}

export const alive = (pid: number): boolean => {
  try {
    // A zombie has ended; only its parent has not asked yet.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
};

/** Every process below one, the process itself included. */
export function processTree(pid: number): number[] {
  const parents = new Map<number, number[]>();
  for (const name of readdirSync("/proc").filter((one) => /^\d+$/.test(one)))
    try {
      const parent = Number(/^PPid:\s+(\d+)/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))![1]);
      parents.set(parent, [...(parents.get(parent) ?? []), Number(name)]);
    } catch {
      // It ended meanwhile.
    }
  const found = [pid];
  for (let at = 0; at < found.length; at++) found.push(...(parents.get(found[at]!) ?? []));
  return found;
}
