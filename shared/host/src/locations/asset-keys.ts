import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { LocationSnapshot } from "@kc/runtime/internal";
import type { LocationEntry } from "./workspace-file.ts";

export interface AssetKeysFile {
  location: string;
  assets: string[];
}

const fileOf = (entry: LocationEntry): string => join(entry.folder, "asset-keys.json");

/** The committed keys of a location, or undefined when it has none yet. */
export function readAssetKeys(entry: LocationEntry): AssetKeysFile | undefined {
  if (!existsSync(fileOf(entry))) return undefined;
  const parsed = JSON.parse(readFileSync(fileOf(entry), "utf8")) as AssetKeysFile;
  return Array.isArray(parsed.assets) ? parsed : undefined;
}

/** Text of `asset-keys.json`: sorted, so that a diff shows what came and went. */
export const assetKeysText = (snapshot: LocationSnapshot): string =>
  `${JSON.stringify({ location: snapshot.name, assets: snapshot.assets.map((asset) => asset.key).sort() }, null, 2)}\n`;

/** Writes the keys of a location that loaded. Returns whether the file changed. */
export function writeAssetKeys(entry: LocationEntry, snapshot: LocationSnapshot): boolean {
  return writeIfChanged(fileOf(entry), assetKeysText(snapshot));
}

/**
 * Writes every location's `src/asset-keys.d.ts` (not committed): all keys of the workspace, so that a dependency on a key
 * that exists nowhere does not compile.
 */
export function writeDeclarations(entries: readonly LocationEntry[]): void {
  const keys = new Map<string, string>();
  for (const entry of entries) for (const key of readAssetKeys(entry)?.assets ?? []) keys.set(key, entry.name);
  const lines = [...keys]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, location]) => `    ${JSON.stringify(key)}: ${JSON.stringify(location)};`);
  const text = [
    "// Written by kc from the asset-keys.json of every location. Not committed.",
    'import "@kc/runtime";',
    "",
    'declare module "@kc/runtime" {',
    "  interface KnownAssets {",
    ...lines,
    "  }",
    "}",
    "",
  ].join("\n");
  for (const entry of entries)
    if (existsSync(join(entry.folder, "src"))) writeIfChanged(join(entry.folder, "src", "asset-keys.d.ts"), text);
}

function writeIfChanged(file: string, text: string): boolean {
  if (existsSync(file) && readFileSync(file, "utf8") === text) return false;
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}.tmp`, text);
  renameSync(`${file}.${process.pid}.tmp`, file);
  return true;
}
