import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import {
  assembleLocation,
  type DefinitionParts,
  defsYamlReader,
  type LoadedLocation,
  type LocationDefinition,
  type LocationPaths,
  type Logger,
  UserError,
} from "@kc/runtime/load";

export interface LoadParams {
  entry: string;
  /** The name its package.json gives it. */
  declared: string;
  paths: LocationPaths;
  env: Readonly<Record<string, string | undefined>>;
  log: Logger;
  signal: AbortSignal;
}

/**
 * Loads a location: its entry's default export, then every `src/defs/<component>/defs.yaml`.
 * @throws UserError, or whatever the team's code throws.
 */
export async function loadLocation({ entry, declared, paths, env, log, signal }: LoadParams): Promise<LoadedLocation> {
  if (!existsSync(entry))
    throw new UserError(`there is no ${entry}`, { hint: 'Its package.json names it under "kc": { "entry" }.' });
  const module = (await import(pathToFileURL(entry).href)) as { default?: LocationDefinition };
  const definition = module.default;
  if (definition?.kind !== "location")
    throw new UserError(`${relative(paths.projectRoot, entry)} has no default export made by defineLocation()`, { where: entry });
  if (definition.name !== declared)
    throw new UserError(`it calls itself "${definition.name}" but its package.json says "${declared}"`, { where: entry });
  const scope = {
    project_root: paths.projectRoot,
    workspace_root: paths.workspaceRoot,
    env,
    vars: definition.templateVars ?? {},
  };
  const built: { parts: DefinitionParts; component: string; file: string; warnings: string[] }[] = [];
  const files = defsFiles(join(dirname(entry), "defs"));
  const readDefsYaml = files.length > 0 ? await defsYamlReader() : undefined;
  for (const file of files) {
    const shown = relative(paths.projectRoot, file);
    const use = readDefsYaml!(readFileSync(file, "utf8"), shown, definition.components, scope);
    const parts = await use.component.build(use.attributes, {
      folder: dirname(file),
      file,
      location: paths,
      env,
      log,
      signal,
      at: use.at,
    });
    // What a component builds stands, for a person, in the defs.yaml that asked for it.
    const assets = parts.assets?.map((asset) => ({ ...asset, where: file }));
    built.push({
      parts: assets ? { ...parts, assets } : parts,
      component: use.component.type,
      file: shown,
      warnings: use.warnings,
    });
  }
  return assembleLocation(definition, built);
}

function defsFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const at = join(folder, name);
      if (statSync(at).isDirectory()) return defsFiles(at);
      return name === "defs.yaml" ? [at] : [];
    });
}
