import {
  type NewEvent,
  type RunRequest,
  type SensorEvent,
  type SensorSnapshot,
  select,
  type Tick,
  typedMetadata,
} from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { type Instigator, instigators } from "./instigators.ts";

/** Sensors whose tick goes on: a slow one delays only itself. */
export type SensorsInFlight = Set<string>;

/** How long an asset sensor whose tick failed waits before it gets the same events again. */
const retryMs = 10_000;

/** One look at all poll and asset sensors. Ticks run beside each other; the answer is when the next poll is due. */
export async function tickSensors(
  context: DaemonContext,
  inFlight: SensorsInFlight,
  wake: () => void,
): Promise<number | undefined> {
  const { workspace, storage, clock } = context;
  let next: number | undefined;
  for (const sensor of await instigators(workspace, storage, "sensor")) {
    const { definition, location, state, running } = sensor;
    if (!running || location.status === "loading" || (definition.type !== "poll" && definition.type !== "asset")) continue;
    const name = `${location.entry.name}/${definition.name}`;
    if (inFlight.has(name)) continue;
    const now = clock.now();
    const identity = { location: location.entry.name, name: definition.name, type: "sensor" as const };
    const events = definition.type === "asset" ? await newEvents(context, sensor) : [];
    if (definition.type === "asset" && events.length === 0) continue;
    const latest = (await storage.listTicks({ ...identity, limit: 1 }))[0];
    const due =
      definition.type === "asset"
        ? // Events whose tick failed come again, but not at once: what failed will mostly fail again.
          latest?.status === "failed"
          ? latest.endedAt! + retryMs
          : now
        : state?.lastTickAt == null
          ? now
          : state.lastTickAt + definition.intervalMs;
    if (due > now) {
      if (next === undefined || due < next) next = due;
      continue;
    }
    inFlight.add(name);
    const tick = latest?.status === "started" ? latest : await storage.startTick({ ...identity, at: now });
    void runTick(context, sensor, tick, events)
      .catch((error) => context.report(`sensor ${name}: ${(error as Error).message}`))
      .finally(() => {
        inFlight.delete(name);
        wake();
      });
  }
  return next;
}

/** Selected assets' events after the sensor's position. At its first look it begins with what happens from then on. */
async function newEvents(
  { storage, workspace }: DaemonContext,
  { location, definition, state }: Instigator<SensorSnapshot>,
): Promise<SensorEvent[]> {
  const cursor = readCursor(state?.cursor ?? null);
  const moveTo = (eventId: number) =>
    storage.setInstigator({
      location: location.entry.name,
      name: definition.name,
      type: "sensor",
      cursor: JSON.stringify({ ...cursor, eventId }),
    });
  if (cursor.eventId === undefined) {
    await moveTo(await storage.lastEventId());
    return [];
  }
  const wanted = new Set(selectOrNone(workspace.graph(), definition.selection));
  for (let after = cursor.eventId; ; ) {
    const page = await storage.readEvents({ after, types: ["materialization"], limit: 1_000 });
    const events = page.filter((event) => event.asset && wanted.has(event.asset));
    if (events.length > 0)
      return events.map(({ id, type, asset, runId, at }) => ({ id, type, asset, runId, timestamp: new Date(at).toISOString() }));
    if (page.length < 1_000) return [];
    // A whole page of other assets' events need not be read again.
    after = page.at(-1)!.id;
    await moveTo(after);
  }
}

/** The cursor of an asset sensor holds the log's position beside the author's own text. */
function readCursor(text: string | null): { eventId?: number; own?: string } {
  return text ? (JSON.parse(text) as { eventId?: number; own?: string }) : {};
}

function selectOrNone(graph: Parameters<typeof select>[0], selection: string): string[] {
  try {
    return select(graph, selection);
  } catch {
    // A key that is gone selects nothing; kc check names it.
    return [];
  }
}

async function runTick(
  context: DaemonContext,
  sensor: Instigator<SensorSnapshot>,
  tick: Tick,
  events: SensorEvent[],
): Promise<void> {
  const { storage, clock, requests, tickTimeoutMs, log } = context;
  const { definition, location, state } = sensor;
  const name = location.entry.name;
  try {
    if (!location.process) throw new Error(`location ${name} does not load: ${location.error?.message ?? ""}`);
    const pushed = definition.type === "asset" ? readCursor(state?.cursor ?? null) : undefined;
    const cursor = pushed ? pushed.own : (state?.cursor ?? undefined);
    const { result } = await location.process.evaluateTick(
      { type: "sensor", name: definition.name, now: tick.at, cursor, events },
      tickTimeoutMs,
    );
    const requestIds: string[] = [];
    for (const [index, run] of (result.runs ?? []).entries()) requestIds.push(await submit(requests, sensor, run, tick, index));
    if (result.events?.length)
      await log.append(result.events.map((event): NewEvent => reported(event, clock.now(), `${name}/${definition.name}`)));
    const own = result.cursor ?? cursor;
    const next = pushed
      ? JSON.stringify({ eventId: events.at(-1)?.id ?? pushed.eventId, ...(own === undefined ? {} : { own }) })
      : own;
    const idle = requestIds.length === 0 && !result.events?.length;
    await storage.endTick(
      tick.id,
      {
        status: idle ? "skipped" : "success",
        endedAt: clock.now(),
        requestIds,
        ...(idle ? { skip: result.skip ?? "nothing new" } : {}),
      },
      next,
    );
  } catch (error) {
    await storage.endTick(tick.id, { status: "failed", endedAt: clock.now(), error: (error as Error).message });
    context.report(`sensor ${name}/${definition.name}: ${(error as Error).message}`);
  }
}

async function submit(
  requests: DaemonContext["requests"],
  { definition, location }: Instigator<SensorSnapshot>,
  run: RunRequest,
  tick: Tick,
  index: number,
): Promise<string> {
  const selection = run.selection ?? definition.target;
  if (!selection) throw new Error("it asked for a run but names no target and no selection");
  const submitted = await requests.submit({
    selection: `(${selection}) and location:"${location.entry.name}"`,
    tags: { ...run.tags, "kc/sensor": definition.name },
    ...(run.config ? { config: run.config } : {}),
    runKey: run.runKey ? `sensor:${location.entry.name}/${definition.name}:${run.runKey}` : `tick:${tick.id}:${index}`,
  });
  return submitted.requestId;
}

type Reported = NonNullable<import("@kc/runtime/internal").SensorResult["events"]>[number];

function reported(event: Reported, at: number, by: string): NewEvent {
  const base = { at, asset: event.asset, metadata: typedMetadata(event.metadata), fields: { reported_by: by } };
  if (event.type !== "check") return { ...base, type: event.type };
  const { name, passed, severity = "ERROR", description } = event;
  return {
    ...base,
    type: "check_result",
    check: { name, passed, severity, blocking: false, ...(description ? { description } : {}) },
  };
}
