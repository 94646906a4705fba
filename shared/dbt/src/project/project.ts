import { existsSync, readFileSync } from "node:fs";
import { basename, extname, join, resolve } from "node:path";
import { DbtError, didYouMean, unsupported } from "../errors.ts";
import { walk } from "./folder.ts";
import { isRecord, parseYaml, strings, type Yaml, type YamlFile } from "./yaml-file.ts";

/** A file of the project; `path` is relative to the folder that its kind of file lives in, `file` to the project. */
export interface ProjectFile {
  file: string;
  path: string;
  text: string;
}

/** A dbt project as it stands on disk, before anything is rendered. */
export interface Project {
  root: string;
  name: string;
  version: string;
  yaml: YamlFile;
  vars: Yaml;
  files: Record<"models" | "seeds" | "tests" | "macros" | "properties" | "docs", ProjectFile[]>;
}

const kinds = [
  { key: "model-paths", name: "models", fallback: "models", extensions: [".sql"] },
  { key: "seed-paths", name: "seeds", fallback: "seeds", extensions: [".csv"] },
  { key: "test-paths", name: "tests", fallback: "tests", extensions: [".sql"] },
  { key: "macro-paths", name: "macros", fallback: "macros", extensions: [".sql"] },
] as const;

/** Keys of dbt_project.yml that change what a run does and that the embedded runner would have to ignore. */
const refusedKeys = ["on-run-start", "on-run-end", "dispatch", "quoting", "selectors", "packages"];
/** The others: obeyed, or without influence on what a run does. */
const knownKeys = new Set([
  "name",
  "version",
  "config-version",
  "profile",
  "vars",
  "model-paths",
  "seed-paths",
  "test-paths",
  "macro-paths",
  "snapshot-paths",
  "analysis-paths",
  "asset-paths",
  "docs-paths",
  "function-paths",
  "clean-targets",
  "target-path",
  "log-path",
  "packages-install-path",
  "models",
  "seeds",
  "tests",
  "data_tests",
  "sources",
  "snapshots",
  "exposures",
  "unit_tests",
  "require-dbt-version",
  "query-comment",
  "flags",
  "dbt-cloud",
  "restrict-access",
  "semantic-models",
  "metrics",
  "saved-queries",
  "functions",
]);

function checkKeys(yaml: YamlFile): void {
  for (const [key, value] of Object.entries(yaml.data as Yaml)) {
    if (refusedKeys.includes(key) && value !== null && (value as unknown[]).length !== 0)
      throw unsupported(`${key} in dbt_project.yml`, yaml.at(key));
    if (!refusedKeys.includes(key) && !knownKeys.has(key))
      throw new DbtError("project", `dbt_project.yml has the unknown key "${key}".${didYouMean(key, knownKeys)}`, {
        where: yaml.at(key),
      });
  }
}

/**
 * Reads a dbt project. Analyses are ignored; snapshots, packages and python models are refused by name.
 * @throws DbtError
 */
export function readProject(folder: string): Project {
  const root = resolve(folder);
  const main = join(root, "dbt_project.yml");
  if (!existsSync(main))
    throw new DbtError("project", `no dbt_project.yml in ${root}`, {
      hint: "Name the folder of the dbt project (--project-dir).",
    });
  const yaml = parseYaml(readFileSync(main, "utf8"), "dbt_project.yml");
  if (!isRecord(yaml.data)) throw new DbtError("project", "dbt_project.yml is not a mapping", { where: "dbt_project.yml:1" });
  const { name, version, vars } = yaml.data;
  if (typeof name !== "string" || !/^[a-z_][a-z0-9_]*$/i.test(name))
    throw new DbtError("project", "the project's name must be letters, digits and underscores", { where: yaml.at("name") });
  if (vars !== undefined && vars !== null && !isRecord(vars))
    throw new DbtError("project", "vars must be a mapping", { where: yaml.at("vars") });
  checkKeys(yaml);
  refusePackages(root);
  const files: Project["files"] = { models: [], seeds: [], tests: [], macros: [], properties: [], docs: [] };
  for (const kind of kinds) {
    for (const path of paths(yaml, kind.key, kind.fallback)) {
      for (const entry of walk(root, path)) {
        const extension = extname(entry);
        const full = join(root, path, entry);
        const file = `${path}/${entry}`;
        const read = () => ({ file, path: entry, text: readText(full, file) });
        if (extension === ".yml" || extension === ".yaml") files.properties.push(read());
        else if (extension === ".md") files.docs.push(read());
        else if (extension === ".py" && kind.name === "models") throw unsupported(`the python model ${entry}`, `${file}:1`);
        else if ((kind.extensions as readonly string[]).includes(extension)) files[kind.name].push(read());
      }
    }
  }
  for (const path of paths(yaml, "snapshot-paths", "snapshots"))
    for (const entry of walk(root, path))
      if (/\.(sql|ya?ml)$/.test(entry)) throw unsupported(`the snapshot ${basename(entry)}`, `${path}/${entry}:1`);
  return { root, name, version: String(version ?? ""), yaml, vars: (vars as Yaml | undefined) ?? {}, files };
}

/** The text of a file; one that is no UTF-8 is refused instead of losing characters. */
function readText(path: string, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    throw new DbtError("project", "the file is not UTF-8", { where: `${file}:1`, cause: error });
  }
}

function refusePackages(root: string): void {
  for (const file of ["packages.yml", "dependencies.yml"]) {
    if (!existsSync(join(root, file))) continue;
    const { data, at } = parseYaml(readFileSync(join(root, file), "utf8"), file);
    for (const key of ["packages", "projects"])
      if (isRecord(data) && Array.isArray(data[key]) && data[key].length > 0)
        throw unsupported(`${file}: installing ${key}`, at(key));
  }
}

function paths(yaml: YamlFile, key: string, fallback: string): string[] {
  const given = strings((yaml.data as Yaml)[key] ?? fallback, key, yaml.at(key));
  for (const path of given)
    if (path.split(/[\\/]/).includes("..") || path.startsWith("/") || path === "")
      throw new DbtError("project", `${key}: "${path}" leaves the project`, { where: yaml.at(key) });
  return given;
}
