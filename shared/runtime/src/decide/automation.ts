import { nextTick } from "../cron.ts";
import { UserError } from "../errors.ts";
import type { WorkspaceGraph } from "../graph.ts";
import { reach } from "../graph.ts";
import type { CheckStatus } from "../partition/check-status.ts";
import { intersectSets, noPartitions, type PartitionSet, subtractSets, unionSets } from "../partition/partition-set.ts";
import type { WorkspacePartitions } from "../partition/workspace-partitions.ts";
import type { AssetState } from "../storage.ts";
import { type Evaluation, type Look, look, readKept, toKept, updatedOf, versionsFor } from "./automation-evaluate.ts";
import { type Division, factsOf, indexOf, isAutomated } from "./automation-index.ts";

/** An update since the last evaluation, and what else its request was to make. */
export interface Update {
  key: string;
  /** Instant (ms). */
  at?: number;
  /** Keys and ranges, joined by commas. */
  partition?: string | null;
  /** All assets that the update's request targets, over all its runs. */
  targets: ReadonlySet<string>;
}

/** A set that is remembered: all or nothing of an asset without partitions, else keys and ranges; or an instant. */
export type Kept = boolean | string[] | number;

/** What evaluation remembers between two calls. Plain JSON. */
export interface AutomationCursor {
  /** Events up to this id are taken into account. */
  eventId: number;
  /** Instant of the last evaluation (ms): cron ticks after it are new. */
  at: number;
  /** Per asset: the fingerprints of its condition and partitions, and what its parts remember, by path. */
  assets: Record<string, { condition: string; parts: Record<string, Kept>; versions?: string } & Division>;
  /** What the last evaluation requested. */
  requested?: Record<string, Kept>;
  /** What became due while its asset was paused. */
  pending?: Record<string, Kept>;
  /** Assets that must be looked at again though nothing happens: an event that was true has passed. */
  carry?: string[];
  /** Requests of the last minute without any news from upstream, as instants. */
  recent?: Record<string, number[]>;
  /** Assets stopped because they were requested over and over; until there is news for them. */
  stopped?: string[];
}

export interface AutomationInput {
  graph: WorkspaceGraph;
  partitions: WorkspacePartitions;
  /** Assets whose condition counts now: those of running automation sensors. */
  enabled(key: string): boolean;
  /** Evaluated, but not requested: what becomes due is requested once it is over. */
  paused?(key: string): boolean;
  updates: readonly Update[];
  /** Assets whose run started, ended or was requested, or whose checks ran, since the last evaluation, besides the updated ones. */
  touched: readonly string[];
  /** Instant of an asset's latest materialization, of whatever partition. */
  materializedAt(key: string): number | null;
  /** Materialized partitions; asked of assets with partitions only. */
  materialized?(key: string): PartitionSet;
  /** Partitions whose latest try failed. */
  failed?(key: string): PartitionSet | undefined;
  inProgress(key: string): PartitionSet | undefined;
  checks?(key: string): AssetState["checks"] | undefined;
  /** Results by partition since the latest materialization of each; asked of assets with partitions only. */
  checkStatus?(key: string): ReadonlyMap<string, CheckStatus> | undefined;
  /** Requests of one asset within a minute without news from upstream; more stop it. Default: no bound. */
  maxRequestsPerMinute?: number;
  cursor: AutomationCursor;
  eventId: number;
  now: number;
}

export interface AutomationResult {
  /** Assets to materialize now, in dependency order. */
  request: string[];
  /** Their partitions; of an asset without partitions the one it has. */
  requested: ReadonlyMap<string, PartitionSet>;
  evaluations: Map<string, Evaluation>;
  /** Assets that this evaluation has stopped, because they would be requested over and over. */
  stopped: string[];
  /** Assets whose condition could not be evaluated, and why. */
  failed: { key: string; message: string }[];
  cursor: AutomationCursor;
  /** When time alone may change an answer (ms). */
  nextAt: number | undefined;
}

const minuteMs = 60_000;

/**
 * Evaluates automation conditions. Pure: what it must remember is in the cursor. Only assets that an update, a touched
 * asset, a request of this evaluation or the clock can concern are looked at, in dependency order.
 */
export function evaluateAutomation(input: AutomationInput): AutomationResult {
  const { graph, partitions, cursor, now } = input;
  const index = indexOf(graph);
  const updates = new Map<string, Update[]>();
  for (const update of input.updates) {
    const own = updates.get(update.key);
    if (own) own.push(update);
    else updates.set(update.key, [update]);
  }
  const assets = { ...cursor.assets };
  const pending = { ...cursor.pending };
  const recent = { ...cursor.recent };
  const stopped = new Set(cursor.stopped);
  const carry: string[] = [];
  const evaluations = new Map<string, Evaluation>();
  const requested = new Map<string, PartitionSet>();
  const newlyStopped: string[] = [];
  const failed: { key: string; message: string }[] = [];

  const queue = new Set<string>();
  const consider = (key: string) => {
    if (isAutomated(graph.assets.get(key)) && input.enabled(key)) queue.add(key);
  };
  /** The assets whose conditions can see something of an asset. */
  const concern = (key: string, sees: (key: string) => boolean = () => true) => {
    if (sees(key)) consider(key);
    if (index.depth === 1) {
      for (const dependent of graph.assets.get(key)?.dependents ?? []) if (sees(dependent)) consider(dependent);
      return;
    }
    for (const dependent of reach(graph, [key], "dependents", index.depth)) if (sees(dependent)) consider(dependent);
  };
  for (const key of updates.keys()) concern(key);
  for (const key of input.touched) concern(key);
  const readsRequests = (key: string) => conditionReads(graph, key, "newlyRequested");
  for (const key of Object.keys(cursor.requested ?? {})) concern(key, readsRequests);
  for (const key of cursor.carry ?? []) consider(key);
  for (const key of Object.keys(pending)) if (!input.paused?.(key)) consider(key);
  for (const { cron, timezone, keys } of index.timed)
    if ((nextTick(cron, timezone, cursor.at) ?? Number.POSITIVE_INFINITY) <= now) for (const key of keys) consider(key);
  for (const key of index.conditioned) if (!isSame(key, index.divisions.get(key))) consider(key);
  for (const key of index.versioned) if (assets[key]?.versions !== versionsFor(key, input)) consider(key);

  const looks = [...queue].sort((a, b) => index.positions.get(a)! - index.positions.get(b)!);
  for (let next = 0; next < looks.length; next++) {
    const key = looks[next]!;
    const space = partitions.spaceOf(key);
    const condition = graph.assets.get(key)!.automation!;
    const { print, reads } = factsOf(condition);
    const division = index.divisions.get(key);
    const known = assets[key];
    const otherKeys = known !== undefined && known.kind !== division?.kind;
    // What became due of other keys says nothing of these.
    if (otherKeys) delete pending[key];
    const before = known?.condition === print && !otherKeys ? known : undefined;
    const run: Look = { input, index, updates, requested, before: before?.parts, parts: {}, carry: false };
    let looked: ReturnType<typeof look>;
    try {
      looked = look(condition, key, run);
    } catch (error) {
      // One asset whose partitions cannot be laid out, such as too many combinations, holds up none of the others.
      if (!(error instanceof UserError)) throw error;
      failed.push({ key, message: error.message });
      continue;
    }
    const { set, evaluation } = looked;
    evaluations.set(key, evaluation);
    assets[key] = {
      condition: print,
      ...division,
      parts: run.parts,
      ...(reads.has("codeVersionChanged") ? { versions: versionsFor(key, input) } : {}),
    };
    if (run.carry) carry.push(key);
    if (before === undefined || hasNews(key)) {
      delete recent[key];
      stopped.delete(key);
    }

    // What became due while it was paused and has not been made since by other ways.
    let waiting = pending[key] === undefined ? noPartitions : readKept(space, pending[key]);
    for (const update of updates.get(key) ?? []) waiting = subtractSets(waiting, updatedOf(space, update.partition));
    delete pending[key];
    if (input.paused?.(key)) {
      waiting = unionSets(waiting, set);
      if (waiting.size > 0) pending[key] = toKept(space, waiting);
      continue;
    }
    const going = waiting.size === 0 ? noPartitions : (input.inProgress(key) ?? noPartitions);
    const later = going.size === 0 ? noPartitions : space.definition ? intersectSets(waiting, going) : waiting;
    if (later.size > 0) pending[key] = toKept(space, later);
    const due = unionSets(set, subtractSets(waiting, later));
    if (due.size === 0 || stopped.has(key)) continue;
    if (isRunaway(key)) {
      stopped.add(key);
      newlyStopped.push(key);
      continue;
    }
    requested.set(key, due);
    const add = (dependent: string) => {
      if (queue.has(dependent)) return;
      consider(dependent);
      if (queue.has(dependent)) insert(looks, dependent, next + 1, index.positions);
    };
    if (index.depth <= 1) graph.assets.get(key)!.dependents.forEach(add);
    else for (const dependent of reach(graph, [key], "dependents", index.depth)) add(dependent);
  }

  /** Whether an asset's condition and partitions are those of its last look. */
  function isSame(key: string, division: Division | undefined): boolean {
    const known = assets[key];
    if (known?.condition !== factsOf(graph.assets.get(key)!.automation!).print) return false;
    return known.kind === division?.kind && known.keys === division?.keys;
  }
  /** Whether something has happened that no request of the asset itself can have brought about. */
  function hasNews(key: string): boolean {
    const { crons, depth } = factsOf(graph.assets.get(key)!.automation!);
    if (crons.some(({ cron, timezone }) => (nextTick(cron, timezone, cursor.at) ?? Number.POSITIVE_INFINITY) <= now)) return true;
    const deps = depth > 1 ? [...reach(graph, [key], "deps", depth)] : graph.assets.get(key)!.deps;
    return deps.some((dep) => dep !== key && (updates.has(dep) || requested.has(dep)) && !index.circular(key, dep));
  }
  function isRunaway(key: string): boolean {
    const { maxRequestsPerMinute: most } = input;
    if (most === undefined) return false;
    const instants = (recent[key] ?? []).filter((at) => at > now - minuteMs);
    if (instants.length >= most) return true;
    recent[key] = [...instants, now];
    return false;
  }

  for (const [key, instants] of Object.entries(recent)) if (instants.at(-1)! <= now - minuteMs) delete recent[key];
  const kept = Object.fromEntries([...requested].map(([key, set]) => [key, toKept(partitions.spaceOf(key), set)]));
  return {
    request: graph.order.filter((key) => requested.has(key)),
    requested,
    evaluations,
    stopped: newlyStopped,
    failed,
    cursor: {
      eventId: input.eventId,
      at: now,
      assets,
      ...filled({ requested: kept, pending, recent }),
      ...(carry.length > 0 ? { carry } : {}),
      ...(stopped.size > 0 ? { stopped: [...stopped].filter((key) => isAutomated(graph.assets.get(key))) } : {}),
    },
    nextAt: nextLook(input, carry.length > 0),
  };
}

/** The entries that hold anything: the cursor is stored with every evaluation. */
const filled = <T extends Record<string, object>>(entries: T): Partial<T> =>
  Object.fromEntries(Object.entries(entries).filter(([, value]) => Object.keys(value).length > 0)) as Partial<T>;

function conditionReads(graph: WorkspaceGraph, key: string, operand: string): boolean {
  const condition = graph.assets.get(key)?.automation;
  return condition !== undefined && factsOf(condition).reads.has(operand);
}

/** The next tick of any cron or end of any window that enabled assets look at; soon, when events have passed. */
function nextLook(input: AutomationInput, carried: boolean): number | undefined {
  let nextAt: number | undefined = carried ? input.now + 1_000 : undefined;
  for (const { cron, timezone, keys } of indexOf(input.graph).timed) {
    if (!keys.some(input.enabled)) continue;
    const tick = nextTick(cron, timezone, input.now);
    if (tick !== undefined && (nextAt === undefined || tick < nextAt)) nextAt = tick;
  }
  return nextAt;
}

function insert(pending: string[], key: string, from: number, positions: ReadonlyMap<string, number>): void {
  let at = from;
  while (at < pending.length && positions.get(pending[at]!)! < positions.get(key)!) at++;
  pending.splice(at, 0, key);
}
