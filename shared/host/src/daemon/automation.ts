import {
  type AutomationCursor,
  type Evaluation,
  evaluateAutomation,
  isEnd,
  type Storage,
  type StoredEvent,
  select,
  type Update,
  UserError,
  type WorkspaceGraph,
} from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { instigators } from "./instigators.ts";

const cursorName = "automation.cursor";
/** Assets that were due while their location did not load: requested once it does. */
const heldName = "automation.held";

/** The latest evaluation of each asset, for the UI. */
export type Evaluations = Map<string, { at: number; evaluation: Evaluation }>;

/** How long (ms) an update waits for the rest of its run. */
const groupMs = 2_000;

/**
 * The first update that belongs to a run which goes on and makes more assets: for up to two seconds it waits for them, so
 * that what one run makes is one request downstream and not one for each asset. A long run holds nobody back longer.
 */
async function groupHeldAt(
  storage: Storage,
  events: readonly StoredEvent[],
  now: number,
): Promise<{ index: number; eventId: number; until: number } | undefined> {
  for (const [index, event] of events.entries()) {
    if (event.type !== "materialization" || !event.runId || now - event.at >= groupMs) continue;
    const run = await storage.getRun(event.runId);
    if (run && run.plan.assets.length > 1 && !isEnd(run.status)) return { index, eventId: event.id, until: event.at + groupMs };
  }
  return undefined;
}

/**
 * Evaluates the automation conditions that the events since the last look concern, over all locations at once, and
 * requests what is due as one request. The cursor is stored in the same transaction as the runs.
 */
export async function tickAutomation(context: DaemonContext, evaluations: Evaluations): Promise<number | undefined> {
  const { workspace, storage, clock, requests } = context;
  const graph = workspace.graph();
  const now = clock.now();
  const text = await storage.getValue(cursorName);
  const last = await storage.lastEventId();
  const known = memories.get(storage);
  const memory = known && known.text === text ? known : undefined;
  const cursor: AutomationCursor = memory?.cursor ?? (text ? JSON.parse(text) : { eventId: last, at: now, assets: {} });
  const sensors = (await instigators(workspace, storage, "sensor")).filter(
    ({ definition, running }) => definition.type === "automation" && running,
  );
  const enabled = enabledAssets(context, sensors);
  const events = await storage.readEvents({
    after: cursor.eventId,
    // What is stored from here on belongs to the next look: it would count twice else.
    before: last + 1,
    types: ["materialization", "run_queued", "run_succeeded", "run_failed", "run_cancelled", "run_skipped"],
    limit: 10_000,
  });
  const group = await groupHeldAt(storage, events, now);
  if (group) events.splice(group.index);
  const upTo = group ? Math.max(cursor.eventId, group.eventId - 1) : events.length === 10_000 ? events.at(-1)!.id : last;
  const targets = new Map<string, ReadonlySet<string>>();
  const updates: Update[] = [];
  const touched: string[] = [];
  for (const event of events) {
    const run = event.runId ? await storage.getRun(event.runId) : null;
    if (event.type !== "materialization") {
      touched.push(...(run?.plan.assets ?? []));
      continue;
    }
    if (run && !targets.has(run.requestId))
      targets.set(
        run.requestId,
        new Set((await storage.listRuns({ requestId: run.requestId, limit: 1_000 })).flatMap((one) => one.plan.assets)),
      );
    updates.push({ key: event.asset!, targets: run ? targets.get(run.requestId)! : new Set() });
  }
  const open = await storage.listRuns({ statuses: ["queued", "starting", "running", "cancelling"], limit: 10_000 });
  const inProgress = new Set(open.filter((run) => !isEnd(run.status)).flatMap((run) => run.plan.assets));
  const madeAt = memory?.madeAt ?? (await materializations(storage));
  for (const event of events) if (event.type === "materialization") madeAt.set(event.asset!, event.at);
  const result = evaluateAutomation({
    graph,
    enabled: (key) => enabled.has(key),
    updates,
    touched,
    materializedAt: (key) => madeAt.get(key) ?? null,
    inProgress: (key) => inProgress.has(key),
    cursor,
    eventId: upTo,
    now,
  });
  for (const [key, evaluation] of result.evaluations) evaluations.set(key, { at: now, evaluation });
  const before = JSON.parse((await storage.getValue(heldName)) ?? "[]") as string[];
  const due = [...new Set([...before.filter((key) => graph.assets.has(key)), ...result.request])];
  const held = due.filter((key) => workspace.location(graph.assets.get(key)!.location)?.status !== "loaded");
  const wanted = wholeSteps(
    graph,
    due.filter((key) => !held.includes(key)),
  );
  for (const key of held)
    if (!before.includes(key))
      context.report(
        `automation: ${key} is due, but location ${graph.assets.get(key)!.location} does not load; it is requested once it does`,
      );
  const next = JSON.stringify(result.cursor);
  const heldText = JSON.stringify(held);
  const requestIds = new Map<string, string[]>();
  const request = async (): Promise<boolean> => {
    try {
      const submitted = await requests.submit({
        assets: wanted,
        tags: { "kc/automation": "true" },
        runKey: `automation:${upTo}:${cursor.at}`,
        values: { [cursorName]: next, [heldName]: heldText },
      });
      memories.set(storage, { text: next, cursor: result.cursor, madeAt });
      for (const run of submitted.runs) requestIds.set(run.location, [submitted.requestId]);
      return true;
    } catch (error) {
      // Assets that cannot be planned never can: to ask again and again would hold up the automation of all others.
      if (!(error instanceof UserError)) throw error;
      context.report(`automation: ${wanted.join(", ")} cannot be requested: ${error.message}`);
      return false;
    }
  };
  const requested = wanted.length > 0 && (await request());
  if (!requested && (wanted.length > 0 || result.evaluations.size > 0 || upTo !== cursor.eventId)) {
    await storage.setValue(heldName, heldText);
    await storage.setValue(cursorName, next);
    memories.set(storage, { text: next, cursor: result.cursor, madeAt });
  }
  for (const { location, definition } of sensors) {
    const name = location.entry.name;
    const ids = requestIds.get(name);
    // A tick that asked for nothing is no news: only requests are kept in the history.
    if (!ids) continue;
    const tick = await storage.startTick({ location: name, name: definition.name, type: "sensor", at: now });
    await storage.endTick(tick.id, { status: "success", endedAt: clock.now(), requestIds: ids });
  }
  if (group) return Math.min(group.until, result.nextAt ?? group.until);
  return upTo < last ? now : result.nextAt;
}

/** The assets, and with each of a step that makes its assets together all the others of that step. */
function wholeSteps(graph: WorkspaceGraph, keys: readonly string[]): string[] {
  const together = new Set(
    keys
      .map((key) => graph.assets.get(key)!)
      .filter((asset) => !asset.subset)
      .map(({ location, step }) => `${location}\0${step}`),
  );
  if (together.size === 0) return [...keys];
  const more = [...graph.assets.values()].filter(({ location, step }) => together.has(`${location}\0${step}`));
  return [...new Set([...keys, ...more.map((asset) => asset.key)])];
}

/**
 * What the last stored evaluation left: its cursor before it became text, and when each asset was made, as of the cursor's
 * event. With many assets, reading them from storage would be most of a tick.
 */
const memories = new WeakMap<Storage, { text: string; cursor: AutomationCursor; madeAt: Map<string, number> }>();

async function materializations(storage: Storage): Promise<Map<string, number>> {
  const states = await storage.assetStates();
  return new Map([...states].flatMap(([key, { materialization }]) => (materialization ? [[key, materialization.at]] : [])));
}

function enabledAssets({ workspace }: DaemonContext, sensors: Awaited<ReturnType<typeof instigators<"sensor">>>): Set<string> {
  const graph = workspace.graph();
  const enabled = new Set<string>();
  for (const { location, definition } of sensors) {
    let keys: string[];
    try {
      keys =
        definition.selection === "*"
          ? (location.snapshot?.assets ?? []).map((asset) => asset.key)
          : select(graph, definition.selection);
    } catch {
      keys = [];
    }
    for (const key of keys) if (graph.assets.get(key)?.location === location.entry.name) enabled.add(key);
  }
  return enabled;
}
