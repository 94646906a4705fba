import type { z } from "zod";
import { type AssetKey, parseAssetKey } from "./asset-key.ts";
import type { AutomationCondition } from "./automation.ts";
import { type CheckSeverity, type CheckSpec, checkSpecOf } from "./check.ts";
import { type Duration, durationMs } from "./duration.ts";
import { UserError } from "./errors.ts";
import { type FreshnessPolicy, freshnessSnapshot } from "./freshness-policy.ts";
import type { Metadata } from "./metadata.ts";
import type { PartitionsDefinition } from "./partition/definition.ts";
import type { AuthoredMapping } from "./partition/mapping.ts";
import { type PoolOption, type PoolUse, poolUse } from "./pool.ts";
import type { LocationPaths, Logger, ResolvedResources, Resources } from "./resource.ts";
import * as be from "./shape.ts";

export interface RetryPolicy {
  /** How many times a failed step is tried again. */
  max: number;
  delay?: Duration;
  backoff?: "constant" | "linear" | "exponential";
  /** Random share of the delay that is added or taken away, 0 to 1. */
  jitter?: number;
}

/** One run for each partition, one run for all of them, or runs of so many. */
export type BackfillPolicy = "perPartition" | "single" | { chunks: number };

/** A dependency by definition or key; `mapping` says which of its partitions are needed. */
export interface Dependency {
  key: string;
  mapping?: AuthoredMapping;
}

/** What is known of an asset without its code. */
export interface AssetSpec {
  key: string;
  /** Keys or definitions; of a partitioned asset also with the mapping between its partitions and the dependency's. */
  deps?: readonly (AssetKey | Dependency)[];
  /** How the asset is divided: a run then makes one partition of it, or a range where `backfill` says so. */
  partitions?: PartitionsDefinition;
  /** How many partitions one run of a backfill makes. Default: one. */
  backfill?: BackfillPolicy;
  group?: string;
  /** E-mail addresses or `team:<name>`. */
  owners?: readonly string[];
  kinds?: readonly string[];
  tags?: Readonly<Record<string, string>>;
  description?: string;
  metadata?: Metadata;
  automation?: AutomationCondition;
  freshness?: FreshnessPolicy;
  /** Changes when the code's meaning changes. */
  codeVersion?: string;
  /** Checks that the step itself reports (a dbt test, a loader's count). */
  checks?: readonly CheckSpec[];
}

/** The latest materialization of a dependency, as a step sees it. */
export interface UpstreamMaterialization {
  key: string;
  /** Undefined when the dependency was never materialized. */
  runId: string | undefined;
  /** ISO 8601 UTC, undefined when never materialized. */
  timestamp: string | undefined;
  metadata: Record<string, unknown>;
  /** The partitions of the dependency that this run's partitions need, as keys and ranges `first...last`; absent without partitions. */
  partitions?: string[];
}

/** The partitions that a step is to make. */
export interface StepPartitions {
  /** Every key, in order. */
  keys: string[];
  /** The same as keys and ranges `first...last`. */
  ranges: string[];
  /** From the start of the first window to the end of the last; absent without time partitions. */
  window?: { start: Date; end: Date };
  /** The keys of each dimension, of partitions with several. */
  dimensions: Record<string, string[]>;
}

/** What every step's code gets. */
export interface StepContext<R = Resources, C = unknown> {
  resources: ResolvedResources<R>;
  config: C;
  /** Latest materialization of each dependency, in the order of `deps`. */
  upstream: UpstreamMaterialization[];
  log: Logger;
  /** Aborted when the run is cancelled. */
  signal: AbortSignal;
  run: { id: string; requestId: string; tags: Record<string, string> };
  /**
   * Key of the partition to make; undefined for an asset without partitions.
   * @throws UserError in a run over several: `partitions` has all of them.
   */
  readonly partition: string | undefined;
  /** The partitions to make; undefined for an asset without partitions. */
  partitions: StepPartitions | undefined;
  location: LocationPaths;
  /** The environment of the location: its own and the root's `.env`, and the variables of its connections. */
  env: Readonly<Record<string, string | undefined>>;
  /** Which try this is, from 1. */
  attempt: number;
}

/** What a materialize function hands back. `unchanged` says that the asset already is what it should be: nothing downstream is woken. */
export interface MaterializeResult {
  metadata?: Metadata;
  unchanged?: boolean;
  /** Which of the run's partitions this is about, as keys and ranges; default all of them. */
  partitions?: readonly string[];
}

export interface AssetOptions<R extends Resources, C extends z.ZodType> extends AssetSpec {
  resources?: R;
  /** Schema of the run config of this asset. */
  config?: C;
  retry?: RetryPolicy;
  /** Slots that the step takes of a pool while it runs; the name alone takes one. Limits stand in kc.yaml. */
  pool?: PoolOption;
  materialize(context: StepContext<R, z.output<C>>): Promise<MaterializeResult | void> | MaterializeResult | void;
}

export interface MultiAssetContext<R = Resources, C = unknown> extends StepContext<R, C> {
  /** Keys of this multi-asset that the run selected. */
  selected: string[];
  /** Checks of those keys that the run selected, as `key:name`. */
  upstreamOf(key: string): UpstreamMaterialization[];
  materialized(key: string, result?: MaterializeResult): void;
  checked(result: {
    asset: string;
    name: string;
    passed: boolean;
    severity?: CheckSeverity;
    metadata?: Metadata;
    description?: string;
  }): void;
}

export interface MultiAssetOptions<R extends Resources, C extends z.ZodType> {
  /** Name of the step. */
  name: string;
  assets: readonly AssetSpec[];
  /** False: all of them or none run. Default true: `selected` says which. */
  subset?: boolean;
  resources?: R;
  config?: C;
  retry?: RetryPolicy;
  /** Slots that the step takes of a pool while it runs; the name alone takes one. Limits stand in kc.yaml. */
  pool?: PoolOption;
  /** Must call `materialized` for every selected key that succeeded; a selected key not reported fails. */
  materialize(context: MultiAssetContext<R, z.output<C>>): Promise<void> | void;
}

/** One unit of execution and the assets it makes. */
export interface AssetsDefinition {
  readonly kind: "assets";
  /** Name of the step: the key of a single asset, the given name of several. */
  readonly name: string;
  readonly key: string;
  readonly specs: readonly AssetSpec[];
  readonly subset: boolean;
  readonly resources: Resources;
  readonly config: z.ZodType | undefined;
  readonly retry: RetryPolicy | undefined;
  readonly pool: PoolUse | undefined;
  /** Absent: an external asset that kc only knows of. */
  readonly run: ((context: MultiAssetContext) => Promise<void>) | undefined;
  /** `file:line` of the definition. */
  readonly where: string | undefined;
}

/** Defines an asset and the code that makes it. */
export function asset<R extends Resources = Record<never, never>, C extends z.ZodType = z.ZodType<Record<string, never>>>(
  options: AssetOptions<R, C>,
): AssetsDefinition {
  be.checkShape("asset", options?.key, options, assetShape);
  const { resources, config, retry, pool, materialize, ...spec } = options;
  return define(options.key, [spec], { subset: true, resources, config, retry, pool }, async (context) => {
    const result = await materialize(context as unknown as StepContext<R, z.output<C>>);
    context.materialized(options.key, result ?? {});
  });
}

/** Defines several assets that one step makes together. */
export function multiAsset<R extends Resources = Record<never, never>, C extends z.ZodType = z.ZodType<Record<string, never>>>(
  options: MultiAssetOptions<R, C>,
): AssetsDefinition {
  be.checkShape("multi-asset", options?.name, options, multiAssetShape);
  const { resources, config, retry, pool } = options;
  checkStepName(options.name);
  if (options.assets.length === 0) throw new UserError(`multi-asset "${options.name}" has no assets`);
  for (const spec of options.assets) be.checkShape("asset", spec?.key, spec, specShape);
  const run = async (context: MultiAssetContext) => options.materialize(context as unknown as MultiAssetContext<R, z.output<C>>);
  return define(options.name, options.assets, { subset: options.subset ?? true, resources, config, retry, pool }, run);
}

/** Defines an asset that something else makes: it has a place in the lineage, and its materializations are reported. */
export function externalAsset(spec: AssetSpec): AssetsDefinition {
  be.checkShape("external asset", spec?.key, spec, specShape);
  return define(spec.key, [spec], { subset: true }, undefined);
}

const dependency = be.either(
  "a key or { key, mapping }",
  be.text,
  // A definition is a dependency as it is.
  (value) => ((value as { kind?: unknown } | null)?.kind === "assets" ? undefined : aDependency(value)),
);
const aDependency = be.fields({ key: be.text, mapping: be.either("a mapping", be.func, be.condition) }, "key");

const checkRules: Record<keyof CheckSpec, be.Rule> = { name: be.anything, description: be.text, blocking: be.anything };

const specRules: Record<keyof AssetSpec, be.Rule> = {
  key: be.text,
  deps: be.listOf(dependency, 'a list of keys: ["orders"]'),
  partitions: be.partitions,
  backfill: be.either("a text or { chunks: n }", be.text, be.fields({ chunks: be.number }, "chunks")),
  group: be.text,
  owners: be.texts,
  kinds: be.texts,
  tags: be.tags,
  description: be.text,
  metadata: be.object,
  automation: be.condition,
  freshness: be.fields({ maxAge: be.object, cron: be.object, of: be.text }),
  codeVersion: be.text,
  checks: be.listOf(be.fields(checkRules), "a list of checks"),
};
const specShape = be.shapeOf<AssetSpec>(specRules, "key");

const stepRules = {
  resources: be.resources,
  config: be.schema,
  retry: be.fields({ max: be.anything, delay: be.anything, backoff: be.anything, jitter: be.anything }, "max"),
  pool: be.either("a name or { name, weight }", be.text, be.fields({ name: be.anything, weight: be.anything }, "name")),
  materialize: be.func,
};
const assetShape = be.shapeOf<AssetOptions<Resources, z.ZodType>>({ ...specRules, ...stepRules }, "key", "materialize");
const multiAssetShape = be.shapeOf<MultiAssetOptions<Resources, z.ZodType>>(
  { ...stepRules, name: be.text, assets: be.list, subset: be.flag },
  "name",
  "assets",
  "materialize",
);

type Shared = {
  subset: boolean;
  resources?: Resources | undefined;
  config?: z.ZodType | undefined;
  retry?: RetryPolicy | undefined;
  pool?: PoolOption | undefined;
};

function define(name: string, specs: readonly AssetSpec[], shared: Shared, run: AssetsDefinition["run"]): AssetsDefinition {
  for (const spec of specs) checkSpec(spec);
  const [first] = specs;
  for (const spec of specs)
    if (JSON.stringify([spec.partitions, spec.backfill]) !== JSON.stringify([first!.partitions, first!.backfill]))
      throw new UserError(`step "${name}" makes "${first!.key}" and "${spec.key}" together: they must have the same partitions`);
  checkRetry(name, shared.retry);
  return {
    kind: "assets",
    name,
    key: specs[0]!.key,
    specs,
    subset: shared.subset,
    resources: shared.resources ?? {},
    config: shared.config,
    retry: shared.retry,
    pool: poolUse(name, shared.pool),
    run,
    where: callerOf(new Error().stack),
  };
}

/** A step's name stands in addresses, commands and log lines, as keys of assets do. */
function checkStepName(name: string): void {
  try {
    parseAssetKey(name);
  } catch {
    throw new UserError(`the name of multi-asset ${JSON.stringify(name.slice(0, 100))} could not be an asset key`, {
      hint: 'Write letters, digits, "_", "-" and ".", parts joined by "/".',
    });
  }
}

function checkSpec(spec: AssetSpec): void {
  parseAssetKey(spec.key);
  if (typeof spec.backfill === "string" && spec.backfill !== "perPartition" && spec.backfill !== "single")
    throw new UserError(
      `asset "${spec.key}": backfill is "${spec.backfill}"; there are "perPartition", "single" and { chunks: n }`,
    );
  const chunks = typeof spec.backfill === "object" ? spec.backfill.chunks : 1;
  if (!Number.isInteger(chunks) || chunks < 1)
    throw new UserError(`asset "${spec.key}": backfill.chunks must be a whole number from 1`);
  if (spec.backfill && !spec.partitions) throw new UserError(`asset "${spec.key}" has a backfill policy but no partitions`);
  for (const owner of spec.owners ?? [])
    if (!/^team:.+/.test(owner) && !/^[^@\s]+@[^@\s]+$/.test(owner))
      throw new UserError(`asset "${spec.key}": owner "${owner}" is neither an e-mail address nor "team:<name>"`);
  for (const check of spec.checks ?? []) checkSpecOf(spec.key, check);
  if (spec.freshness) freshnessSnapshot(`asset "${spec.key}"`, spec.freshness, spec.partitions);
}

function checkRetry(name: string, retry: RetryPolicy | undefined): void {
  if (!retry) return;
  if (!Number.isInteger(retry.max) || retry.max < 0)
    throw new UserError(`step "${name}": retry.max must be a whole number from 0`);
  if (retry.delay) durationMs(retry.delay, `step "${name}": retry.delay`);
  if (retry.backoff !== undefined && !["constant", "linear", "exponential"].includes(retry.backoff))
    throw new UserError(`step "${name}": retry.backoff is "${retry.backoff}"; there are constant, linear and exponential`);
  if (retry.jitter !== undefined && !(retry.jitter >= 0 && retry.jitter <= 1))
    throw new UserError(`step "${name}": retry.jitter must be from 0 to 1`);
}

/** The first stack frame outside this package, the connectors and installed packages: where the team wrote the definition. */
export function callerOf(stack: string | undefined): string | undefined {
  for (const line of stack?.split("\n").slice(1) ?? []) {
    const match = /\(?((?:file:\/\/)?\/[^()]+?):(\d+):\d+\)?$/.exec(line.trim());
    if (match && !/\/(shared\/(runtime|connectors\/[^/]+)\/src\/(?!.*\.test\.ts$)|node_modules\/|node:)/.test(match[1]!))
      return `${match[1]!.replace("file://", "")}:${match[2]}`;
  }
  return undefined;
}
