import type { AutomationCondition } from "../automation.ts";
import { latestTick, nextTick } from "../cron.ts";
import type { WorkspaceGraph } from "../graph.ts";

/** An update since the last evaluation, and what else its request was to make. */
export interface Update {
  key: string;
  /** All assets that the update's request targets, over all its runs. */
  targets: ReadonlySet<string>;
}

/** What evaluation remembers between two calls. Plain JSON. */
export interface AutomationCursor {
  /** Events up to this id are taken into account. */
  eventId: number;
  /** Instant of the last evaluation (ms): cron ticks after it are new. */
  at: number;
  /** Per asset: its condition's fingerprint and the remembered truth of its `since` and `newlyTrue` parts by path. */
  assets: Record<string, { condition: string; parts: Record<string, boolean>; requested?: boolean }>;
}

export interface AutomationInput {
  graph: WorkspaceGraph;
  /** Assets whose condition counts now: those of running automation sensors. */
  enabled(key: string): boolean;
  updates: readonly Update[];
  /** Assets whose run started, ended or was requested since the last evaluation, besides the updated ones. */
  touched: readonly string[];
  materializedAt(key: string): number | null;
  inProgress(key: string): boolean;
  cursor: AutomationCursor;
  eventId: number;
  now: number;
}

/** The truth of every part of a condition, as the UI shows it. */
export interface Evaluation {
  label: string;
  value: boolean;
  parts: Evaluation[];
}

export interface AutomationResult {
  /** Assets to materialize now, together. */
  request: string[];
  evaluations: Map<string, Evaluation>;
  cursor: AutomationCursor;
  /** When time alone may change an answer (ms). */
  nextAt: number | undefined;
}

/** Reads the truth of the events between two evaluations for one asset. */
interface Scope {
  key: string;
  /** The asset whose condition it is; differs from `key` inside `anyDeps`. */
  of: string;
  path: string;
}

/**
 * Evaluates automation conditions. Pure: what it must remember is in the cursor. Only assets that an update, a touched
 * asset, a request of this evaluation or the clock can concern are looked at, in dependency order.
 */
export function evaluateAutomation(input: AutomationInput): AutomationResult {
  const { graph, cursor, now } = input;
  const updates = new Map<string, Update[]>();
  for (const update of input.updates) updates.set(update.key, [...(updates.get(update.key) ?? []), update]);
  const assets = { ...cursor.assets };
  const evaluations = new Map<string, Evaluation>();
  const requested = new Set<string>();
  const { positions, timed, conditioned } = indexOf(graph);
  const queue = new Set<string>();
  const consider = (key: string) => {
    const node = graph.assets.get(key);
    if (node?.automation && input.enabled(key)) queue.add(key);
  };
  for (const key of [...updates.keys(), ...input.touched]) {
    consider(key);
    for (const dependent of graph.assets.get(key)?.dependents ?? []) consider(dependent);
  }
  for (const key of timed) consider(key);
  for (const key of conditioned) if (assets[key]?.condition !== fingerprint(graph.assets.get(key)!.automation!)) consider(key);
  let nextAt: number | undefined;

  const pending = [...queue].sort((a, b) => positions.get(a)! - positions.get(b)!);
  for (let next = 0; next < pending.length; next++) {
    const key = pending[next]!;
    const condition = graph.assets.get(key)!.automation!;
    const print = fingerprint(condition);
    const before = assets[key]?.condition === print ? assets[key] : undefined;
    const parts: Record<string, boolean> = {};
    const evaluation = evaluate(
      condition,
      { key, of: key, path: "" },
      {
        input,
        updates,
        requested,
        before: before?.parts,
        initial: before === undefined,
        wasRequested: before?.requested ?? false,
        parts,
      },
    );
    evaluations.set(key, evaluation);
    assets[key] = { condition: print, parts, ...(evaluation.value ? { requested: true } : {}) };
    const tick = nextCronTick(condition, now);
    if (tick !== undefined && (nextAt === undefined || tick < nextAt)) nextAt = tick;
    if (!evaluation.value) continue;
    requested.add(key);
    for (const dependent of graph.assets.get(key)!.dependents)
      if (!queue.has(dependent)) {
        consider(dependent);
        if (queue.has(dependent)) insert(pending, dependent, next + 1, positions);
      }
  }
  return {
    request: graph.order.filter((key) => requested.has(key)),
    evaluations,
    cursor: { eventId: input.eventId, at: now, assets },
    nextAt,
  };
}

const indexes = new WeakMap<WorkspaceGraph, { positions: Map<string, number>; timed: string[]; conditioned: string[] }>();

function indexOf(graph: WorkspaceGraph) {
  let index = indexes.get(graph);
  if (!index) {
    const conditioned = graph.order.filter((key) => graph.assets.get(key)!.automation);
    const timed = conditioned.filter((key) => JSON.stringify(graph.assets.get(key)!.automation).includes('"cron"'));
    index = { positions: new Map(graph.order.map((key, position) => [key, position])), timed, conditioned };
    indexes.set(graph, index);
  }
  return index;
}

function insert(pending: string[], key: string, from: number, positions: ReadonlyMap<string, number>): void {
  let at = from;
  while (at < pending.length && positions.get(pending[at]!)! < positions.get(key)!) at++;
  pending.splice(at, 0, key);
}

const prints = new WeakMap<AutomationCondition, string>();
function fingerprint(condition: AutomationCondition): string {
  let print = prints.get(condition);
  if (print === undefined) {
    print = shortHash(JSON.stringify(condition));
    prints.set(condition, print);
  }
  return print;
}

/** 53 bits of a text (cyrb53): the cursor holds one per asset and is written with every evaluation. */
function shortHash(text: string): string {
  let a = 0xdeadbeef;
  let b = 0x41c6ce57;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    a = Math.imul(a ^ code, 2_654_435_761);
    b = Math.imul(b ^ code, 1_597_334_677);
  }
  a = Math.imul(a ^ (a >>> 16), 2_246_822_507) ^ Math.imul(b ^ (b >>> 13), 3_266_489_909);
  b = Math.imul(b ^ (b >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  return (4_294_967_296 * (2_097_151 & b) + (a >>> 0)).toString(36);
}

interface Run {
  input: AutomationInput;
  updates: ReadonlyMap<string, Update[]>;
  requested: ReadonlySet<string>;
  before: Record<string, boolean> | undefined;
  initial: boolean;
  wasRequested: boolean;
  parts: Record<string, boolean>;
}

function evaluate(condition: AutomationCondition, scope: Scope, run: Run): Evaluation {
  const child = (one: AutomationCondition, index: number | string, key = scope.key) =>
    evaluate(one, { ...scope, key, path: `${scope.path}/${index}` }, run);
  const done = (value: boolean, parts: Evaluation[] = []): Evaluation => ({
    label: condition.label ?? condition.type,
    value,
    parts,
  });
  const { input } = run;
  switch (condition.type) {
    case "newlyUpdated":
      return done((run.updates.get(scope.key) ?? []).some((update) => scope.key === scope.of || !update.targets.has(scope.of)));
    case "willBeRequested":
      return done(run.requested.has(scope.key));
    case "newlyRequested":
      return done(run.wasRequested);
    case "initialEvaluation":
      return done(run.initial);
    case "missing":
      return done(input.materializedAt(scope.key) === null && !input.graph.assets.get(scope.key)!.external);
    case "inProgress":
      return done(input.inProgress(scope.key));
    case "cronTickPassed":
      return done(latestTick(condition.cron, condition.timezone, input.cursor.at, input.now) !== undefined);
    case "updatedSinceCron": {
      const tick = latestTick(condition.cron, condition.timezone, 0, input.now);
      const at = input.materializedAt(scope.key);
      return done(tick === undefined || (at !== null && at >= tick));
    }
    case "not": {
      const of = child(condition.condition, 0);
      return done(!of.value, [of]);
    }
    case "and":
    case "or": {
      const parts = condition.conditions.map((one, index) => child(one, index));
      return done(condition.type === "and" ? parts.every((part) => part.value) : parts.some((part) => part.value), parts);
    }
    case "anyDeps":
    case "allDeps": {
      const deps = input.graph.assets.get(scope.of)!.deps.filter((dep) => input.graph.assets.has(dep));
      const parts = deps.map((dep) => ({ ...child(condition.condition, dep, dep), label: dep }));
      return done(condition.type === "anyDeps" ? parts.some((part) => part.value) : parts.every((part) => part.value), parts);
    }
    case "since": {
      const trigger = child(condition.trigger, "trigger");
      const reset = child(condition.reset, "reset");
      // When both come in one evaluation the trigger wins, so that no update is lost; only a first look counts as handled.
      const value = (trigger.value && !run.initial) || ((run.before?.[scope.path] ?? false) && !reset.value);
      run.parts[scope.path] = value;
      return done(value, [trigger, reset]);
    }
    case "newlyTrue": {
      const of = child(condition.condition, 0);
      const before = run.before?.[scope.path];
      run.parts[scope.path] = of.value;
      // The first look is no change: turning automation on fills nothing in by itself.
      return done(of.value && before === false, [of]);
    }
  }
}

function nextCronTick(condition: AutomationCondition, now: number): number | undefined {
  if (condition.type === "cronTickPassed") return nextTick(condition.cron, condition.timezone, now);
  const inner =
    "conditions" in condition
      ? condition.conditions
      : "condition" in condition
        ? [condition.condition]
        : "trigger" in condition
          ? [condition.trigger, condition.reset]
          : [];
  const ticks = inner.map((one) => nextCronTick(one, now)).filter((tick): tick is number => tick !== undefined);
  return ticks.length > 0 ? Math.min(...ticks) : undefined;
}
