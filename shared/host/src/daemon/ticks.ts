import {
  didYouMean,
  errorText,
  fitsPolicy,
  type NewEvent,
  type RunRequest,
  type ScheduleSnapshot,
  type SensorResult,
  type SensorSnapshot,
  select,
  type Tick,
  triggersItself,
  UserError,
  workspacePartitions,
} from "@kc/runtime/internal";
import { z } from "zod";
import type { TickAnswer, TickQuestion } from "../code-server/tick.ts";
import { TickFailed, Unreachable } from "../locations/ask-tick.ts";
import type { LocationState } from "../locations/workspace.ts";
import { reportedEvent } from "../reports.ts";
import { askLocation } from "./ask-location.ts";
import type { DaemonContext, TickSettings } from "./context.ts";
import type { Instigator } from "./instigators.ts";

// What ticks of schedules and sensors have in common: asking the location's code, checking the answer, asking for runs.

/** How long (ms) a tick waits before it is tried again after its function failed, and after its code could not be reached. */
export const retryMs = 10_000;
export const unreachableMs = 5_000;

/** Bytes of a cursor: it is read and written whole with every tick, and kept with the state of all sensors. */
const longestCursor = 1 << 20;

const texts = z.record(z.string(), z.string());
const metadata = z.record(z.string(), z.unknown()).optional();
const keys = z.array(z.string().min(1).max(500)).max(100_000).optional();
const reportedSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.enum(["materialization", "observation"]),
    asset: z.string(),
    partition: z.string().max(100_000).optional(),
    metadata,
  }),
  z.strictObject({
    type: z.literal("check"),
    asset: z.string(),
    partition: z.string().max(100_000).optional(),
    name: z.string(),
    passed: z.boolean(),
    severity: z.enum(["WARN", "ERROR"]).optional(),
    metadata,
    description: z.string().optional(),
  }),
]);
const runSchema = z.strictObject({
  runKey: z.string().min(1).max(500).optional(),
  selection: z.string().optional(),
  tags: texts.optional(),
  config: z.record(z.string(), z.unknown()).optional(),
  partition: z.string().max(100_000).optional(),
});
const partitionsSchema = z.strictObject({ definition: z.string().min(1), add: keys, delete: keys });
const resultSchema = z.strictObject({
  runs: z.array(runSchema).optional(),
  events: z.array(reportedSchema).optional(),
  partitions: z.array(partitionsSchema).optional(),
  cursor: z.string().optional(),
  skip: z.string().optional(),
});

export const reachable = (location: LocationState): boolean => location.status === "loaded" && location.process !== undefined;
export const whyUnreachable = ({ entry, error, status }: LocationState): string =>
  `location ${entry.name} ${status === "loading" ? "is loading" : `does not load: ${error?.message ?? ""}`}`;

/**
 * Asks the function of a schedule or sensor.
 * @throws Unreachable when its location cannot be asked, TickFailed when it answers what makes no sense or too much.
 */
export async function ask(
  { ticks, workspace }: Pick<DaemonContext, "ticks" | "workspace">,
  location: LocationState,
  definition: { timeoutMs?: number },
  question: TickQuestion,
): Promise<TickAnswer> {
  if (!reachable(location)) throw new Unreachable(whyUnreachable(location));
  const answer = await askLocation(workspace, location, question, definition.timeoutMs ?? ticks.timeoutMs);
  const parsed = resultSchema.safeParse(answer.result);
  if (!parsed.success)
    throw new TickFailed(`its function answered what is no result: ${told(parsed.error.issues[0]!)}`, answer.logs);
  const bytes = Buffer.byteLength(answer.result.cursor ?? "");
  if (bytes > longestCursor)
    throw new TickFailed(
      `its cursor has ${bytes} bytes, and may have ${longestCursor} (1 MiB): let it say how far the sensor is, not all that it saw; run keys make each thing happen once`,
      answer.logs,
    );
  refuseTooMany(ticks, answer.result.runs?.length ?? 0, answer.logs);
  return answer;
}

function refuseTooMany({ maxRuns }: TickSettings, count: number, logs?: Tick["logs"]): void {
  if (count > maxRuns)
    throw new TickFailed(`it asked for ${count} runs in one tick, more than ticks.max_runs of kc.yaml allows (${maxRuns})`, logs);
}

/** Keys of a result, and of what stands in each of its lists. */
const keysOf: Record<string, string[]> = {
  "": Object.keys(resultSchema.shape),
  runs: Object.keys(runSchema.shape),
  events: reportedSchema.options.flatMap((one) => Object.keys(one.shape)),
  partitions: Object.keys(partitionsSchema.shape),
};

function told(issue: z.core.$ZodIssue): string {
  const { path, message } = issue;
  const place = path.join(".");
  if (issue.code !== "unrecognized_keys") return `${place || "the whole"}: ${message}`;
  const [key] = issue.keys as [string];
  const known = keysOf[String(path[0] ?? "")] ?? [];
  const near = didYouMean(key, new Set(known)) || ` There are ${[...new Set(known)].join(", ")}.`;
  return `${place ? `${place}: ` : ""}there is no "${key}".${near}`;
}

/** Where an error of a tick says what to store: its text and the lines logged before it. */
export const failureOfTick = (error: unknown): { error: string; logs: Tick["logs"] } => ({
  error: error instanceof UserError && error.hint ? `${error.message} ${error.hint}` : errorText(error),
  logs: error instanceof TickFailed ? error.logs : [],
});

/** A run request as it is submitted: within its location, with the tags that say where it comes from. */
export function requestOf(
  { definition, location }: Instigator<ScheduleSnapshot | SensorSnapshot>,
  run: RunRequest,
  tick: Pick<Tick, "at">,
): { selection: string; tags: Record<string, string>; config?: Record<string, unknown>; partition?: string } {
  const selection = run.selection ?? definition.target;
  if (!selection) throw new TickFailed("it asked for a run but names no target and no selection");
  const schedule = "cron" in definition;
  return {
    selection: `(${selection}) and location:"${location.entry.name}"`,
    tags: {
      ...(schedule || run.selection === undefined ? definition.tags : {}),
      ...run.tags,
      ...(schedule
        ? { "kc/schedule": definition.name, "kc/scheduled_at": new Date(tick.at).toISOString() }
        : { "kc/sensor": definition.name }),
    },
    ...(run.config ? { config: run.config } : {}),
    ...(run.partition === undefined ? {} : { partition: run.partition }),
  };
}

/**
 * The partitions that each tick of a partitioned schedule makes, by the runs that make them: of its target's, the window that
 * has ended last at the instant (ms), with other dimensions each key of it. Undefined: the schedule makes no partitions.
 * @throws TickFailed when its target has none, or when there are too many.
 */
function latestPartitions(
  { workspace, partitions, ticks }: Pick<DaemonContext, "workspace" | "partitions" | "ticks">,
  { definition, location }: Instigator<ScheduleSnapshot>,
  at: number,
): string[] | undefined {
  if (!definition.partition) return undefined;
  const graph = workspace.graph();
  const keys = select(graph, `(${definition.target}) and location:"${location.entry.name}"`);
  const key = keys.find((one) => graph.assets.get(one)!.partitions);
  if (key === undefined) throw new TickFailed(`its target "${definition.target}" has no partitions to make the latest of`);
  const dynamic = new Map(partitions.dynamic().map((one) => [one.name, one.keys]));
  const space = workspacePartitions(graph, { now: at, dynamicKeys: (name) => dynamic.get(name) ?? [] }).spaceOf(key);
  const latest = space.latest();
  const count = space.count(latest);
  const fits = keys.every((one) => {
    const node = graph.assets.get(one)!;
    return !node.partitions || fitsPolicy(node.backfill, count);
  });
  if (count > 0 && fits) return [space.text(latest).join(",")];
  refuseTooMany(ticks, count);
  return space.keys(latest, { limit: count });
}

/** What a tick of a schedule asks for: of each request without a partition of its own as many as there are latest ones. */
export function scheduledRuns(
  context: Pick<DaemonContext, "workspace" | "partitions" | "ticks">,
  schedule: Instigator<ScheduleSnapshot>,
  at: number,
  runs: readonly RunRequest[],
): RunRequest[] {
  const latest = latestPartitions(context, schedule, at);
  if (!latest) return [...runs];
  const [only, ...others] = latest;
  return runs.flatMap((run, index) => {
    if (run.partition !== undefined || only === undefined) return run.partition === undefined ? [] : [run];
    if (others.length === 0) return [{ ...run, partition: only }];
    return latest.map((partition) => ({ ...run, partition, runKey: `${run.runKey ?? `${at}:${index}`}:${partition}` }));
  });
}

/** @throws TickFailed when a run would make its sensor tick again: known only now that it is asked for. */
export function refuseSelfTrigger(
  { workspace }: Pick<DaemonContext, "workspace">,
  { definition, location }: Instigator<SensorSnapshot>,
  request: { selection: string; tags: Record<string, string> },
): void {
  const graph = workspace.graph();
  const watched = new Set(selectOrNone(graph, definition.selection));
  const why = triggersItself(definition, location.entry.name, watched, {
    assets: select(graph, request.selection),
    tags: request.tags,
  });
  if (why)
    throw new TickFailed(
      `sensor "${definition.name}" would trigger itself with ${request.selection}: ${why}. Narrow what it watches or what it asks for.`,
    );
}

export function selectOrNone(graph: Parameters<typeof select>[0], selection: string): string[] {
  try {
    return select(graph, selection);
  } catch {
    // A key that is gone selects nothing; the problems of the workspace name it.
    return [];
  }
}

/** The events that a sensor reports. @throws UserError when one names what is not there. */
export function reportedEvents(
  { workspace, partitions }: Pick<DaemonContext, "workspace" | "partitions">,
  events: SensorResult["events"],
  now: { at: number; by: string },
): NewEvent[] {
  return (events ?? []).map((event) => {
    const { type, asset, partition, metadata } = event;
    const check = event.type === "check" ? event : undefined;
    return reportedEvent({ graph: workspace.graph(), partitions }, { type, asset, partition, metadata, check }, now);
  });
}

/** Ends open ticks whose schedule or sensor is no more: their location loads without it. */
export async function endGone({ workspace, storage, clock }: DaemonContext, ticks: Iterable<Tick>): Promise<void> {
  for (const tick of ticks)
    if (workspace.location(tick.location)?.status === "loaded") {
      const error = `${tick.type} ${tick.location}/${tick.name} is gone: its location loads without it`;
      await storage.endTick(tick.id, { status: "failed", endedAt: clock.now(), error });
    }
}
