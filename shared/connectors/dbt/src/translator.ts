import { allNodes, type Manifest, type ManifestNode, metaOf, parentsOf } from "@kc/dbt/artifacts";
import {
  type AssetSpec,
  type AutomationCondition,
  anyDepsUpdated,
  type CheckSpec,
  type Duration,
  eager,
  type FreshnessPolicy,
  md,
  UserError,
} from "@kc/runtime";

/** How keys are made: `none` = [configured schema?, name], `package` = [package, name], anything else = that prefix and the name. */
export type KeyPrefix = "none" | "package" | string;

/** What defs.yaml may say of one model, or of all. */
export interface ModelOverride {
  key?: string | undefined;
  automation?: "any_deps_updated" | "eager" | "none" | undefined;
  freshness?: { warn?: string | undefined; fail: string } | undefined;
  /** More dependencies, by asset key. */
  deps?: string[] | undefined;
  group?: string | undefined;
  owners?: string[] | undefined;
  description?: string | undefined;
}

export interface TranslatorOptions {
  keyPrefix: KeyPrefix;
  /** Unique ids to make assets of; default: every model, seed and snapshot. */
  ids?: readonly string[] | undefined;
  defaults?: ModelOverride | undefined;
  /** By model name or unique id. */
  models?: Readonly<Record<string, ModelOverride>> | undefined;
  /** Where the override of a model stands, for errors. */
  at?: (model: string) => string;
}

export interface TranslatedCheck {
  asset: string;
  name: string;
}

/** A manifest as kc sees it. */
export interface Translation {
  specs: AssetSpec[];
  /** Asset key of each unique id that is an asset. */
  keys: Map<string, string>;
  /** Unique id of each asset key. */
  ids: Map<string, string>;
  /** The check that a test is, by the test's unique id. */
  checks: Map<string, TranslatedCheck>;
}

const assetTypes = new Set(["model", "seed", "snapshot"]);

/**
 * Translates a manifest into assets and checks. Sources become dependencies and never assets, ephemeral models are walked through.
 * @throws UserError when two nodes have one key, or an override names no model.
 */
export function translate(manifest: Manifest, options: TranslatorOptions): Translation {
  const nodes = allNodes(manifest);
  const wanted = options.ids && new Set(options.ids);
  const chosen = [...nodes.values()].filter((node) => isAsset(node) && (!wanted || wanted.has(node.unique_id)));
  checkOverrides(options, [...nodes.values()].filter(isAsset));
  const keys = new Map(chosen.map((node) => [node.unique_id, keyOf(node, options)]));
  refuseTwins(chosen, keys);
  const checks = new Map<string, TranslatedCheck>();
  const byAsset = new Map<string, CheckSpec[]>();
  for (const test of nodes.values()) {
    if (test.resource_type !== "test") continue;
    const target = checkedNode(test, nodes);
    const asset = target && keys.get(target);
    if (!asset) continue;
    const list = byAsset.get(asset) ?? [];
    byAsset.set(asset, list);
    const name = list.some((check) => check.name === test.name) ? `${test.name}_${test.unique_id.split(".").at(-1)}` : test.name;
    list.push({ name, ...(test.description ? { description: test.description } : {}) });
    checks.set(test.unique_id, { asset, name });
  }
  const specs = chosen.map((node) =>
    specOf(node, manifest, nodes, options, keys.get(node.unique_id)!, byAsset.get(keys.get(node.unique_id)!) ?? []),
  );
  return { specs, keys, ids: new Map([...keys].map(([id, key]) => [key, id])), checks };
}

const isAsset = (node: ManifestNode): boolean =>
  assetTypes.has(node.resource_type) && node.config?.materialized !== "ephemeral" && node.config?.enabled !== false;

const overrideOf = (node: ManifestNode, { defaults, models }: TranslatorOptions): ModelOverride => ({
  ...defaults,
  ...models?.[node.name],
  ...models?.[node.unique_id],
});

/** meta.kc wins over meta.dagster, so that projects made for the latter keep their mapping. */
function kcMeta(node: ManifestNode): Record<string, unknown> {
  const meta = metaOf(node);
  const record = (value: unknown) => (typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {});
  return { ...record(meta.dagster), ...record(meta.kc) };
}

/** Asset key of a node: named by its meta, or made of its names. */
export function keyOf(node: ManifestNode, options: TranslatorOptions): string {
  const named = overrideOf(node, options).key ?? kcMeta(node).asset_key;
  if (Array.isArray(named)) return named.join("/");
  if (typeof named === "string") return named;
  if (node.resource_type === "source") return `${String(node.source_name)}/${node.name}`;
  const name = node.version === null || node.version === undefined ? node.name : `${node.name}_v${node.version}`;
  const { keyPrefix } = options;
  if (keyPrefix === "package") return `${node.package_name}/${name}`;
  // The configured schema, not the resolved one: that differs between targets.
  const schema = node.config.schema;
  if (keyPrefix === "none") return typeof schema === "string" && schema ? `${schema}/${name}` : name;
  return `${keyPrefix}/${name}`;
}

function specOf(
  node: ManifestNode,
  manifest: Manifest,
  nodes: Map<string, ManifestNode>,
  options: TranslatorOptions,
  key: string,
  checks: CheckSpec[],
): AssetSpec {
  const override = overrideOf(node, options);
  const meta = kcMeta(node);
  const group = override.group ?? text(meta.group) ?? text(node.config.group) ?? text(node.group);
  const owners = override.owners ?? ownersOf(node, manifest, meta);
  const deps = new Set([...dependencies(node, nodes, options), ...(override.deps ?? [])]);
  if (meta.has_self_dependency !== true) deps.delete(key);
  const automation = automationOf(override.automation);
  const description = override.description ?? node.description;
  const tags = Object.fromEntries([...(node.tags ?? []), ...(node.config.tags ?? [])].map((tag) => [tag, ""]));
  return {
    key,
    deps: [...deps].map((dep) => ({ key: dep })),
    ...(group ? { group } : {}),
    ...(owners.length > 0 ? { owners } : {}),
    kinds: ["dbt", manifest.metadata.adapter_type ?? "databricks"],
    tags,
    ...(description ? { description } : {}),
    metadata: metadataOf(node),
    ...(automation ? { automation } : {}),
    ...(override.freshness ? { freshness: freshnessOf(override.freshness) } : {}),
    ...(node.checksum ? { codeVersion: node.checksum.checksum } : {}),
    checks,
  };
}

function metadataOf(node: ManifestNode): NonNullable<AssetSpec["metadata"]> {
  const columns = Object.values(node.columns ?? {});
  return {
    unique_id: node.unique_id,
    relation: node.relation_name?.replaceAll(/[`"]/g, ""),
    materialized: text(node.config.materialized),
    code: md.path(node.original_file_path),
    ...(columns.length > 0
      ? {
          column_schema: md.columnSchema(
            columns.map(({ name, data_type, description }) => ({
              name,
              ...(data_type ? { type: data_type } : {}),
              ...(description ? { description } : {}),
            })),
          ),
        }
      : {}),
  };
}

/** Keys of what the node reads; ephemeral models have no data of their own, so their parents count instead. */
function dependencies(node: ManifestNode, nodes: Map<string, ManifestNode>, options: TranslatorOptions): string[] {
  const out = new Set<string>();
  const seen = new Set<string>();
  const visit = (at: ManifestNode): void => {
    for (const id of parentsOf(at)) {
      const parent = nodes.get(id);
      if (!parent || seen.has(id)) continue;
      seen.add(id);
      if (parent.resource_type === "source" || isAsset(parent)) out.add(keyOf(parent, options));
      else if (parent.config?.materialized === "ephemeral") visit(parent);
    }
  };
  visit(node);
  return [...out];
}

/** The node that a test checks: the one it is attached to, the one it names in its meta, or the only one it reads. */
function checkedNode(test: ManifestNode, nodes: Map<string, ManifestNode>): string | undefined {
  if (test.attached_node) return test.attached_node;
  const parents = parentsOf(test);
  const named = kcMeta(test).ref as { name?: string; package?: string } | undefined;
  if (named?.name)
    return parents.find(
      (id) => nodes.get(id)?.name === named.name && (!named.package || nodes.get(id)?.package_name === named.package),
    );
  return parents.length === 1 ? parents[0] : undefined;
}

function ownersOf(node: ManifestNode, manifest: Manifest, meta: Record<string, unknown>): string[] {
  if (Array.isArray(meta.owners)) return meta.owners.filter((owner) => typeof owner === "string");
  const group = Object.values(manifest.groups ?? {}).find((item) => item.name === (node.group ?? node.config.group));
  const email = group?.owner?.email;
  return Array.isArray(email) ? email : email ? [email] : [];
}

function automationOf(name: ModelOverride["automation"]): AutomationCondition | undefined {
  if (name === "any_deps_updated") return anyDepsUpdated();
  return name === "eager" ? eager() : undefined;
}

const freshnessOf = ({ warn, fail }: NonNullable<ModelOverride["freshness"]>): FreshnessPolicy => ({
  maxAge: { ...(warn ? { warn: warn as Duration } : {}), fail: fail as Duration },
});

function refuseTwins(nodes: ManifestNode[], keys: Map<string, string>): void {
  const seen = new Map<string, ManifestNode>();
  for (const node of nodes) {
    const key = keys.get(node.unique_id)!;
    const other = seen.get(key);
    if (other)
      throw new UserError(
        `dbt: "${other.name}" (${other.original_file_path}) and "${node.name}" (${node.original_file_path}) both have the asset key "${key}"`,
        {
          hint: "Use key_prefix: package, or give one of them meta.kc.asset_key.",
        },
      );
    seen.set(key, node);
  }
}

function checkOverrides({ models, at }: TranslatorOptions, assets: ManifestNode[]): void {
  const names = new Set(assets.flatMap((node) => [node.name, node.unique_id]));
  for (const name of Object.keys(models ?? {}))
    if (!names.has(name))
      throw new UserError(`models: "${name}" is no model, seed or snapshot of the dbt project`, {
        where: at?.(name),
        hint: `It has ${assets
          .map((node) => node.name)
          .sort()
          .join(", ")}.`,
      });
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
