import {
  type AutomationCursor,
  automationRequests,
  type Evaluation,
  evaluateAutomation,
  noPartitions,
  type PartitionSet,
  type Run,
  type SensorSnapshot,
  type Storage,
  select,
  UserError,
  unionSets,
  type WorkspaceGraph,
} from "@kc/runtime/internal";
import { type AutomationFacts, advanceFacts, goingOn, loadFacts } from "./automation-facts.ts";
import { keepHistory } from "./automation-history.ts";
import { automationEvents, groupHeldAt, newsOf, runReader } from "./automation-news.ts";
import { type AutomationOrder, type Carried, carryLeft, carryOut } from "./automation-orders.ts";
import { pausedAssets, readPauses } from "./automation-pauses.ts";
import type { DaemonContext } from "./context.ts";
import { type Instigator, instigators } from "./instigators.ts";

/** Where the storage keeps what evaluation remembers. */
export const cursorName = "automation.cursor";

/** The latest evaluation of each asset, for the UI. */
export type Evaluations = Map<string, { at: number; evaluation: Evaluation }>;

/**
 * Evaluates the automation conditions that the events since the last look concern, over all locations at once, and
 * requests what is due: what belongs together as one request. The cursor is stored with the decision, in one transaction.
 */
export async function tickAutomation(context: DaemonContext, evaluations: Evaluations): Promise<number | undefined> {
  const { workspace, storage, clock } = context;
  await carryLeft(context);
  const graph = workspace.graph();
  const now = clock.now();
  const text = await storage.getValue(cursorName);
  const last = await storage.lastEventId();
  const known = memories.get(storage);
  const memory = known && known.text === text ? known : undefined;
  const cursor: AutomationCursor = memory?.cursor ?? (text ? JSON.parse(text) : { eventId: last, at: now, assets: {} });
  const sensors = (await instigators(workspace, storage, "sensor")).filter(({ definition }) => definition.type === "automation");
  const owners = sensorOfAssets(context, sensors);
  const events = await storage.readEvents({
    after: cursor.eventId,
    // What is stored from here on belongs to the next look: it would count twice else.
    before: last + 1,
    types: automationEvents,
    limit: 10_000,
  });
  const runOf = runReader(storage);
  const group = await groupHeldAt(runOf, events, now);
  if (group) events.splice(group.index);
  const upTo = group ? Math.max(cursor.eventId, group.eventId - 1) : events.length === 10_000 ? events.at(-1)!.id : last;
  const facts = memory?.facts ?? (await loadFacts(storage));
  const { updates, touched } = await newsOf(storage, graph, runOf, events, (key) => facts.states.get(key)?.last?.status);
  await advanceFacts(context, facts, events);
  const going = await goingOn(context, await storage.listRuns({ statuses: open, limit: 10_000 }));
  const pauses = await readPauses(storage, now);
  const paused = pausedAssets(graph, pauses);
  // What became due may be gone since: renamed, or its location is not there.
  const locationOf = (key: string) => graph.assets.get(key)?.location;
  const absent = (key: string) => workspace.location(locationOf(key) ?? "")?.status !== "loaded";
  const result = evaluateAutomation({
    graph,
    partitions: context.partitions.now(),
    enabled: (key) => owners.get(key)?.running ?? false,
    // What is due in a location that does not load waits until it does.
    paused: (key) => paused.has(key) || absent(key),
    updates,
    touched,
    materializedAt: (key) => facts.states.get(key)?.materialization?.at ?? null,
    materialized: (key) => facts.partitions.get(key)?.materialized ?? noPartitions,
    failed: (key) => failedOf(context, facts, key),
    inProgress: (key) => going.get(key),
    checks: (key) => facts.states.get(key)?.checks,
    checkStatus: (key) => facts.checks.get(key),
    maxRequestsPerMinute: context.automation.maxRequestsPerMinute,
    cursor,
    eventId: upTo,
    now,
  });
  for (const key of Object.keys(result.cursor.pending ?? {}))
    if (cursor.pending?.[key] === undefined && absent(key))
      context.report(`automation: ${key} is due, but location ${locationOf(key)} does not load; it is requested once it does`);
  for (const key of result.stopped)
    context.report(
      `automation: ${key} was requested ${context.automation.maxRequestsPerMinute} times within a minute without any news from upstream; it is stopped until there is some, or its condition changes`,
    );
  for (const { key, message } of result.failed)
    if (!toldOf(storage).has(`${key}: ${message}`)) {
      toldOf(storage).add(`${key}: ${message}`);
      context.report(`automation: the condition of ${key} cannot be evaluated: ${message}`);
    }
  const orders = automationRequests(graph, context.partitions.now(), wholeSteps(graph, result.requested)).map(
    (request, index): AutomationOrder => ({ ...request, id: `${upTo}:${cursor.at}${index > 0 ? `:${index}` : ""}` }),
  );
  const next = JSON.stringify(result.cursor);
  const carried = await carryOut(context, orders, { [cursorName]: next });
  if (orders.length === 0 && (result.evaluations.size > 0 || upTo !== cursor.eventId)) await storage.setValue(cursorName, next);
  if (orders.length > 0 || result.evaluations.size > 0 || upTo !== cursor.eventId)
    memories.set(storage, { text: next, cursor: result.cursor, facts });
  await keepHistory(context, evaluations, result, carried, now);
  await tellSensors(context, owners, carried, now);
  const times = [group?.until, result.nextAt, ...pauses.map((pause) => pause.until)].filter(
    (at) => at !== undefined && at !== null,
  );
  if (upTo < last && !group) return now;
  return times.length > 0 ? Math.min(...times) : undefined;
}

const open: Run["status"][] = ["queued", "starting", "running", "cancelling"];

function failedOf({ partitions }: DaemonContext, facts: AutomationFacts, key: string): PartitionSet | undefined {
  const own = facts.partitions.get(key);
  if (own) return own.failed;
  return facts.states.get(key)?.last?.status === "failed" ? partitions.now().spaceOf(key).all() : undefined;
}

type AutomationSensor = Instigator<SensorSnapshot>;

const told = new WeakMap<Storage, Set<string>>();
/** What could not be evaluated is told once for as long as this process lives, though it is tried again and again. */
function toldOf(storage: Storage): Set<string> {
  const known = told.get(storage) ?? new Set<string>();
  told.set(storage, known);
  return known;
}

/** A tick that asked for nothing is no news: only requests are kept in the history of the sensors. */
async function tellSensors(
  { storage, clock }: DaemonContext,
  owners: ReadonlyMap<string, AutomationSensor>,
  carried: readonly Carried[],
  now: number,
): Promise<void> {
  const ids = new Map<AutomationSensor, Set<string>>();
  for (const { order, requestId } of carried)
    for (const key of order.type === "run" ? order.assets : Object.keys(order.targets)) {
      const sensor = owners.get(key);
      if (sensor) ids.set(sensor, (ids.get(sensor) ?? new Set()).add(requestId));
    }
  for (const [{ location, definition }, requestIds] of ids) {
    const tick = await storage.startTick({ location: location.entry.name, name: definition.name, type: "sensor", at: now });
    await storage.endTick(tick.id, { status: "success", endedAt: clock.now(), requestIds: [...requestIds] });
  }
}

/** The assets, and with each of a step that makes its assets together all the others of that step. */
function wholeSteps(graph: WorkspaceGraph, requested: ReadonlyMap<string, PartitionSet>): Map<string, PartitionSet> {
  const together = new Map<string, PartitionSet>();
  for (const [key, set] of requested) {
    const { subset, location, step } = graph.assets.get(key)!;
    const name = `${location}\0${step}`;
    if (!subset) together.set(name, unionSets(together.get(name) ?? noPartitions, set));
  }
  const whole = new Map(requested);
  if (together.size === 0) return whole;
  for (const { key, location, step } of graph.assets.values()) {
    const set = together.get(`${location}\0${step}`);
    if (set) whole.set(key, set);
  }
  return whole;
}

/** What the last stored evaluation left: its cursor before it became text, and the facts as of the cursor's event. */
const memories = new WeakMap<Storage, { text: string; cursor: AutomationCursor; facts: AutomationFacts }>();

/** Which sensor each asset with a condition belongs to: the first that selects it, and the one of `*` takes the rest. */
function sensorOfAssets({ workspace }: DaemonContext, sensors: readonly AutomationSensor[]): Map<string, AutomationSensor> {
  const graph = workspace.graph();
  const owners = new Map<string, AutomationSensor>();
  const byRest = [...sensors].sort((a, b) => Number(a.definition.selection === "*") - Number(b.definition.selection === "*"));
  for (const sensor of byRest) {
    const { location, definition } = sensor;
    const own = (key: string) => graph.assets.get(key)?.location === location.entry.name && !owners.has(key);
    for (const key of selected(graph, location, definition.selection)) if (own(key)) owners.set(key, sensor);
  }
  return owners;
}

function selected(graph: WorkspaceGraph, location: AutomationSensor["location"], selection: string): string[] {
  if (selection === "*") return (location.snapshot?.assets ?? []).map((asset) => asset.key);
  try {
    return select(graph, selection);
  } catch (error) {
    // A problem of the workspace, told there.
    if (error instanceof UserError) return [];
    throw error;
  }
}
