import {
  backfillTag,
  isEnd,
  type Run,
  type Storage,
  type StoredEvent,
  type Update,
  type WorkspaceGraph,
} from "@kc/runtime/internal";

/** Events that conditions can see. */
export const automationEvents = [
  "materialization",
  "wiped",
  "unchanged",
  "step_failed",
  "step_succeeded",
  "step_skipped",
  "check_result",
  "run_queued",
  "run_succeeded",
  "run_failed",
  "run_cancelled",
  "run_skipped",
  "dynamic_partitions",
  "backfill",
] as const;

const quiet = new Set<StoredEvent["type"]>(["unchanged", "step_succeeded", "step_skipped"]);

/** Reads each run once: many events are of one. */
export function runReader(storage: Storage): (id: string) => Promise<Run | null> {
  const known = new Map<string, Promise<Run | null>>();
  return (id) => {
    let run = known.get(id);
    if (!run) {
      run = storage.getRun(id);
      known.set(id, run);
    }
    return run;
  };
}

/** How long (ms) an update waits for the rest of its run. */
const groupMs = 2_000;

/**
 * The first update that belongs to a run which goes on and makes more assets: for up to two seconds it waits for them, so
 * that what one run makes is one request downstream and not one for each asset. A long run holds nobody back longer.
 */
export async function groupHeldAt(
  runOf: ReturnType<typeof runReader>,
  events: readonly StoredEvent[],
  now: number,
): Promise<{ index: number; eventId: number; until: number } | undefined> {
  for (const [index, event] of events.entries()) {
    if (event.type !== "materialization" || !event.runId || now - event.at >= groupMs) continue;
    const run = await runOf(event.runId);
    if (run && run.plan.assets.length > 1 && !isEnd(run.status)) return { index, eventId: event.id, until: event.at + groupMs };
  }
  return undefined;
}

/** What has happened since the last evaluation, for conditions: updates with what their requests make, and assets to look at. */
export async function newsOf(
  storage: Storage,
  graph: WorkspaceGraph,
  runOf: ReturnType<typeof runReader>,
  events: readonly StoredEvent[],
  /** What the last step that ended for an asset came to, before these events. */
  lastOf: (key: string) => string | undefined,
): Promise<{ updates: Update[]; touched: string[] }> {
  const updates: Update[] = [];
  const touched: string[] = [];
  const targets = new Map<string, ReadonlySet<string>>();
  const targetsOf = async (run: Run): Promise<ReadonlySet<string>> => {
    const backfillId = run.tags[backfillTag];
    const name = backfillId ?? run.requestId;
    let found = targets.get(name);
    if (!found) {
      // All requests of a backfill are one will: what it makes further down is no news to it.
      const backfill = backfillId ? await storage.getBackfill(backfillId) : null;
      const runs = await storage.listRuns({ requestId: run.requestId, limit: 1_000 });
      found = new Set([...Object.keys(backfill?.targets ?? {}), ...runs.flatMap((one) => one.plan.assets)]);
      targets.set(name, found);
    }
    return found;
  };
  for (const event of events) {
    const run = event.runId ? await runOf(event.runId) : null;
    if (event.type === "materialization")
      updates.push({
        key: event.asset!,
        at: event.at,
        partition: event.partition ?? null,
        targets: run ? await targetsOf(run) : new Set(),
      });
    else if (event.type === "dynamic_partitions") touched.push(...withDynamic(graph, String(event.fields?.name)));
    else if (event.type === "backfill") {
      const backfill = await storage.getBackfill(String(event.fields?.id));
      touched.push(...Object.keys(backfill?.targets ?? {}));
    } else if (event.asset) {
      // That a step succeeded says nothing that its materialization does not, but where the last one had failed.
      if (!quiet.has(event.type) || lastOf(event.asset) === "failed") touched.push(event.asset);
    }
    // Steps of checks alone have no asset.
    else if (!quiet.has(event.type)) touched.push(...(run?.plan.assets ?? []));
  }
  return { updates, touched };
}

function withDynamic(graph: WorkspaceGraph, name: string): string[] {
  return [...graph.assets.values()].flatMap(({ key, partitions }) => {
    const all = partitions?.type === "multi" ? Object.values(partitions.dimensions) : [partitions];
    return all.some((one) => one?.type === "dynamic" && one.name === name) ? [key] : [];
  });
}
