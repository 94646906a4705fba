import { callerOf } from "./asset.ts";
import { type Duration, durationMs } from "./duration.ts";
import { UserError } from "./errors.ts";
import { checkName, type DefaultStatus, type ReportedEvent, type RunRequest, type TickContext } from "./instigator.ts";
import type { JobDefinition } from "./job.ts";
import type { Resources } from "./resource.ts";

/** An event of the log as a sensor that is pushed by events sees it. */
export interface SensorEvent {
  id: number;
  type: string;
  asset: string | undefined;
  runId: string | undefined;
  timestamp: string;
}

export interface SensorContext<R = Resources> extends TickContext<R> {
  cursor: string | undefined;
  /** For asset sensors: the events since the last tick. */
  events: SensorEvent[];
}

export interface SensorResult {
  runs?: RunRequest[];
  /** Events to report to the log, at most once per tick that succeeds. */
  events?: ReportedEvent[];
  /** Kept when the tick succeeds or skips, not when it fails. */
  cursor?: string;
  skip?: string;
}

export type SensorKind = "poll" | "asset" | "automation" | "freshness";

export interface SensorDefinition {
  readonly kind: "sensor";
  readonly type: SensorKind;
  readonly name: string;
  readonly description: string | undefined;
  /** Milliseconds between the starts of two ticks of a poll sensor. */
  readonly intervalMs: number;
  /** Selection: what an automation or freshness sensor watches; what an asset sensor listens to. */
  readonly selection: string;
  /** What the runs of a poll or asset sensor target by default. */
  readonly target: string | undefined;
  readonly defaultStatus: DefaultStatus;
  readonly resources: Resources;
  readonly run: ((context: SensorContext) => Promise<SensorResult | void> | SensorResult | void) | undefined;
  readonly where: string | undefined;
}

export interface SensorOptions<R extends Resources> {
  name: string;
  description?: string;
  /** Default "30s"; at least "1s". */
  interval?: Duration;
  target?: JobDefinition | string;
  defaultStatus?: DefaultStatus;
  resources?: R;
  run(context: SensorContext<R>): Promise<SensorResult | void> | SensorResult | void;
}

/** Defines a sensor that is asked again and again, at an interval. */
export function sensor<R extends Resources = Record<never, never>>(options: SensorOptions<R>): SensorDefinition {
  const intervalMs = durationMs(options.interval ?? "30s", `sensor "${options.name}": interval`);
  if (intervalMs < 1_000) throw new UserError(`sensor "${options.name}": interval must be at least 1s`);
  return makeSensor("poll", options, {
    intervalMs,
    target: targetOf(options.target),
    run: options.run as SensorDefinition["run"],
  });
}

/** Defines a sensor that is pushed by the materializations of the selected assets, of any location. */
export function assetSensor<R extends Resources = Record<never, never>>(
  options: SensorOptions<R> & { selection: string },
): SensorDefinition {
  return makeSensor("asset", options, {
    selection: options.selection,
    target: targetOf(options.target),
    run: options.run as SensorDefinition["run"],
  });
}

type Plain = { name: string; description?: string; selection?: string; defaultStatus?: DefaultStatus; resources?: Resources };

/** Evaluates the automation conditions of the selected assets of its location; default: all that no other automation sensor has. */
export function automationSensor(options: Plain): SensorDefinition {
  return makeSensor("automation", options, {});
}

/** Watches the freshness policies of the selected assets of its location; default: all. */
export function freshnessSensor(options: Plain): SensorDefinition {
  return makeSensor("freshness", options, {});
}

function makeSensor(type: SensorKind, options: Plain, more: Partial<SensorDefinition>): SensorDefinition {
  return {
    kind: "sensor",
    type,
    name: checkName("sensor", options.name),
    description: options.description,
    intervalMs: 0,
    selection: options.selection ?? "*",
    target: undefined,
    defaultStatus: options.defaultStatus ?? "stopped",
    resources: options.resources ?? {},
    run: undefined,
    where: callerOf(new Error().stack),
    ...more,
  };
}

function targetOf(target: JobDefinition | string | undefined): string | undefined {
  return typeof target === "object" ? target.selection : target;
}
