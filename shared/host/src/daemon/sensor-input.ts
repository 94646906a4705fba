import {
  type EventType,
  type FreshnessChange,
  type FreshnessState,
  type MultiAssetCursor,
  multiAssetAfter,
  multiAssetDue,
  type RunStatus,
  type SensorEvent,
  type SensorRun,
  type SensorSnapshot,
  type Storage,
  type StoredEvent,
  watchesRun,
} from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { type Instigator, identityOf } from "./instigators.ts";
import { selectOrNone } from "./ticks.ts";

/** What a sensor is asked about, and its cursor afterwards. */
export interface SensorInput {
  events: SensorEvent[];
  runs: SensorRun[];
  changes: FreshnessChange[];
  /** The author's own cursor. */
  cursor: string | undefined;
  /** There is something to be asked about; a poll sensor is asked in any case. */
  due: boolean;
  /** The cursor to store after a tick: `own` is the author's, `consumed` whether the tick succeeded. */
  after(own: string | undefined, consumed: boolean): string | undefined;
  /** Where to store the position that was reached without finding anything, so that it need not be read again. */
  passed: string | undefined;
}

/** Runs or changes that a sensor is handed in one tick: the next tick comes at once. */
const mostPerTick = 100;
const page = 1_000;

/** The position in the log beside the author's own text. */
interface Position extends Partial<MultiAssetCursor> {
  eventId?: number;
  own?: string;
}

type Context = Pick<DaemonContext, "storage" | "workspace">;
/** What has happened after an event, and up to which one was looked. */
type Found = Promise<{ eventId: number } & Partial<Pick<SensorInput, "events" | "runs" | "changes">>>;

/** Gathers what a sensor is to be asked about. At its first look a pushed sensor begins with what happens from then on. */
export async function sensorInput(context: Context, sensor: Instigator<SensorSnapshot>): Promise<SensorInput> {
  const { definition, state } = sensor;
  const text = state?.cursor ?? null;
  if (definition.type === "poll")
    return { events: [], runs: [], changes: [], cursor: text ?? undefined, due: true, after: (own) => own, passed: undefined };
  const position: Position = text ? JSON.parse(text) : {};
  const { own } = position;
  const base = { events: [], runs: [], changes: [], cursor: own, passed: undefined };
  const write = (next: Position, text: string | undefined) =>
    JSON.stringify({ ...next, ...(text === undefined ? {} : { own: text }) });
  if (definition.type === "multi_asset") return multiAssetInput(context, sensor, position, base, write);
  if (position.eventId === undefined) {
    const begin = await context.storage.lastEventId();
    return { ...base, due: false, after: (next) => write({ eventId: begin }, next), passed: write({ eventId: begin }, own) };
  }
  const find = definition.type === "asset" ? newEvents : definition.type === "run_status" ? newRuns : newChanges;
  const { eventId, events = [], runs = [], changes = [] } = await find(context, sensor, position.eventId);
  const due = events.length > 0 || runs.length > 0 || changes.length > 0;
  return {
    ...base,
    events,
    runs,
    changes,
    due,
    after: (next) => write({ eventId }, next),
    passed: !due && eventId !== position.eventId ? write({ eventId }, own) : undefined,
  };
}

/** Stores how far a sensor has looked without finding anything. */
export async function passOver({ storage }: Context, sensor: Instigator<SensorSnapshot>, input: SensorInput): Promise<void> {
  if (input.passed !== undefined) await storage.setInstigator({ ...identityOf(sensor), cursor: input.passed });
}

const viewEvent = ({ id, type, asset, partition, runId, at, metadata }: StoredEvent): SensorEvent => ({
  ...{ id, type, asset, partition, runId, timestamp: new Date(at).toISOString() },
  ...(metadata ? { metadata } : {}),
});

/** The selected assets' materializations after an event. */
async function newEvents({ storage, workspace }: Context, { definition }: Instigator<SensorSnapshot>, from: number): Found {
  const wanted = new Set(selectOrNone(workspace.graph(), definition.selection));
  for (let after = from; ; ) {
    const events = await storage.readEvents({ after, types: ["materialization"], limit: page });
    const mine = events.filter((event) => event.asset && wanted.has(event.asset));
    if (mine.length > 0) return { eventId: mine.at(-1)!.id, events: mine.map(viewEvent) };
    // A whole page of other assets' events need not be read again.
    if (events.length < page) return { eventId: after, events: [] };
    after = events.at(-1)!.id;
  }
}

const eventOf: Partial<Record<RunStatus, EventType>> = { running: "run_started" };

/** The runs that got one of the watched statuses after an event. */
async function newRuns(
  { storage, workspace }: Context,
  { definition, location }: Instigator<SensorSnapshot>,
  from: number,
): Found {
  const watch = definition.watches!;
  const statusOf = new Map(watch.on.map((status) => [eventOf[status] ?? (`run_${status}` as EventType), status]));
  const selected = watch.selection === undefined ? undefined : new Set(selectOrNone(workspace.graph(), watch.selection));
  const runs: SensorRun[] = [];
  for (let after = from; ; ) {
    const events = await storage.readEvents({ after, types: [...statusOf.keys()], limit: page });
    for (const event of events) {
      after = event.id;
      const run = event.runId ? await storage.getRun(event.runId) : null;
      if (!run) continue;
      const told = { location: run.location, assets: run.plan.assets, tags: run.tags };
      if (!watchesRun(watch, location.entry.name, told, selected)) continue;
      runs.push({
        ...told,
        id: run.id,
        requestId: run.requestId,
        status: statusOf.get(event.type)!,
        job: run.tags["kc/job"],
        partition: run.partition ?? undefined,
        timestamp: new Date(event.at).toISOString(),
        reason: event.message,
      });
      if (runs.length === mostPerTick) return { eventId: after, runs };
    }
    if (events.length < page) return { eventId: after, runs };
  }
}

/** The selected assets' changes of freshness after an event. */
async function newChanges(
  { storage, workspace }: Context,
  { definition, location }: Instigator<SensorSnapshot>,
  from: number,
): Found {
  const { on, selection } = definition.changes!;
  const graph = workspace.graph();
  const selected = selection === undefined ? undefined : new Set(selectOrNone(graph, selection));
  const isWatched = (key: string) => (selected ? selected.has(key) : graph.assets.get(key)?.location === location.entry.name);
  const changes: FreshnessChange[] = [];
  for (let after = from; ; ) {
    const events = await storage.readEvents({ after, types: ["freshness"], limit: page });
    for (const { id, asset, state, at, fields = {} } of events) {
      after = id;
      if (!asset || !state || !on.includes(state) || !isWatched(asset)) continue;
      const timestamp = new Date(at).toISOString();
      const { before = "unknown", since = timestamp, partition } = fields as Partial<Record<string, string>>;
      changes.push({ id, asset, partition, before: before as FreshnessState, state, since, timestamp });
      if (changes.length === mostPerTick) return { eventId: after, changes };
    }
    if (events.length < page) return { eventId: after, changes };
  }
}

/** The latest materialization of an asset in a stretch of the log, of each of its partitions where it has some. */
async function latestOfEach(storage: Storage, asset: string, from: number, to: number): Promise<SensorEvent[]> {
  const latest = new Map<string, StoredEvent>();
  for (let after = from; after < to; ) {
    const events = await storage.readEvents({ asset, types: ["materialization"], after, before: to + 1, limit: page });
    for (const event of events) latest.set(event.partition ?? "", event);
    if (events.length < page) break;
    after = events.at(-1)!.id;
  }
  return [...latest.values()].map(viewEvent);
}

async function multiAssetInput(
  { storage, workspace }: Context,
  { definition }: Instigator<SensorSnapshot>,
  position: Position,
  base: Pick<SensorInput, "events" | "runs" | "changes" | "cursor" | "passed">,
  write: (next: Position, own: string | undefined) => string,
): Promise<SensorInput> {
  const assets = selectOrNone(workspace.graph(), definition.selection);
  if (position.start === undefined) {
    const start = await storage.lastEventId();
    const begin = { start, seen: start, consumed: {} };
    return { ...base, due: false, after: (own) => write(begin, own), passed: write(begin, position.own) };
  }
  const cursor = position as MultiAssetCursor;
  const states = await storage.assetStates(assets);
  const latest = new Map<string, number>();
  for (const key of assets) {
    const eventId = states.get(key)?.materialization?.eventId;
    if (eventId !== undefined) latest.set(key, eventId);
  }
  const fresh = multiAssetDue(definition.require!, assets, latest, cursor) ?? [];
  const saw = new Map(fresh.map((key) => [key, latest.get(key)!]));
  const events: SensorEvent[] = [];
  for (const key of fresh) {
    const after = Math.max(cursor.start, cursor.consumed[key] ?? 0);
    events.push(...(await latestOfEach(storage, key, after, saw.get(key)!)));
  }
  events.sort((a, b) => a.id - b.id);
  return {
    ...base,
    events,
    due: fresh.length > 0,
    after: (own, consumed) => write(multiAssetAfter(cursor, saw, consumed), own),
  };
}
