import {
  type AutomationCursor,
  buildGraph,
  type FreshnessState,
  type LocationSnapshot,
  type NewEvent,
  UserError,
} from "@kc/runtime/internal";
import { addMute } from "../alerts/mutes.ts";
import { cursorName } from "../daemon/automation.ts";
import { watchedPartitions } from "../daemon/automation-facts.ts";
import { addPause } from "../daemon/automation-pauses.ts";
import type { DaemonContext } from "../daemon/context.ts";
import { tickFreshness } from "../daemon/freshness.ts";

type Instant = string | number;

/** What a simulation begins from, in the words of the API: its answers fit as they are. What is left out is as in a new instance. */
export interface InstanceState {
  /** Schedules and sensors that are on or off, whatever their definitions say. */
  instigators?: readonly { type: "schedule" | "sensor"; location: string; name: string; running: boolean }[];
  /** Until null: for as long as the simulation lasts. */
  pauses?: readonly { selection: string; until: Instant | null; reason?: string | null; all?: boolean }[];
  mutes?: readonly { rule: string | null; selection: string | null; until: Instant }[];
  dynamicPartitions?: readonly { name: string; keys: readonly string[] }[];
  assets?: readonly SeededAsset[];
  /** By asset; a partitioned asset that is not here has no partition made. */
  partitions?: Readonly<Record<string, SeededPartitions>>;
  /** What automation remembers, as it is stored: what conditions wait with, and what became due in a pause. */
  automation?: string | null;
}

export interface SeededAsset {
  key: string;
  materialization?: { at: Instant } | null;
  /** The last time its step found nothing to do. */
  unchangedAt?: Instant | null;
  freshness?: FreshnessState | null;
  /** `failed`: its last try failed. */
  status?: string;
  checks?: readonly SeededCheck[];
}

interface SeededCheck {
  name: string;
  blocking: boolean;
  result: { passed: boolean; severity: "WARN" | "ERROR"; at: Instant; partition?: string | null } | null;
}

/** Keys and ranges `first...last`. */
export interface SeededPartitions {
  materialized: readonly string[];
  failed?: readonly string[];
  /** When the newest of them was made, of which freshness may speak alone; default: when anything of the asset was. */
  newestAt?: Instant | null;
}

/**
 * Makes a new storage remember what the instance does, before anything of the simulation happens. Whatever is later than its
 * beginning counts as of then: a simulation of the past knows of no other state than today's.
 */
export async function seed(context: DaemonContext, state: InstanceState): Promise<void> {
  const { storage, workspace, clock } = context;
  const now = clock.now();
  const graph = workspace.graph();
  const before = (at: Instant): number => Math.min(new Date(at).getTime(), now);
  for (const { name, keys } of state.dynamicPartitions ?? []) await known(context.partitions.change(name, { add: keys }));
  for (const { type, location, name, running } of state.instigators ?? [])
    await storage.setInstigator({ type, location, name, status: running ? "running" : "stopped" });
  /** How long something with an end still lasts; 0: it is over. */
  const left = (until: Instant | null) => (until === null ? undefined : Math.max(0, new Date(until).getTime() - now));
  for (const { selection, until, reason, all } of state.pauses ?? []) {
    const forMs = left(until);
    if (forMs !== 0) await known(addPause(storage, { selection, forMs, reason: reason ?? undefined, all, now }, graph));
  }
  for (const { rule, selection, until } of state.mutes ?? []) {
    const forMs = left(until);
    const rules = rule === null ? [] : [rule];
    if (forMs) await known(addMute(storage, { what: rule ?? selection ?? "", forMs, now, rules, graph }));
  }
  const events = (state.assets ?? [])
    .filter(({ key }) => graph.assets.has(key))
    .flatMap((asset) => eventsOf(asset, state.partitions?.[asset.key], before, now));
  await context.log.append(events.sort((a, b) => a.at - b.at));
  // What went stale while nobody looked is no news of the simulation either.
  await tickFreshness(context);
  if (state.automation) await storage.setValue(cursorName, JSON.stringify(await remembered(context, state)));
}

/** What automation remembers, with everything that was seeded taken into account. */
async function remembered({ storage, workspace, clock }: DaemonContext, state: InstanceState): Promise<AutomationCursor> {
  const cursor = JSON.parse(state.automation!) as AutomationCursor;
  const unread = (state.assets ?? []).filter(
    ({ key, materialization }) => materialization && workspace.graph().assets.get(key)?.partitions && !state.partitions?.[key],
  );
  // Partitions of which nobody said what is made would all look as if they had just gone missing.
  for (const { key } of unread) {
    delete cursor.assets[key];
    delete cursor.pending?.[key];
  }
  return { ...cursor, eventId: await storage.lastEventId(), at: clock.now() };
}

/** A pause or mute may name what a later reload has taken away: it does nothing then. */
async function known(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
}

function eventsOf(
  { key, materialization, unchangedAt, freshness, status, checks = [] }: SeededAsset,
  partitions: SeededPartitions | undefined,
  before: (at: Instant) => number,
  now: number,
): NewEvent[] {
  const events: NewEvent[] = [];
  const made = (at: Instant, partition?: string): NewEvent => ({
    ...{ type: "materialization", at: before(at), asset: key, metadata: {} },
    ...(partition ? { partition } : {}),
  });
  const failed = (partition?: string): NewEvent => ({
    ...{ type: "step_failed", at: now, asset: key, runId: `before ${key}`, error: { message: "failed before", user: true } },
    ...(partition ? { partition } : {}),
  });
  if (materialization) {
    const { newestAt } = partitions ?? {};
    if (partitions?.materialized.length) events.push(made(newestAt ?? materialization.at, partitions.materialized.join(",")));
    events.push(made(materialization.at));
  }
  if (unchangedAt != null) events.push({ type: "unchanged", at: before(unchangedAt), asset: key, metadata: {} });
  for (const { name, blocking, result } of checks) {
    if (!result) continue;
    const { passed, severity, at, partition } = result;
    const check = { name, passed, severity, blocking };
    events.push({
      ...{ type: "check_result", at: before(at), asset: key, check, metadata: {} },
      ...(partition ? { partition } : {}),
    });
  }
  if (partitions?.failed?.length) events.push(failed(partitions.failed.join(",")));
  else if (status === "failed") events.push(failed());
  if (freshness && freshness !== "unknown") events.push({ type: "freshness", at: now, asset: key, state: freshness });
  return events;
}

/** The assets whose partitions decide about anything: those that conditions look at, and those whose latest one must be fresh. */
export function decisivePartitions(locations: readonly LocationSnapshot[]): string[] {
  const { graph } = buildGraph(locations);
  const fresh = graph.order.filter((key) => graph.assets.get(key)!.freshness?.of === "latestPartition");
  return [...new Set([...watchedPartitions(graph), ...fresh])];
}
