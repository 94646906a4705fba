import {
  type RunRequest,
  type ScheduleSnapshot,
  type SensorResult,
  type SensorSnapshot,
  select,
  type Tick,
} from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { type Instigator, identityOf } from "./instigators.ts";
import { sensorInput } from "./sensor-input.ts";
import { ask, failureOfTick, refuseSelfTrigger, reportedEvents, requestOf, scheduledRuns } from "./ticks.ts";

/** What a tick would do. */
export interface Preview {
  at: number;
  runs: {
    partition: string | null;
    selection: string;
    assets: string[];
    tags: Record<string, string>;
    config: Record<string, unknown>;
    runKey: string | null;
  }[];
  events: NonNullable<SensorResult["events"]>;
  partitions: NonNullable<SensorResult["partitions"]>;
  /** The author's cursor before and after. */
  cursor: { before: string | null; after: string | null };
  skip: string | null;
  error: string | null;
  logs: Tick["logs"];
}

/**
 * Evaluates a schedule or sensor at an instant and does nothing of what it answers: no run, no event, no cursor, no tick.
 * @param cursor a sensor's cursor instead of the stored one.
 */
export async function previewTick(
  context: Pick<DaemonContext, "workspace" | "storage" | "ticks" | "partitions" | "requests">,
  instigator: Instigator<ScheduleSnapshot> | Instigator<SensorSnapshot>,
  at: number,
  cursor?: string,
): Promise<Preview> {
  const { location } = instigator;
  const { type, name } = identityOf(instigator);
  const schedule = "cron" in instigator.definition ? instigator.definition : undefined;
  const sensor = schedule ? undefined : (instigator as Instigator<SensorSnapshot>);
  const input = sensor ? await sensorInput(context, sensor) : undefined;
  const before = cursor ?? input?.cursor ?? null;
  const nothing = {
    at,
    runs: [],
    events: [],
    partitions: [],
    cursor: { before, after: before },
    skip: null,
    error: null,
    logs: [],
  };
  if (sensor && (sensor.definition.type === "automation" || sensor.definition.type === "freshness"))
    return { ...nothing, skip: `a sensor of kind ${sensor.definition.type} has no function to ask` };
  try {
    if (input && !input.due) return { ...nothing, skip: "nothing has happened that it would be asked about" };
    const question = {
      ...{ type, name, now: at, cursor: before ?? undefined, dryRun: true },
      ...{ events: input?.events ?? [], runs: input?.runs ?? [], changes: input?.changes ?? [] },
    };
    const asks = sensor || schedule!.decides;
    const {
      result,
      logs,
      failures = [],
    } = asks
      ? await ask(context, location, instigator.definition, question)
      : { result: { runs: [{}] as RunRequest[] } as SensorResult, logs: [] };
    const asked = result.runs ?? [];
    const wanted = sensor ? asked : scheduledRuns(context, instigator as Instigator<ScheduleSnapshot>, at, asked);
    const graph = context.workspace.graph();
    // Partitions that the tick itself would add are not there to be told of, nor to be planned with.
    if (!result.partitions?.length) reportedEvents(context, result.events, { at, by: name });
    for (const { definition, ...change } of result.partitions ?? []) context.partitions.check(definition, change);
    const runs: Preview["runs"] = [];
    for (const run of wanted) {
      const request = requestOf(instigator, run, { at });
      if (sensor) refuseSelfTrigger(context, sensor, request);
      const assets = result.partitions?.length
        ? select(graph, request.selection)
        : (await context.requests.plan(request)).runs.flatMap((one) => one.assets);
      runs.push({ config: {}, partition: null, ...request, assets, runKey: run.runKey ?? null });
    }
    return {
      at,
      runs,
      events: result.events ?? [],
      partitions: result.partitions ?? [],
      cursor: { before, after: result.cursor ?? before },
      skip:
        result.skip ?? (runs.length === 0 && !result.events?.length && !result.partitions?.length ? "it asks for nothing" : null),
      error: failures.length > 0 ? failures.map(({ of, message }) => `${of}: ${message}`).join("; ") : null,
      logs,
    };
  } catch (error) {
    return { ...nothing, ...failureOfTick(error) };
  }
}
