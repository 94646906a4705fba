import { DbtError, unsupported } from "../errors.ts";
import { isRecord, type Yaml } from "./yaml-file.ts";

/** Configuration of a node, by dbt's names. */
export type NodeConfig = Yaml & { materialized: string; enabled: boolean; tags: string[]; meta: Yaml };

/** Every config that the embedded runner obeys or may ignore without another result. */
const known = new Set([
  "materialized",
  "enabled",
  "tags",
  "meta",
  "group",
  "schema",
  "database",
  "catalog",
  "alias",
  "docs",
  "access",
  "full_refresh",
  "persist_docs",
  "unique_key",
  "incremental_strategy",
  "on_schema_change",
  "incremental_predicates",
  "merge_update_columns",
  "merge_exclude_columns",
  "pre-hook",
  "post-hook",
  "pre_hook",
  "post_hook",
  "column_types",
  "delimiter",
  "quote_columns",
  "contract",
  "packages",
  "sql_header",
  "freshness",
  "event_time",
  "severity",
  "warn_if",
  "error_if",
  "limit",
  "where",
  "fail_calc",
  "store_failures",
  "store_failures_as",
  "file_format",
  "partition_by",
  "cluster_by",
  "liquid_clustered_by",
  "location_root",
  "tblproperties",
  "grants",
  "description",
]);

/** Configs that would change the result if they were ignored. */
const refusedConfigs = [
  "sql_header",
  "persist_docs",
  "store_failures",
  "store_failures_as",
  "incremental_predicates",
  "merge_update_columns",
  "merge_exclude_columns",
  "location_root",
  "partition_by",
  "cluster_by",
  "liquid_clustered_by",
  "tblproperties",
  "grants",
];

/** Merges one layer over the others: tags add up, meta merges, hooks add up, the rest replaces. */
export function mergeConfig(base: Yaml, over: Yaml, where: string | undefined): Yaml {
  const out: Yaml = { ...base };
  for (const [given, value] of Object.entries(over)) {
    const name = given.replace(/^\+/, "").replace(/^(pre|post)_hook$/, "$1-hook");
    if (name === "tags") out.tags = [...new Set([...list(base.tags), ...list(value)])];
    else if (name === "meta" && isRecord(value)) out.meta = { ...(base.meta as Yaml | undefined), ...value };
    else if (name === "pre-hook" || name === "post-hook") out[name] = [...list(base[name]), ...list(value)];
    else out[name] = value;
  }
  if ("tags" in out && !(out.tags as unknown[]).every((tag) => typeof tag === "string"))
    throw new DbtError("project", "tags must be strings", { where });
  return out;
}

const list = (value: unknown): unknown[] => (value === undefined || value === null ? [] : Array.isArray(value) ? value : [value]);

/** The layers of dbt_project.yml that apply to a node, outermost first. A key with `+`, or the name of a config, is a config; others are folders. */
export function projectLayers(tree: unknown, fqn: readonly string[], where: string): Yaml[] {
  const layers: Yaml[] = [];
  const visit = (node: unknown, rest: readonly string[]): void => {
    if (!isRecord(node)) return;
    const layer: Yaml = {};
    for (const [key, value] of Object.entries(node)) {
      if (key.startsWith("+") || (known.has(key) && !(isRecord(value) && key === rest[0]))) layer[key] = value;
    }
    for (const key of Object.keys(layer)) if (!known.has(key.replace(/^\+/, ""))) throw unsupported(`the config ${key}`, where);
    if (Object.keys(layer).length > 0) layers.push(layer);
    const next = rest[0];
    if (next !== undefined && Object.hasOwn(node, next) && !(next in layer)) visit(node[next], rest.slice(1));
  };
  visit(tree, fqn);
  return layers;
}

/** Fills in dbt's defaults and refuses what the embedded runner would have to ignore. */
export function finishConfig(config: Yaml, resourceType: "model" | "seed" | "test", where: string): NodeConfig {
  const materialized = String(config.materialized ?? { model: "view", seed: "seed", test: "test" }[resourceType]);
  const allowed = { model: ["table", "view", "incremental", "ephemeral"], seed: ["seed"], test: ["test"] }[resourceType];
  if (!allowed.includes(materialized)) throw unsupported(`the materialization "${materialized}"`, where);
  for (const name of refusedConfigs)
    if (config[name] !== undefined && config[name] !== null && config[name] !== false)
      throw unsupported(`the config ${name}`, where);
  if (config.file_format !== undefined && config.file_format !== "delta")
    throw unsupported(`the file_format "${String(config.file_format)}"`, where);
  if (isRecord(config.contract) && config.contract.enforced === true) throw unsupported("an enforced contract", where);
  const enabled = config.enabled ?? true;
  if (typeof enabled !== "boolean")
    throw new DbtError("project", `enabled must be true or false, not ${JSON.stringify(enabled)}`, { where });
  if (materialized === "incremental") checkIncremental(config, where);
  return {
    ...config,
    enabled,
    materialized,
    tags: (config.tags as string[] | undefined) ?? [],
    meta: (config.meta as Yaml | undefined) ?? {},
    "pre-hook": config["pre-hook"] ?? [],
    "post-hook": config["post-hook"] ?? [],
  };
}

function checkIncremental(config: Yaml, where: string): void {
  const strategy = config.incremental_strategy ?? (config.unique_key ? "merge" : "append");
  if (!["append", "merge", "delete+insert"].includes(String(strategy)))
    throw unsupported(`the incremental strategy "${String(strategy)}"`, where);
  if (strategy !== "append" && !config.unique_key)
    throw new DbtError("project", `incremental strategy "${String(strategy)}" needs a unique_key`, {
      where,
      hint: "Add unique_key, or use incremental_strategy='append'.",
    });
  const change = config.on_schema_change ?? "ignore";
  const names: unknown[] = ["ignore", "append_new_columns", "fail"];
  if (!names.includes(change)) throw unsupported(`on_schema_change "${String(change)}"`, where);
}
