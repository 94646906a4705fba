import { callerOf } from "./asset.ts";
import { type Duration, durationMs } from "./duration.ts";
import { UserError } from "./errors.ts";
import {
  checkDefaultStatus,
  checkFormerly,
  checkName,
  type DefaultStatus,
  type RunRequest,
  type TickContext,
} from "./instigator.ts";
import type { JobDefinition } from "./job.ts";
import type { Resources } from "./resource.ts";
import { runTagsOf } from "./run-tags.ts";
import * as be from "./shape.ts";

/**
 * What becomes of ticks that nobody was there for. `latest`: only the last of them is made. `skip`: none; the next one is
 * the next. `catchUp`: the last so many, oldest first.
 */
export type MissedTicks = "latest" | "skip" | { catchUp: number };

export interface ScheduleResult {
  runs?: RunRequest[];
  skip?: string;
}

export interface ScheduleDefinition {
  readonly kind: "schedule";
  readonly name: string;
  /** Five fields, or six with seconds first. */
  readonly cron: string;
  readonly timezone: string;
  readonly target: string;
  /** The job that is the target: a location has it without listing it. */
  readonly job: JobDefinition | undefined;
  readonly description: string | undefined;
  readonly tags: Record<string, string>;
  readonly defaultStatus: DefaultStatus;
  readonly missed: MissedTicks | undefined;
  readonly partition: "latest" | undefined;
  readonly maxTickRetries: number | undefined;
  /** Milliseconds. */
  readonly timeoutMs: number | undefined;
  readonly formerly: readonly string[];
  readonly resources: Resources;
  /** Run config that is the same at every tick; `run` hands it out. */
  readonly config: Config | undefined;
  readonly run: ((context: TickContext) => Promise<ScheduleResult> | ScheduleResult) | undefined;
  readonly where: string | undefined;
}

type Config = Record<string, unknown>;

export interface ScheduleOptions<R extends Resources> {
  name: string;
  cron: string;
  timezone?: string;
  /** A job of this location, or a selection. */
  target: JobDefinition | string;
  description?: string;
  tags?: Record<string, string>;
  defaultStatus?: DefaultStatus;
  /**
   * `latest`: each tick's runs make the partition that has ended last at the tick's time. Its missed ticks are caught up
   * with unless it says otherwise (`ticks.missed_partitioned` of kc.yaml, the last 5 unless set).
   */
  partition?: "latest";
  /** Default: `ticks.missed` of kc.yaml, which is `latest` unless set. */
  missed?: MissedTicks;
  /** How often a tick whose function fails is tried again. Default: `ticks.max_retries` of kc.yaml, which is 0 unless set. */
  maxTickRetries?: number;
  /** How long its function may take. Default: `ticks.timeout` of kc.yaml. */
  timeout?: Duration;
  /** Names it had before: whether it is on, its history and its run keys move to this one. */
  formerly?: readonly string[];
  resources?: R;
  /** Run config of each tick's run, fixed or decided at the tick. */
  config?: Config | ((context: TickContext<R>) => Promise<Config> | Config);
  /** Decides at the tick; without it every tick makes one run of the target. */
  run?(context: TickContext<R>): Promise<ScheduleResult> | ScheduleResult;
}

/** Defines a schedule. */
export function schedule<R extends Resources = Record<never, never>>(options: ScheduleOptions<R>): ScheduleDefinition {
  be.checkShape("schedule", options?.name, options, shape);
  const what = `schedule "${options.name}"`;
  const { config, missed, maxTickRetries } = options;
  if (config && options.run)
    throw new UserError(`${what} has both config and run: a run function gives the config with each run it asks for`);
  if (typeof missed === "object" && !(Number.isInteger(missed.catchUp) && missed.catchUp >= 1 && missed.catchUp <= 1_000))
    throw new UserError(`${what}: missed.catchUp must be a whole number from 1 to 1000`);
  if (typeof missed === "string" && missed !== "latest" && missed !== "skip")
    throw new UserError(`${what}: missed is "${String(missed)}"; there are "latest", "skip" and { catchUp: n }`);
  if (maxTickRetries !== undefined && !(Number.isInteger(maxTickRetries) && maxTickRetries >= 0 && maxTickRetries <= 100))
    throw new UserError(`${what}: maxTickRetries must be a whole number from 0 to 100`);
  if (options.partition !== undefined && options.partition !== "latest")
    throw new UserError(`${what}: partition is "${String(options.partition)}"; there is "latest"`, {
      hint: "A run function names partitions of its own choice with each run it asks for.",
    });
  const configured = async (context: TickContext<R>): Promise<ScheduleResult> => ({
    runs: [{ config: typeof config === "function" ? await config(context) : config! }],
  });
  return {
    kind: "schedule",
    name: checkName("schedule", options.name),
    cron: options.cron,
    timezone: options.timezone ?? "UTC",
    target: typeof options.target === "string" ? options.target : options.target.selection,
    job: typeof options.target === "string" ? undefined : options.target,
    description: options.description,
    tags: {
      ...(typeof options.target === "string" ? {} : { ...options.target.tags, "kc/job": options.target.name }),
      ...runTagsOf(what, options.tags ?? {}),
    },
    defaultStatus: checkDefaultStatus("schedule", options.name, options.defaultStatus),
    missed,
    partition: options.partition,
    maxTickRetries,
    timeoutMs: options.timeout === undefined ? undefined : durationMs(options.timeout, `${what}: timeout`),
    formerly: checkFormerly("schedule", options.name, options.formerly),
    resources: options.resources ?? {},
    config: typeof config === "function" ? undefined : config,
    run: (config ? configured : options.run) as ScheduleDefinition["run"],
    where: callerOf(new Error().stack),
  };
}

const shape = be.shapeOf<ScheduleOptions<Resources>>(
  {
    name: be.text,
    cron: be.text,
    timezone: be.text,
    target: be.target,
    description: be.text,
    tags: be.tags,
    defaultStatus: be.anything,
    partition: be.anything,
    missed: be.either('"latest", "skip" or { catchUp: n }', be.text, be.fields({ catchUp: be.anything }, "catchUp")),
    maxTickRetries: be.anything,
    timeout: be.anything,
    formerly: be.texts,
    resources: be.resources,
    config: be.either("run config by step name, or a function that answers it", be.func, be.object),
    run: be.func,
  },
  "name",
  "cron",
  "target",
);
