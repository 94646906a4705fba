import {
  type AssetNode,
  type AssetState,
  assetHealth,
  type CheckRow,
  checksOf,
  describePartitions,
  type HealthInput,
  isEnd,
  nextTick,
  type PartitionedChecks,
  pollDue,
  type Run,
  type ScheduleSnapshot,
  type SensorSnapshot,
  type StoredEvent,
  type Tick,
} from "@kc/runtime/internal";
import type * as api from "../client/types.ts";
import type { Instigator } from "../daemon/instigators.ts";
import type { Preview } from "../daemon/preview.ts";
import type { LeaderState } from "../leader/leadership.ts";
import type { LocationState } from "../locations/workspace.ts";

// What the API shows of the domain's values: instants as text, absent values as null.

const at = (ms: number): string => new Date(ms).toISOString();
const atOrNull = (ms: number | null | undefined): string | null => (ms == null ? null : at(ms));

export function viewLocation(state: LocationState): api.Location {
  return {
    name: state.entry.name,
    status: state.status,
    folder: state.entry.folder,
    loader: state.entry.loader,
    loadedAt: atOrNull(state.loadedAt),
    loadMs: state.loadMs ?? null,
    error: state.error ?? null,
    warnings: state.snapshot?.warnings ?? [],
    assets: state.snapshot?.assets.length ?? 0,
    pid: state.process?.child.pid ?? null,
  };
}

export function viewRun(run: Run, waitsFor?: string): api.Run {
  return {
    id: run.id,
    requestId: run.requestId,
    location: run.location,
    status: run.status,
    assets: run.plan.assets,
    checks: checksOf(run.plan),
    needs: run.needs,
    tags: run.tags,
    partition: run.partition,
    connections: run.connections,
    createdAt: at(run.createdAt),
    startedAt: atOrNull(run.startedAt),
    endedAt: atOrNull(run.endedAt),
    reason: run.reason,
    waitsFor: isEnd(run.status) ? null : (waitsFor ?? null),
  };
}

export function viewEvent({ at: ms, seq: _, ...event }: StoredEvent): api.RunEvent {
  return { ...event, at: at(ms) } as api.RunEvent;
}

type CheckResult = NonNullable<api.Asset["checks"][number]["result"]>;

const viewResult = (result: AssetState["checks"][string]): CheckResult => ({
  passed: result.passed,
  severity: result.severity,
  at: at(result.at),
  runId: result.runId,
  partition: result.partition ?? null,
  description: result.description ?? null,
  metadata: result.metadata,
});

/** A result of some partitions; what the event said besides stands in its run. */
export const viewCheckRow = (row: CheckRow): CheckResult =>
  viewResult({ ...row, metadata: {}, ...(row.partition ? { partition: row.partition } : {}) });

/** Partitions that are named: more are a count. */
const mostFailing = 20;

/** The checks of an asset with their results: the latest, or of a partitioned asset the latest failure that stands. */
export const viewChecks = (
  node: AssetNode,
  state: AssetState | undefined,
  partitioned: PartitionedChecks | undefined,
): api.Asset["checks"] =>
  node.checks.map((check) => {
    const result = state?.checks[check.name];
    const counts = partitioned?.byName.get(check.name);
    const row = counts?.latest;
    // The event that was last says more than its row.
    const isLast = row && result && row.at === result.at && row.runId === result.runId && row.passed === result.passed;
    return {
      name: check.name,
      blocking: check.blocking,
      everywhere: check.everywhere ?? false,
      by: check.by,
      description: check.description ?? null,
      result: !result || (counts && !row) ? null : row && !isLast ? viewCheckRow(row) : viewResult(result),
      partitions: counts
        ? {
            passed: counts.passed,
            warned: counts.warned,
            failed: counts.failed,
            whole: counts.whole === undefined,
            failing: counts.failing.slice(0, mostFailing),
          }
        : null,
    };
  });

export function viewAsset(
  input: HealthInput,
  node: AssetNode,
  location: LocationState | undefined,
  open: Run | undefined,
): api.Asset {
  const { state } = input;
  const going = open && !isEnd(open.status) ? (open.status === "queued" ? "queued" : "running") : undefined;
  const health = assetHealth(input);
  return {
    key: node.key,
    location: node.location,
    group: node.group,
    step: node.step,
    deps: node.deps,
    dependents: node.dependents,
    owners: node.owners,
    kinds: node.kinds,
    tags: node.tags,
    description: node.description ?? null,
    external: node.external,
    partitions: node.partitions ? describePartitions(node.partitions) : null,
    stale: location?.status !== "loaded",
    status: going ?? (state?.last ? state.last.status : state?.materialization ? "succeeded" : "missing"),
    freshness: input.freshness ?? null,
    health: health.status,
    healthReasons: health.reasons,
    materialization: state?.materialization
      ? {
          at: at(state.materialization.at),
          runId: state.materialization.runId,
          eventId: state.materialization.eventId,
          metadata: state.materialization.metadata,
        }
      : null,
    unchangedAt: atOrNull(state?.unchangedAt),
    runId: open?.id ?? state?.last?.runId ?? null,
    checks: viewChecks(node, state, input.checks),
  };
}

export function viewInstigator(
  { location, definition, state, running }: Instigator<ScheduleSnapshot | SensorSnapshot>,
  now: number,
): api.Instigator {
  const schedule = "cron" in definition ? definition : undefined;
  const sensor = "intervalMs" in definition ? definition : undefined;
  const next = schedule
    ? nextTick(schedule.cron, schedule.timezone, now)
    : sensor?.type === "poll"
      ? Math.max(now, pollDue(sensor.intervalMs, state?.lastTickAt, now))
      : undefined;
  return {
    location: location.entry.name,
    name: definition.name,
    type: schedule ? "schedule" : "sensor",
    kind: sensor?.type ?? "schedule",
    description: definition.description ?? null,
    running,
    target: definition.target ?? null,
    cron: schedule?.cron ?? null,
    timezone: schedule?.timezone ?? null,
    intervalMs: sensor?.type === "poll" ? sensor.intervalMs : null,
    nextTickAt: running ? atOrNull(next) : null,
    lastTickAt: atOrNull(state?.lastTickAt),
    job: definition.tags?.["kc/job"] ?? null,
  };
}

export function viewInstigatorDetail(
  instigator: Instigator<ScheduleSnapshot | SensorSnapshot>,
  now: number,
): api.InstigatorDetail {
  const { definition, state } = instigator;
  const sensor = "cron" in definition ? undefined : definition;
  return {
    ...viewInstigator(instigator, now),
    defaultStatus: definition.defaultStatus,
    tags: definition.tags ?? {},
    selection: sensor && sensor.type !== "poll" ? sensor.selection : null,
    cursor: sensor ? shownCursor(state?.cursor ?? null) : null,
    decides: "decides" in definition ? definition.decides : !["automation", "freshness"].includes(definition.type),
    where: definition.where ?? null,
  };
}

export function viewTick(tick: Tick): api.Tick {
  const { startedAt, endedAt, retryAt } = tick;
  return {
    ...tick,
    at: at(tick.at),
    startedAt: atOrNull(startedAt),
    endedAt: atOrNull(endedAt),
    retryAt: atOrNull(retryAt),
    lateMs: startedAt === null ? null : Math.max(0, startedAt - tick.at),
  };
}

export function viewPreview(preview: Preview): api.TickPreview {
  const { before, after } = preview.cursor;
  const cursor = { before: shownCursor(before ?? null), after: shownCursor(after ?? null) };
  return { ...preview, at: at(preview.at), cursor } as api.TickPreview;
}

/** A cursor as people look at it: one of a megabyte fills their screen and says no more. */
const shownCursor = (cursor: string | null): string | null =>
  cursor !== null && cursor.length > 10_000 ? `${cursor.slice(0, 10_000)}… (${cursor.length} characters)` : cursor;

/** Who leads of the hosts on the storage; null while that is not known. */
export const viewLeader = (leader: LeaderState | undefined) =>
  leader ? { ...leader, since: leader.since ? new Date(leader.since).toISOString() : null } : null;
