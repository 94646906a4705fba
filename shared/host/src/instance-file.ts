import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { issueWords, type MissedTicks, UserError } from "@kc/runtime/internal";
import { z } from "zod";
import { withAuthorities } from "./alerts/authorities.ts";
import { alertsSchema, literalSecrets, unknownChannels } from "./alerts/settings.ts";
import type { AutomationSettings, TickSettings } from "./daemon/context.ts";
import { durationSetting } from "./duration-setting.ts";
import { explained } from "./schema-issues.ts";
import { openLineageSchema, telemetrySchema } from "./telemetry/settings.ts";
import { readYamlFile } from "./yaml-file.ts";

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a pool is waited for: before each step of a running run, or by the whole run in the queue. */
const poolGranularity = z.enum(["step", "run"]);

/** The reference projects' three keys of dagster.yaml. kc keeps runs, events and ticks in one database, so all must name the same. */
const legacyStorages = ["run_storage", "event_log_storage", "schedule_storage"] as const;
const legacyStorage = z.object({
  module: z.string().optional(),
  class: z.string().optional(),
  config: z.object({ postgres_url: z.string().optional(), base_dir: z.string().optional() }).optional(),
});

const missedTicks = z.union([z.enum(["latest", "skip"]), z.strictObject({ catch_up: z.number().int().min(1).max(1_000) })]);
const toMissed = (value: z.output<typeof missedTicks>): MissedTicks =>
  typeof value === "object" ? { catchUp: value.catch_up } : value;

/** Everything that kc.yaml may say. */
export const instanceSchema = z.strictObject({
  storage: z
    .union([
      z.strictObject({ sqlite: z.strictObject({ path: z.string().optional() }) }),
      z.strictObject({ postgres: z.strictObject({ url: z.string(), schema: z.string().optional() }) }),
    ])
    .optional(),
  ...Object.fromEntries(legacyStorages.map((name) => [name, legacyStorage.optional()])),
  runs: z
    .strictObject({
      /** Runs at one time over all locations. */
      max_concurrent: z.number().int().min(1).default(10),
      /** Runs at one time among those with a tag: of any value, of one value, of each value. `kc/location` is a tag of every run. */
      tag_limits: z
        .array(
          z.strictObject({
            key: z.string().min(1),
            value: z.union([z.string(), z.strictObject({ applyLimitPerUniqueValue: z.literal(true) })]).optional(),
            limit: z.number().int().min(1),
          }),
        )
        .default([]),
      /** Steps at one time within a run. */
      max_concurrent_steps: z.number().int().min(1).default(4),
      /** How failed runs are run again by themselves. */
      retries: z
        .strictObject({
          max: z.number().int().min(0).default(0),
          delay: durationSetting.optional(),
          backoff: z.enum(["constant", "linear", "exponential"]).default("constant"),
          strategy: z.enum(["from_failure", "all_steps"]).default("from_failure"),
          /** False: only runs whose worker died. */
          on_step_failure: z.boolean().default(true),
        })
        .prefault({}),
      /** How long a run may take; absent: as long as it likes. The tag `kc/max_runtime` wins. */
      max_runtime: durationSetting.optional(),
      /** How long a run may take from the queue to its start. */
      start_timeout: durationSetting.default(180_000),
      /** How long a worker may keep silent before it is ended. Absent: for ever, as code may compute without a break. */
      unresponsive_timeout: durationSetting.optional(),
      /** How long a cancelled run may take to end by itself. */
      cancel_grace: durationSetting.default(10_000),
    })
    .prefault({}),
  /** Slots by pool: a number, or slots with a granularity of their own. `default_limit` is for every pool without one. */
  pools: z
    .object({
      granularity: poolGranularity.default("step"),
      default_limit: z.number().int().min(1).optional(),
    })
    .catchall(
      z.union([
        z.number().int().min(0),
        z.strictObject({ slots: z.number().int().min(0).optional(), granularity: poolGranularity.optional() }),
      ]),
    )
    .prefault({}),
  workers: z
    .strictObject({
      /** Warm workers that wait for a run, over all locations. */
      max_idle: z.number().int().min(0).default(3),
      /** Runs after which a worker is replaced. */
      max_runs: z.number().int().min(1).default(100),
    })
    .prefault({}),
  locations: z.strictObject({ load_timeout: durationSetting.default(60_000) }).prefault({}),
  /** How long ended runs (with their events), ticks, and the log lines of ended runs are kept. Absent: for ever. */
  retention: z
    .strictObject({ runs: durationSetting.optional(), ticks: durationSetting.optional(), logs: durationSetting.optional() })
    .prefault({}),
  ticks: z
    .strictObject({
      /** How long the function of a schedule or sensor may take. */
      timeout: durationSetting.default(180_000),
      /** What becomes of schedules' ticks that nobody was there for. */
      missed: missedTicks.default("latest"),
      /** The same for schedules that make partitions. */
      missed_partitioned: missedTicks.default({ catch_up: 5 }),
      /** How often a schedule's tick whose function fails is tried again. */
      max_retries: z.number().int().min(0).max(100).default(0),
      /** A tick that asks for more runs fails. */
      max_runs: z.number().int().min(1).default(1_000),
    })
    .prefault({}),
  automation: z
    .strictObject({
      /** Requests of one asset within a minute without any news from upstream; more stop it. */
      max_requests_per_minute: z.number().int().min(1).default(20),
    })
    .prefault({}),
  daemon: z
    .strictObject({
      /** How long a host that leads may keep silent before another host on the same storage takes over. */
      lease_ttl: durationSetting.refine((ms) => ms >= 2_000 && ms <= 300_000, "must be from 2s to 5m").default(5_000),
    })
    .prefault({}),
  /** Who is told what, on which channels. */
  alerts: alertsSchema.prefault({}),
  telemetry: telemetrySchema.prefault({}),
  /** Where run events of the OpenLineage standard go. Absent: nowhere. */
  openlineage: openLineageSchema.optional(),
});

/** The instance's settings: kc.yaml with every default filled in. Durations are milliseconds. */
export type InstanceSettings = Omit<z.output<typeof instanceSchema>, "storage"> & { storage: StorageSettings };
export type StorageSettings =
  | { sqlite: { path?: string | undefined } }
  | { postgres: { url: string; schema?: string | undefined } };

export const tickSettings = (ticks: InstanceSettings["ticks"]): TickSettings => ({
  timeoutMs: ticks.timeout,
  missed: toMissed(ticks.missed),
  missedPartitioned: toMissed(ticks.missed_partitioned),
  maxRetries: ticks.max_retries,
  maxRuns: ticks.max_runs,
});

export const automationSettings = ({ max_requests_per_minute }: InstanceSettings["automation"]): AutomationSettings => ({
  maxRequestsPerMinute: max_requests_per_minute,
});

/** One storage out of the two spellings; contradictory keys are one error that names both. */
function withStorage(settings: z.output<typeof instanceSchema>, file: string): InstanceSettings {
  const legacy = legacyStorages.flatMap((name) => {
    const value = (settings as Record<string, z.output<typeof legacyStorage> | undefined>)[name];
    return value ? [{ name, url: value.config?.postgres_url }] : [];
  });
  if (legacy.length === 0) return { ...settings, storage: settings.storage ?? { sqlite: {} } };
  if (settings.storage)
    throw new UserError(`storage and ${legacy[0]!.name} contradict each other: write one of them`, { where: file });
  const urls = new Set(legacy.map((one) => one.url));
  if (urls.size > 1)
    throw new UserError(
      `${legacy.map((one) => one.name).join(", ")} name different databases: kc keeps runs, events and ticks in one`,
      { where: file },
    );
  const url = legacy[0]!.url;
  return { ...settings, storage: url ? { postgres: { url } } : { sqlite: {} } };
}

/** Something wrong in kc.yaml, with its place `file:line`. */
export interface InstanceFileProblem {
  message: string;
  where: string;
  hint?: string;
}

/**
 * Reads kc.yaml; without one every setting has its default. `env:NAME` stands for the variable's value anywhere.
 * @throws UserError with file and line, the first of its problems.
 */
export function readInstanceFile(file: string, env: Environment): InstanceSettings {
  const { settings, problems } = inspectInstanceFile(file, env);
  if (settings) return settings;
  const { message, where, hint } = problems[0]!;
  const more = problems.length > 1 ? `kc.yaml has ${problems.length - 1} more of these: kc check shows all.` : undefined;
  const hints = [hint, more].filter((one) => one !== undefined).join("\n");
  throw new UserError(message, { where, ...(hints ? { hint: hints } : {}) });
}

/** kc.yaml's settings, or all that is wrong in it. */
export function inspectInstanceFile(
  file: string,
  env: Environment,
): { settings: InstanceSettings; problems: [] } | { settings: undefined; problems: InstanceFileProblem[] } {
  const refused = (problems: InstanceFileProblem[]) => ({ settings: undefined, problems });
  const accepted = (parsed: z.output<typeof instanceSchema>) => {
    try {
      return { settings: withStorage(parsed, file), problems: [] as [] };
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      return refused([{ message: error.message, where: file }]);
    }
  };
  if (!existsSync(file)) return accepted(instanceSchema.parse({}));
  const { value, errors, place } = readYamlFile(file);
  if (errors.length > 0) return refused(errors);
  const raw = value ?? {};
  const { values, unset, named } = filled(raw, env);
  const problems: InstanceFileProblem[] = literalSecrets(raw).map((path) => ({
    message: `${path.join(".")} is a secret: kc.yaml names the variable that has it, as in ${path.at(-1)}: env:NAME`,
    where: place(path),
    hint: "Put the value into .env, which git ignores, or into the environment.",
  }));
  if (unset.length > 0)
    problems.push({
      message: `unset environment variables: ${unset.map((one) => one.name).join(", ")}`,
      where: place(unset[0]!.path),
    });
  const parse = () => instanceSchema.safeParse(values, { error: issueWords });
  const first = parse();
  const parsed = first.success || !countsAsTyped(values, named, first.error.issues) ? first : parse();
  const alerts = parsed.success ? withAuthorities(parsed.data.alerts, dirname(file)) : undefined;
  for (const { path, message } of alerts?.missing ?? [])
    problems.push({ message: `${path.join(".")}: ${message}`, where: place(path) });
  if (parsed.success && problems.length === 0) return accepted({ ...parsed.data, alerts: alerts!.settings });
  const found = parsed.success ? [] : [...explained(instanceSchema, parsed.error.issues), ...unknownChannels(raw)];
  const seen = new Set<string>();
  for (const { path, message } of found) {
    // What a variable without a value leads to is told by its name already.
    if (unset.some((one) => startsWith(one.path, path) || startsWith(path, one.path))) continue;
    const problem = { message: `${path.join(".") || "the file"}: ${message}`, where: place(path) };
    if (!seen.has(problem.message)) problems.push(problem);
    seen.add(problem.message);
  }
  return refused(problems);
}

const startsWith = (path: readonly PropertyKey[], head: readonly PropertyKey[]): boolean =>
  head.every((key, index) => path[index] === key);

/**
 * A variable is text. One that is not taken as text where it stands, and is a number or true or false, becomes that.
 * @returns whether any has.
 */
function countsAsTyped(values: unknown, named: readonly PropertyKey[][], issues: readonly { path: PropertyKey[] }[]): boolean {
  const refused = named.filter((path) =>
    issues.some((issue) => issue.path.length === path.length && startsWith(issue.path, path)),
  );
  let any = false;
  for (const path of refused) {
    const holder = path.slice(0, -1).reduce((at, key) => (at as Record<PropertyKey, unknown>)[key], values);
    const text = (holder as Record<PropertyKey, unknown>)[path.at(-1)!] as string;
    if (!/^(-?\d+(\.\d+)?|true|false)$/.test(text)) continue;
    (holder as Record<PropertyKey, unknown>)[path.at(-1)!] = /^[tf]/.test(text) ? text === "true" : Number(text);
    any = true;
  }
  return any;
}

interface Filled {
  values: unknown;
  /** Paths of what came from a variable that is set. */
  named: PropertyKey[][];
  unset: { name: string; path: PropertyKey[] }[];
}

/** The values with `env:NAME` and `{ env: NAME }` replaced, and which of these variables are unset. */
function filled(raw: unknown, env: Environment): Filled {
  const unset: Filled["unset"] = [];
  const named: Filled["named"] = [];
  const fill = (value: unknown, path: PropertyKey[]): unknown => {
    if (typeof value === "string" && value.startsWith("env:")) {
      const name = value.slice(4);
      if (env[name]) named.push(path);
      else unset.push({ name, path });
      return env[name];
    }
    if (Array.isArray(value)) return value.map((item, index) => fill(item, [...path, index]));
    if (!value || typeof value !== "object") return value;
    const variable = Object.keys(value).length === 1 ? (value as { env?: unknown }).env : undefined;
    if (typeof variable === "string") return fill(`env:${variable}`, path);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, [...path, key])]));
  };
  return { values: fill(raw, []), named, unset };
}
