import { callerOf } from "./asset.ts";
import { type Duration, durationMs } from "./duration.ts";
import { UserError } from "./errors.ts";
import { type FreshnessState, type RunStatus, runStatuses } from "./event.ts";
import {
  checkDefaultStatus,
  checkFormerly,
  checkName,
  type DefaultStatus,
  type PartitionRequest,
  type ReportedEvent,
  type RunRequest,
  type TickContext,
} from "./instigator.ts";
import type { JobDefinition } from "./job.ts";
import type { MetadataValue } from "./metadata.ts";
import type { Resources } from "./resource.ts";
import * as be from "./shape.ts";

/** An event of the log as a sensor that is pushed by events sees it. */
export interface SensorEvent {
  id: number;
  type: string;
  asset: string | undefined;
  partition?: string | undefined;
  runId: string | undefined;
  timestamp: string;
  metadata?: Record<string, MetadataValue>;
}

/** A run as a run-status sensor sees it, at the moment of the status. */
export interface SensorRun {
  id: string;
  requestId: string;
  location: string;
  status: RunStatus;
  /** Name of the job it is of, if any. */
  job: string | undefined;
  assets: string[];
  partition: string | undefined;
  tags: Record<string, string>;
  /** When it got the status. */
  timestamp: string;
  /** Why it failed, was skipped or cancelled. */
  reason: string | undefined;
}

/** A change of an asset's freshness as a freshness sensor sees it. */
export interface FreshnessChange {
  /** Position in the event log. */
  id: number;
  asset: string;
  /** The window it is about, of assets whose latest window counts. */
  partition: string | undefined;
  before: FreshnessState;
  state: FreshnessState;
  /** Since when it is so by the policy, which is before it was noticed when nobody was there to look. */
  since: string;
  /** When it was noticed. */
  timestamp: string;
}

export interface SensorContext<R = Resources> extends TickContext<R> {
  cursor: string | undefined;
  /** For asset sensors: the events since the last tick. */
  events: SensorEvent[];
}

export interface RunStatusContext<R = Resources> extends TickContext<R> {
  run: SensorRun;
}

export interface FreshnessContext<R = Resources> extends TickContext<R> {
  change: FreshnessChange;
}

export interface MultiAssetSensorContext<R = Resources> extends SensorContext<R> {
  /** By asset key: the newest materialization that no successful tick has consumed yet. */
  latest: Record<string, SensorEvent | undefined>;
}

export interface SensorResult {
  runs?: RunRequest[];
  /** Events to report to the log, at most once per tick that succeeds. */
  events?: ReportedEvent[];
  /** Keys of dynamic partitions to add or delete. */
  partitions?: PartitionRequest[];
  /** Kept when the tick succeeds or skips, not when it fails. */
  cursor?: string;
  skip?: string;
}

/** `freshness` switches policies and asks nothing; `freshness_change` is asked about what they find. */
export type SensorKind = "poll" | "asset" | "multi_asset" | "run_status" | "freshness_change" | "automation" | "freshness";

type Answer<T = SensorResult> = Promise<T | void> | T | void;

export interface SensorDefinition {
  readonly kind: "sensor";
  readonly type: SensorKind;
  readonly name: string;
  readonly description: string | undefined;
  /** Milliseconds between the starts of two ticks of a poll sensor. */
  readonly intervalMs: number;
  /** Selection: what an automation or freshness sensor watches; what an asset sensor listens to. */
  readonly selection: string;
  /** What the runs of a sensor target by default. */
  readonly target: string | undefined;
  /** The job that is the target: a location has it without listing it. */
  readonly job: JobDefinition | undefined;
  /** Tags of the runs that target it. */
  readonly tags: Record<string, string>;
  readonly defaultStatus: DefaultStatus;
  /** Milliseconds. */
  readonly timeoutMs: number | undefined;
  readonly formerly: readonly string[];
  /** Multi-asset: fires once all of its assets are new, or any. */
  readonly require: "all" | "any" | undefined;
  /** Run-status: which runs it is told of. */
  readonly watches: RunWatch | undefined;
  /** Freshness-change: which changes it is told of. */
  readonly changes: FreshnessWatch | undefined;
  readonly resources: Resources;
  readonly run: ((context: SensorContext & { run?: SensorRun; change?: FreshnessChange; latest?: object }) => Answer) | undefined;
  readonly where: string | undefined;
}

/** Which runs a run-status sensor is told of. */
export interface RunWatch {
  on: readonly RunStatus[];
  /** Only runs of this job. */
  job?: string;
  /** Only runs that target one of these assets. */
  selection?: string;
  /** Absent: the sensor's own location. */
  locations?: readonly string[] | "all";
}

/** Which changes of freshness a sensor is told of. */
export interface FreshnessWatch {
  /** The states that assets enter. */
  on: readonly FreshnessState[];
  /** Absent: the assets of the sensor's own location. */
  selection?: string;
}

interface Common<R extends Resources> {
  name: string;
  description?: string;
  target?: JobDefinition | string;
  defaultStatus?: DefaultStatus;
  /** How long its function may take. Default: `ticks.timeout` of kc.yaml. */
  timeout?: Duration;
  /** Names it had before: whether it is on, its cursor, history and run keys move to this one. */
  formerly?: readonly string[];
  resources?: R;
}

export interface SensorOptions<R extends Resources> extends Common<R> {
  /** Default "30s"; at least "1s". */
  interval?: Duration;
  run(context: SensorContext<R>): Answer;
}

/** Defines a sensor that is asked again and again, at an interval from start to start. */
export function sensor<R extends Resources = Record<never, never>>(options: SensorOptions<R>): SensorDefinition {
  be.checkShape("sensor", options?.name, options, pollShape);
  const intervalMs = durationMs(options.interval ?? "30s", `sensor "${options.name}": interval`);
  if (intervalMs < 1_000) throw new UserError(`sensor "${options.name}": interval must be at least 1s`);
  return makeSensor("poll", options, { intervalMs, run: options.run as SensorDefinition["run"] });
}

export interface AssetSensorOptions<R extends Resources> extends Common<R> {
  selection: string;
  run(context: SensorContext<R>): Answer;
}

/** Defines a sensor that is pushed by the materializations of the selected assets, of any location. */
export function assetSensor<R extends Resources = Record<never, never>>(options: AssetSensorOptions<R>): SensorDefinition {
  be.checkShape("sensor", options?.name, options, assetShape);
  return makeSensor("asset", options, { selection: options.selection, run: options.run as SensorDefinition["run"] });
}

export interface MultiAssetSensorOptions<R extends Resources> extends Common<R> {
  /** Keys of the assets, of any location; or a `selection` of them. */
  assets?: readonly string[];
  selection?: string;
  /** Fires once `all` of them (default) or `any` have a materialization that no successful tick has consumed. */
  require?: "all" | "any";
  run(context: MultiAssetSensorContext<R>): Answer;
}

/**
 * Defines a sensor of several assets that is pushed by their materializations. A tick that succeeds consumes what it saw;
 * one that skips keeps it and is asked again with the next materialization.
 */
export function multiAssetSensor<R extends Resources = Record<never, never>>(
  options: MultiAssetSensorOptions<R>,
): SensorDefinition {
  be.checkShape("sensor", options?.name, options, multiAssetShape);
  const { assets, selection, require = "all" } = options;
  if ((assets === undefined) === (selection === undefined) || assets?.length === 0)
    throw new UserError(`sensor "${options.name}" needs assets or a selection, one of them`);
  if (require !== "all" && require !== "any")
    throw new UserError(`sensor "${options.name}": require is "${String(require)}"; there are "all" and "any"`);
  return makeSensor("multi_asset", options, {
    selection: selection ?? assets!.map((key) => `key:"${key}"`).join(" or "),
    require,
    run: options.run as SensorDefinition["run"],
  });
}

export interface RunStatusSensorOptions<R extends Resources> extends Common<R>, Omit<RunWatch, "job"> {
  job?: JobDefinition | string;
  /** Called once for each run. What it throws fails the tick; the run is not handed out again. */
  run(context: RunStatusContext<R>): Answer<Omit<SensorResult, "cursor">>;
}

/** Defines a sensor that is pushed when runs get one of the statuses; by default the runs of its own location. */
export function runStatusSensor<R extends Resources = Record<never, never>>(
  options: RunStatusSensorOptions<R>,
): SensorDefinition {
  be.checkShape("sensor", options?.name, options, runStatusShape);
  const { on, job, selection, locations } = options;
  const known: readonly string[] = runStatuses;
  if (on.length === 0) throw new UserError(`sensor "${options.name}": on names no status`);
  for (const status of on)
    if (!known.includes(status))
      throw new UserError(`sensor "${options.name}": there is no run status "${status}"`, {
        hint: `There are ${known.join(", ")}.`,
      });
  if (locations !== undefined && locations !== "all" && locations.length === 0)
    throw new UserError(`sensor "${options.name}": locations names none; leave it out for its own, or write "all"`);
  return makeSensor("run_status", options, {
    selection: selection ?? "*",
    watches: {
      on,
      ...(job === undefined ? {} : { job: typeof job === "string" ? job : job.name }),
      ...(selection === undefined ? {} : { selection }),
      ...(locations === undefined ? {} : { locations }),
    },
    run: options.run as unknown as SensorDefinition["run"],
  });
}

type Plain = Pick<Common<Resources>, "name" | "description" | "defaultStatus" | "formerly"> & { selection?: string };

/** Evaluates the automation conditions of the selected assets of its location; default: all that no other automation sensor has. */
export function automationSensor(options: Plain): SensorDefinition {
  be.checkShape("sensor", options?.name, options, plainShape);
  return makeSensor("automation", options, { selection: options.selection ?? "*" });
}

export interface FreshnessSensorOptions<R extends Resources> extends Common<R>, Partial<FreshnessWatch> {
  /** Called once for each change. What it throws fails the tick; the change is not handed out again. */
  run(context: FreshnessContext<R>): Answer<Omit<SensorResult, "cursor">>;
}

const freshnessStates: readonly FreshnessState[] = ["fresh", "warn", "fail", "unknown"];

/**
 * With `run`: defines a sensor that is pushed when the freshness of the selected assets changes, of any location; by default
 * of its own. Without: switches the freshness policies of the selected assets of its location; by default of all.
 */
export function freshnessSensor<R extends Resources = Record<never, never>>(options: FreshnessSensorOptions<R>): SensorDefinition;
export function freshnessSensor(options: Plain): SensorDefinition;
export function freshnessSensor(options: Plain | FreshnessSensorOptions<Resources>): SensorDefinition {
  // Of one without its function the text about `on` says more than that there is no such option.
  const told = options !== undefined && ("run" in options || "on" in options);
  be.checkShape("sensor", options?.name, options, told ? freshnessShape : plainShape);
  const { selection } = options;
  if (!("run" in options)) {
    if ("on" in options) throw new UserError(`sensor "${options.name}": on needs run, the function that is told of the changes`);
    return makeSensor("freshness", options, { selection: selection ?? "*" });
  }
  const { on = freshnessStates, run } = options;
  if (on.length === 0) throw new UserError(`sensor "${options.name}": on names no state`);
  for (const state of on)
    if (!freshnessStates.includes(state))
      throw new UserError(`sensor "${options.name}": there is no freshness state "${state}"`, {
        hint: `There are ${freshnessStates.join(", ")}.`,
      });
  return makeSensor("freshness_change", options, {
    selection: selection ?? "*",
    changes: { on, ...(selection === undefined ? {} : { selection }) },
    run: run as unknown as SensorDefinition["run"],
  });
}

const plainRules: Record<keyof Plain, be.Rule> = {
  name: be.text,
  description: be.text,
  defaultStatus: be.anything,
  formerly: be.texts,
  selection: be.selection,
};
const { selection, ...named } = plainRules;
const common = { ...named, target: be.target, timeout: be.anything, resources: be.resources, run: be.func };
const plainShape = be.shapeOf<Plain>(plainRules, "name");
const pollShape = be.shapeOf<SensorOptions<Resources>>({ ...common, interval: be.anything }, "name", "run");
const assetShape = be.shapeOf<AssetSensorOptions<Resources>>({ ...common, selection }, "name", "selection", "run");
const multiAssetShape = be.shapeOf<MultiAssetSensorOptions<Resources>>(
  { ...common, assets: be.texts, selection, require: be.anything },
  "name",
  "run",
);
const freshnessShape = be.shapeOf<FreshnessSensorOptions<Resources>>({ ...common, on: be.texts, selection }, "name");
const runStatusShape = be.shapeOf<RunStatusSensorOptions<Resources>>(
  {
    ...common,
    on: be.texts,
    job: be.either("a job or its name", be.text, be.target),
    selection,
    locations: be.either('a list of names or "all"', be.text, be.texts),
  },
  "name",
  "on",
  "run",
);

function makeSensor(type: SensorKind, options: Common<Resources>, more: Partial<SensorDefinition>): SensorDefinition {
  const { target, timeout } = options;
  return {
    kind: "sensor",
    type,
    name: checkName("sensor", options.name),
    description: options.description,
    intervalMs: 0,
    selection: "*",
    target: typeof target === "object" ? target.selection : target,
    job: typeof target === "object" ? target : undefined,
    tags: typeof target === "object" ? { ...target.tags, "kc/job": target.name } : {},
    defaultStatus: checkDefaultStatus("sensor", options.name, options.defaultStatus),
    timeoutMs: timeout === undefined ? undefined : durationMs(timeout, `sensor "${options.name}": timeout`),
    formerly: checkFormerly("sensor", options.name, options.formerly),
    require: undefined,
    watches: undefined,
    changes: undefined,
    resources: options.resources ?? {},
    run: undefined,
    where: callerOf(new Error().stack),
    ...more,
  };
}
