import type { z } from "zod";
import type { AssetSpec, AssetsDefinition } from "../asset.ts";
import type { AssetCheckDefinition } from "../check.ts";
import type { DefinitionParts } from "../component.ts";
import { UserError } from "../errors.ts";
import { secretsOf } from "../execute/resources.ts";
import { type FreshnessSnapshot, freshnessSnapshot } from "../freshness-policy.ts";
import { buildGraph } from "../graph.ts";
import type { JobDefinition } from "../job.ts";
import type { LocationDefinition } from "../location.ts";
import { typedMetadata } from "../metadata.ts";
import { type PartitionMapping, tabulate } from "../partition/mapping.ts";
import { checkSpace, partitionSpace } from "../partition/space.ts";
import type { ScheduleDefinition } from "../schedule.ts";
import { parseSelection } from "../selection/parse.ts";
import type { SensorDefinition } from "../sensor.ts";
import type { AssetSnapshot, LocationSnapshot } from "../snapshot.ts";
import { checkAutomation } from "./automation-problems.ts";
import { checkFixedConfig, checkInstigators, checkSelfTriggers, scheduleSnapshot, sensorSnapshot } from "./instigators.ts";

/** A location's definitions with code, ready to run: its own and its components'. */
export interface LoadedLocation {
  name: string;
  assets: readonly AssetsDefinition[];
  checks: readonly AssetCheckDefinition[];
  jobs: readonly JobDefinition[];
  schedules: readonly ScheduleDefinition[];
  sensors: readonly SensorDefinition[];
  snapshot: LocationSnapshot;
}

/**
 * Joins a location's own definitions with those its components built, and checks them within the location.
 * @throws UserError at a key or name that is defined twice, a check of an asset that is not the location's, a bad cron or selection.
 */
export function assembleLocation(
  definition: LocationDefinition,
  built: readonly { parts: DefinitionParts; component: string; file: string; warnings?: readonly string[] }[] = [],
): LoadedLocation {
  const assets = [...definition.assets, ...built.flatMap(({ parts }) => parts.assets ?? [])];
  const checks = [...definition.checks, ...built.flatMap(({ parts }) => parts.checks ?? [])];
  const schedules = [...definition.schedules, ...built.flatMap(({ parts }) => parts.schedules ?? [])];
  const sensors = [...definition.sensors, ...built.flatMap(({ parts }) => parts.sensors ?? [])];
  const listed = [...definition.jobs, ...built.flatMap(({ parts }) => parts.jobs ?? [])];
  const jobs = [...listed, ...targetsBeside(listed, [...schedules, ...sensors])];
  for (const [kind, list] of Object.entries({ assets, check: checks, job: listed, schedule: schedules, sensor: sensors }))
    for (const [at, one] of list.entries())
      if (one?.kind !== kind) throw strange(`location ${definition.name}: number ${at + 1} of its ${kind}`, one);
  unique(
    "step",
    assets.map((one) => ({ name: one.name, where: one.where })),
  );
  unique(
    "asset",
    assets.flatMap((one) => one.specs.map((spec) => ({ name: spec.key, where: one.where }))),
  );
  unique("job", jobs);
  unique("schedule or sensor", [...schedules, ...sensors]);
  const keys = new Set(assets.flatMap((one) => one.specs.map((spec) => spec.key)));
  for (const check of checks)
    if (!keys.has(check.asset))
      throw new UserError(
        `check "${check.name}" is of asset "${check.asset}", which location ${definition.name} does not define`,
        { where: check.where },
      );
  unique("check", [
    ...checks.map((check) => ({ name: `${check.asset}:${check.name}`, where: check.where })),
    ...assets.flatMap((one) =>
      one.specs.flatMap((spec) => (spec.checks ?? []).map((check) => ({ name: `${spec.key}:${check.name}`, where: one.where }))),
    ),
  ]);
  for (const one of assets)
    for (const { key, automation, partitions } of one.specs) {
      if (partitions) located(one.where, () => checkSpace(key, partitions));
      if (automation) located(one.where, () => checkAutomation(key, automation, one.run === undefined));
    }
  checkInstigators(definition.name, { jobs, schedules, sensors });
  for (const { target, selection, where } of [...schedules, ...sensors, ...jobs] as {
    target?: string;
    selection?: string;
    where: string | undefined;
  }[])
    for (const text of [target, selection]) if (text) located(where, () => parseSelection(text));
  const { freshness } = definition;
  const defaultFreshness =
    freshness && ((spec: AssetSpec) => freshnessSnapshot(`location ${definition.name}`, freshness, spec.partitions));
  const secrets = secretsOf([...assets, ...checks, ...schedules, ...sensors].map(({ resources }) => resources));
  const snapshot: LocationSnapshot = {
    name: definition.name,
    ...(definition.formerly.length > 0 ? { formerly: [...definition.formerly] } : {}),
    assets: assets.flatMap((one) => snapshotAssets(one, checks, defaultFreshness)),
    jobs: jobs.map(({ name, selection, tags, config, where, description }) => ({
      name,
      selection,
      tags,
      ...optional({ where, description, config: config && jsonSchemaOf(config) }),
    })),
    schedules: schedules.map(scheduleSnapshot),
    sensors: sensors.map(sensorSnapshot),
    components: definition.components.map(({ type, description, attributes }) => ({
      type,
      description,
      schema: jsonSchemaOf(attributes),
      uses: built.filter((one) => one.component === type).map((one) => one.file),
    })),
    warnings: built.flatMap((one) => one.warnings ?? []),
    ...(secrets.length > 0 ? { secrets } : {}),
  };
  const loaded = { name: definition.name, assets, checks, jobs, schedules, sensors, snapshot };
  const { graph } = buildGraph([snapshot]);
  checkSelfTriggers(snapshot, graph);
  checkFixedConfig(loaded, graph);
  return loaded;
}

/**
 * Jobs that are targets without being listed: their runs carry their names, so that the location has them. One that two
 * copies of a module define is one job; of two that only share a name the location is told.
 */
function targetsBeside(listed: readonly JobDefinition[], all: readonly (ScheduleDefinition | SensorDefinition)[]) {
  const placed = (job: JobDefinition) => `${job.name}\0${job.where}`;
  const known = new Set<unknown>(listed.flatMap((job) => (job ? [job, placed(job)] : [])));
  return all.flatMap((one) => {
    const job = one?.job;
    if (!job || known.has(job) || known.has(placed(job))) return [];
    known.add(placed(job));
    return [job];
  });
}

const dependencyKeys = (spec: AssetSpec): string[] => [
  ...new Set((spec.deps ?? []).map((dep) => (typeof dep === "string" ? dep : dep.key))),
];

/** The mappings the author chose, functions as tables: asked for every key there is, and a year ahead. */
function mappingsOf(spec: AssetSpec, where: string | undefined): Record<string, PartitionMapping> | undefined {
  const mappings: Record<string, PartitionMapping> = {};
  for (const dep of spec.deps ?? []) {
    if (typeof dep === "string" || dep.mapping === undefined) continue;
    const what = `asset "${spec.key}", dependency "${dep.key}"`;
    located(where, () => {
      if (mappings[dep.key]) throw new UserError(`${what}: it stands twice with a mapping`);
      mappings[dep.key] =
        typeof dep.mapping === "function" ? tabulate(dep.mapping, mappableKeys(spec, what), what) : dep.mapping!;
    });
  }
  return Object.keys(mappings).length > 0 ? mappings : undefined;
}

function mappableKeys({ partitions }: AssetSpec, what: string): string[] {
  if (!partitions) throw new UserError(`${what}: a mapping by function needs partitions of the asset's own`);
  const dynamic = (partitions.type === "multi" ? Object.values(partitions.dimensions) : [partitions]).some(
    (one) => one.type === "dynamic",
  );
  if (dynamic)
    throw new UserError(`${what}: a mapping by function cannot ask for keys that are added later`, {
      hint: "Map dynamic partitions by identity, all, latest or dimensions.",
    });
  const space = partitionSpace(partitions, { now: Date.now() + tabulatedAheadMs, dynamicKeys: () => [] });
  if (space.count(space.all()) > mostMapped)
    throw new UserError(`${what}: a mapping by function is asked for every key, and these are over ${mostMapped}`);
  return space.keys(space.all());
}

/** How far ahead (ms) a mapping by function is asked for keys. Who keeps a snapshot for longer has no needs of newer keys. */
export const tabulatedAheadMs = 366 * 86_400_000;
const mostMapped = 100_000;

function snapshotAssets(
  definition: AssetsDefinition,
  checks: readonly AssetCheckDefinition[],
  freshness?: (spec: AssetSpec) => FreshnessSnapshot,
): AssetSnapshot[] {
  return definition.specs.map((spec) => ({
    key: spec.key,
    step: definition.name,
    deps: dependencyKeys(spec),
    group: spec.group ?? "default",
    owners: [...(spec.owners ?? [])],
    kinds: [...(spec.kinds ?? [])],
    tags: { ...spec.tags },
    metadata: typedMetadata(spec.metadata),
    checks: [
      ...(spec.checks ?? []).map((check) => ({
        name: check.name,
        blocking: Boolean(check.blocking),
        by: "step" as const,
        ...optional({ description: check.description, everywhere: check.blocking === "everywhere" || undefined }),
      })),
      ...checks
        .filter((check) => check.asset === spec.key)
        .map((check) => ({
          name: check.name,
          blocking: Boolean(check.blocking),
          by: "code" as const,
          ...optional({
            description: check.description,
            everywhere: check.blocking === "everywhere" || undefined,
            history: check.history,
          }),
        })),
    ],
    external: definition.run === undefined,
    subset: definition.subset || definition.specs.length === 1,
    resources: Object.keys(definition.resources).sort(),
    ...optional({
      description: spec.description,
      automation: spec.automation,
      codeVersion: spec.codeVersion,
      partitions: spec.partitions,
      mappings: mappingsOf(spec, definition.where),
      backfill: spec.backfill,
      pool: definition.pool,
      config: definition.config && jsonSchemaOf(definition.config),
      where: definition.where,
      freshness:
        (spec.freshness && freshnessSnapshot(`asset "${spec.key}"`, spec.freshness, spec.partitions)) ??
        (definition.run ? freshness?.(spec) : undefined),
    }),
  }));
}

/** The entries that have a value: an absent field and an undefined one are not the same to strict types. */
function optional<T extends Record<string, unknown>>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== "")) as never;
}

const strange = (what: string, one: unknown): UserError =>
  new UserError(`${what.replace(/([^s])$/, "$1s")} is ${one === undefined ? "undefined" : "something else"}`, {
    hint: "Files that import each other in a circle see each other's definitions too early.",
  });

function unique(what: string, items: readonly { name: string; where: string | undefined }[]): void {
  const seen = new Map<string, string | undefined>();
  for (const { name, where } of items) {
    if (seen.has(name))
      throw new UserError(`${what} "${name}" is defined twice${seen.get(name) ? `, first in ${seen.get(name)}` : ""}`, { where });
    seen.set(name, where);
  }
}

function located(where: string | undefined, work: () => unknown): void {
  try {
    work();
  } catch (error) {
    throw error instanceof UserError ? new UserError(error.message, { where: where ?? error.where, hint: error.hint }) : error;
  }
}

/** A schema as JSON Schema; one of an older schema library than ours, which cannot say it, allows anything. */
const jsonSchemaOf = (schema: z.ZodType): unknown =>
  typeof schema.toJSONSchema === "function" ? schema.toJSONSchema({ unrepresentable: "any", io: "input" }) : {};
