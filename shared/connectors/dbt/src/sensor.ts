import type { Manifest, RunResults } from "@kc/dbt/artifacts";
import {
  type DefaultStatus,
  type Duration,
  type Logger,
  type ReportedEvent,
  type Resource,
  type SensorDefinition,
  sensor,
} from "@kc/runtime";
import { type CloudRun, type DbtCloudClient, instantMs, isOwnCause } from "./client.ts";
import { reportOf } from "./report.ts";
import { type DbtCloud, isAdhocJob } from "./resource.ts";
import type { Translation } from "./translator.ts";

/** How far the sensor looks back beyond its cursor: runs can become visible, and artifacts arrive, some time after their end. */
const overlapMs = 60_000;
/** Runs read in one tick; what is left comes with the next. */
const atMost = 200;
const pageSize = 100;

interface Cursor {
  /** The latest end of a run that was handled, ISO 8601. */
  finishedAt: string;
  /** Runs handled whose end lies within the overlap. */
  seen: [id: number, finishedMs: number][];
}

export interface PollingSensorOptions {
  dbt: Resource<DbtCloud>;
  translation: Translation;
  /** Manifest to fall back on for a run that left none. */
  manifest: Manifest;
  name?: string | undefined;
  interval?: Duration | undefined;
  defaultStatus?: DefaultStatus | undefined;
}

/** Reports the runs that others start in dbt Cloud: its own schedules, people, CI. Runs that kc triggered report themselves. */
export function dbtCloudPollingSensor(options: PollingSensorOptions): SensorDefinition {
  return sensor({
    name: options.name ?? "dbt_cloud_polling_sensor",
    description: "Reports materializations and checks of dbt Cloud runs that kc did not start.",
    interval: options.interval ?? "30s",
    defaultStatus: options.defaultStatus ?? "running",
    resources: { dbt: options.dbt },
    async run({ resources, cursor, now, log, signal }) {
      const { client, settings } = resources.dbt;
      const result = await poll(
        { client, projectId: settings.projectId, environmentId: settings.environmentId, now, signal, log, ...options },
        cursor,
      );
      return { cursor: result.cursor, events: result.events, ...(result.events.length === 0 ? { skip: result.skip } : {}) };
    },
  });
}

export interface PollOptions {
  client: Pick<DbtCloudClient, "runs" | "artifact">;
  projectId: string;
  environmentId: string;
  translation: Translation;
  manifest: Manifest;
  now: Date;
  signal?: AbortSignal;
  log: Logger;
}

/** One look. A run without results advances the cursor like any other; a young one whose artifacts are not there yet waits for the next look. */
export async function poll(
  options: PollOptions,
  text: string | undefined,
): Promise<{ cursor: string; events: ReportedEvent[]; skip: string }> {
  const { client, now } = options;
  const cursor = readCursor(text, now);
  const from = new Date(Date.parse(cursor.finishedAt) - overlapMs);
  const seen = new Map(cursor.seen);
  const handled: CloudRun[] = [];
  const events: ReportedEvent[] = [];
  let waiting = 0;
  // The far end lies beyond now, so that a vendor's clock ahead of ours hides nothing.
  const finished = { from, to: new Date(now.getTime() + 3_600_000) };
  for (let offset = 0; handled.length < atMost; offset += pageSize) {
    const page = await client.runs(
      {
        projectId: options.projectId,
        environmentId: options.environmentId,
        finished,
        orderBy: "finished_at",
        limit: pageSize,
        offset,
      },
      options.signal,
    );
    for (const run of page) {
      if (handled.length >= atMost) break;
      if (seen.has(run.id) || instantMs(run.finished_at) === undefined) continue;
      const found = await eventsOf(run, options);
      if (found === "not yet") waiting++;
      else {
        events.push(...found);
        handled.push(run);
        seen.set(run.id, instantMs(run.finished_at)!);
      }
    }
    if (page.length < pageSize) break;
  }
  const latest = Math.max(Date.parse(cursor.finishedAt), ...handled.map((run) => instantMs(run.finished_at)!));
  const kept = [...seen].filter(([, ms]) => ms >= latest - overlapMs);
  const next: Cursor = { finishedAt: new Date(latest).toISOString(), seen: kept };
  const skip =
    waiting > 0
      ? `${waiting} runs have no artifacts yet`
      : handled.length > 0
        ? `${handled.length} runs with nothing to report`
        : "no new runs";
  return { cursor: JSON.stringify(next), events, skip };
}

function readCursor(text: string | undefined, now: Date): Cursor {
  try {
    const value = JSON.parse(text ?? "") as Cursor;
    if (!Number.isNaN(Date.parse(value.finishedAt)) && Array.isArray(value.seen)) return value;
  } catch {
    // No cursor, or one of another program: start from now.
  }
  return { finishedAt: now.toISOString(), seen: [] };
}

async function eventsOf(
  run: CloudRun,
  { client, translation, manifest, now, signal, log }: PollOptions,
): Promise<ReportedEvent[] | "not yet"> {
  if (isOwnCause(run.trigger?.cause) || isAdhocJob(run.job?.name)) return [];
  const results = await client.artifact<RunResults>(run.id, "run_results.json", signal);
  if (!results) return run.status === 10 && now.getTime() - instantMs(run.finished_at)! < overlapMs ? "not yet" : [];
  const own = (await client.artifact<Manifest>(run.id, "manifest.json", signal)) ?? manifest;
  const { materializations, checks, unknown } = reportOf(run, results, own, translation);
  for (const id of unknown)
    log.warn(`dbt Cloud run ${run.id}: ${id} is not among the loaded assets and checks`, { unique_id: id });
  return [
    ...materializations.map(({ key, metadata }) => ({ type: "materialization" as const, asset: key, metadata })),
    ...checks.map((check) => ({ type: "check" as const, ...check })),
  ];
}
