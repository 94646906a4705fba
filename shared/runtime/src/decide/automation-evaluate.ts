import type { AutomationCondition } from "../automation.ts";
import { latestTick } from "../cron.ts";
import {
  intersectSets,
  noPartitions,
  type PartitionSet,
  partitionSet,
  subtractSets,
  unionSets,
} from "../partition/partition-set.ts";
import { intersectRanges, type Ranges } from "../partition/ranges.ts";
import type { PartitionSpace } from "../partition/space.ts";
import { partitionTexts } from "../partition/status.ts";
import type { CheckSnapshot } from "../snapshot.ts";
import type { AutomationInput, Kept, Update } from "./automation.ts";
import { type AutomationIndex, factsOf } from "./automation-index.ts";

/** The truth of every part of a condition, as the UI shows it. */
export interface Evaluation {
  label: string;
  /** True for any partition. */
  value: boolean;
  /** The partitions for which it is true, of assets that have them: how many, and the first of them as text. */
  partitions?: { count: number; texts: string[] };
  parts: Evaluation[];
}

/** One look at one asset's condition. */
export interface Look {
  input: AutomationInput;
  index: AutomationIndex;
  updates: ReadonlyMap<string, readonly Update[]>;
  /** What this evaluation requests so far. */
  requested: ReadonlyMap<string, PartitionSet>;
  /** What the parts remembered; undefined at the first look. */
  before: Readonly<Record<string, Kept>> | undefined;
  /** What they remember from here on. */
  parts: Record<string, Kept>;
  /** An event was true beneath a negation: the next look differs, though nothing happens. */
  carry: boolean;
}

interface Scope {
  /** The asset that the part speaks of; differs from `of` among dependencies. */
  key: string;
  /** The asset whose condition it is. */
  of: string;
  path: string;
  /** Beneath a negation, or where changes are looked for. */
  odd: boolean;
  check?: CheckSnapshot;
}

interface Found {
  set: PartitionSet;
  evaluation: Evaluation;
}

const wholes = new WeakMap<PartitionSpace, PartitionSet>();

/** All partitions, the same object each time: comparing sets is quick then. */
export function wholeOf(space: PartitionSpace): PartitionSet {
  let all = wholes.get(space);
  if (!all) {
    all = space.all();
    wholes.set(space, all);
  }
  return all;
}

/** What a remembered set is now. */
export function readKept(space: PartitionSpace, kept: Kept | undefined): PartitionSet {
  if (kept === undefined || kept === false || typeof kept === "number") return noPartitions;
  if (kept === true) return wholeOf(space);
  return space.definition ? space.read(kept) : kept.length > 0 ? wholeOf(space) : noPartitions;
}

export function toKept(space: PartitionSpace, set: PartitionSet): Kept {
  return space.definition && set.size > 0 ? space.kept(set) : set.size > 0;
}

/** The partitions of an update; all there is of an asset without partitions. */
export const updatedOf = (space: PartitionSpace, partition: string | null | undefined): PartitionSet =>
  space.definition ? space.read(partitionTexts(partition)) : wholeOf(space);

const passing = new Set([
  "newlyUpdated",
  "newlyRequested",
  "willBeRequested",
  "initialEvaluation",
  "cronTickPassed",
  "codeVersionChanged",
]);
const joining = new Set(["and", "or", "anyDeps", "allDeps"]);

/** Whether a condition is made of events only: what is true of it is over in the next look. */
const isEvent = (condition: AutomationCondition): boolean =>
  [...factsOf(condition).reads].every((type) => passing.has(type) || joining.has(type));

const mostTexts = 20;

export function look(condition: AutomationCondition, key: string, run: Look): Found {
  return evaluate(condition, { key, of: key, path: "", odd: false }, run);
}

function evaluate(condition: AutomationCondition, scope: Scope, run: Look): Found {
  const space = run.input.partitions.spaceOf(scope.key);
  const all = wholeOf(space);
  const child = (one: AutomationCondition, at: number | string, more: Partial<Scope> = {}): Found =>
    evaluate(one, { ...scope, ...more, path: `${scope.path}/${at}` }, run);
  const done = (set: PartitionSet, parts: Evaluation[] = []): Found => {
    const evaluation: Evaluation = { label: condition.label ?? condition.type, value: set.size > 0, parts };
    if (space.definition) evaluation.partitions = { count: space.count(set), texts: space.text(set).slice(0, mostTexts) };
    return { set, evaluation };
  };
  /** True for this look only. */
  const event = (set: PartitionSet, parts?: Evaluation[]): Found => {
    if (set.size > 0 && scope.odd) run.carry = true;
    return done(set, parts);
  };
  const whole = (value: boolean): PartitionSet => (value ? all : noPartitions);
  const { input } = run;
  const initial = run.before === undefined;
  switch (condition.type) {
    case "newlyUpdated":
      return event(updatesFor(scope, space, run, Number.NEGATIVE_INFINITY));
    case "willBeRequested":
      return event(run.requested.get(scope.key) ?? noPartitions);
    case "newlyRequested":
      return event(readKept(space, input.cursor.requested?.[scope.key]));
    case "initialEvaluation":
      return event(whole(initial));
    case "missing":
      return done(input.graph.assets.get(scope.key)!.external ? noPartitions : subtractSets(all, madeOf(scope.key, space, run)));
    case "inProgress":
      return done(existing(space, input.inProgress(scope.key)));
    case "executionFailed":
      return done(existing(space, input.failed?.(scope.key)));
    case "codeVersionChanged": {
      const before = run.before?.[scope.path];
      const known = Array.isArray(before) && before[0] !== "" ? before[0] : undefined;
      // Of an asset whose location is not loaded nobody knows the version: that is no other one.
      const version = input.graph.assets.get(scope.key)!.codeVersion ?? known;
      if (version !== undefined) run.parts[scope.path] = [version];
      return event(whole(known !== undefined && version !== known));
    }
    case "cronTickPassed":
      return event(whole(latestTick(condition.cron, condition.timezone, input.cursor.at, input.now) !== undefined));
    case "updatedSinceCron":
      return done(updatedSince(latestTick(condition.cron, condition.timezone, 0, input.now), scope, space, run));
    case "inLatestTimeWindow":
      return done(latestWindows(space, condition.lookbackMs));
    case "checkPassed":
    case "checkFailed":
    case "checkMissing":
      return done(
        space.definition
          ? checkedPartitions(scope, space, run, condition.type)
          : whole(checkState(scope, run) === condition.type),
      );
    case "not": {
      const of = child(condition.condition, 0, { odd: true });
      return done(subtractSets(all, of.set), [of.evaluation]);
    }
    case "and":
    case "or": {
      const parts = condition.conditions.map((one, at) => child(one, at));
      const set = parts.map((part) => part.set).reduce(condition.type === "and" ? intersectSets : unionSets);
      return done(
        set,
        parts.map((part) => part.evaluation),
      );
    }
    case "anyDeps":
    case "allDeps": {
      const any = condition.type === "anyDeps";
      const { partitions } = input;
      let set = any ? noPartitions : all;
      const parts = run.index.depsOf(scope.key, condition.only, condition.ignore).map((dep) => {
        const found = child(condition.condition, dep, { key: dep });
        const depSpace = partitions.spaceOf(dep);
        const plain = space.definition === undefined && depSpace.definition === undefined;
        const reached = plain ? whole(found.set.size > 0) : partitions.downstream(dep, scope.key, found.set);
        if (any) set = unionSets(set, reached);
        else if (plain) set = intersectSets(set, reached);
        // A partition that needs nothing of a dependency is not held up by it.
        else
          set = intersectSets(
            set,
            unionSets(reached, subtractSets(all, partitions.downstream(dep, scope.key, wholeOf(depSpace)))),
          );
        return { ...found.evaluation, label: dep };
      });
      return done(set, parts);
    }
    case "anyChecks":
    case "allChecks": {
      const checks = input.graph.assets.get(scope.key)!.checks.filter((check) => check.blocking || !condition.blockingOnly);
      const parts = checks.map((check) => child(condition.condition, check.name, { check }));
      const sets = parts.map((part) => part.set);
      const set = condition.type === "anyChecks" ? sets.reduce(unionSets, noPartitions) : sets.reduce(intersectSets, all);
      return done(
        set,
        parts.map(({ evaluation }, at) => ({ ...evaluation, label: checks[at]!.name })),
      );
    }
    case "since": {
      const trigger = child(condition.trigger, "trigger");
      const reset = child(condition.reset, "reset");
      // When both come in one evaluation the trigger wins, so that no update is lost; at a first look what is true is done with.
      const kept = subtractSets(existing(space, readKept(space, run.before?.[scope.path])), reset.set);
      const set = initial ? subtractSets(trigger.set, reset.set) : unionSets(trigger.set, kept);
      if (set.size > 0) run.parts[scope.path] = toKept(space, set);
      // A state that was held down by an event of the first look counts in the next.
      if (initial && !isEvent(condition.trigger) && subtractSets(trigger.set, set).size > 0) run.carry = true;
      return done(set, [trigger.evaluation, reset.evaluation]);
    }
    case "newlyTrue": {
      const of = child(condition.condition, 0, { odd: true });
      const before = run.before?.[scope.path];
      run.parts[scope.path] = toKept(space, of.set);
      // The first look is no change: turning automation on fills nothing in by itself.
      return event(before === undefined ? noPartitions : subtractSets(of.set, readKept(space, before)), [of.evaluation]);
    }
  }
}

/** Of a set the partitions that exist now; of an asset without partitions all or nothing. */
const existing = (space: PartitionSpace, set: PartitionSet | undefined): PartitionSet =>
  !set || set.size === 0 ? noPartitions : space.definition ? intersectSets(set, wholeOf(space)) : wholeOf(space);

function madeOf(key: string, space: PartitionSpace, { input }: Look): PartitionSet {
  if (space.definition) return input.materialized?.(key) ?? noPartitions;
  return input.materializedAt(key) === null ? noPartitions : wholeOf(space);
}

function updatesFor({ key, of }: Scope, space: PartitionSpace, { updates }: Look, from: number): PartitionSet {
  let set = noPartitions;
  for (const update of updates.get(key) ?? [])
    if ((key === of || !update.targets.has(of)) && (update.at ?? 0) >= from)
      set = unionSets(set, updatedOf(space, update.partition));
  return space.definition ? existing(space, set) : set;
}

/** Without partitions the time of the latest update says it; with them the updates since the tick are remembered. */
function updatedSince(tick: number | undefined, scope: Scope, space: PartitionSpace, run: Look): PartitionSet {
  if (tick === undefined) return wholeOf(space);
  if (!space.definition) {
    const at = run.input.materializedAt(scope.key);
    return at !== null && at >= tick ? wholeOf(space) : noPartitions;
  }
  const before = run.before?.[`${scope.path}@`] === tick ? readKept(space, run.before[scope.path]) : noPartitions;
  let set = before;
  for (const update of run.updates.get(scope.key) ?? [])
    if ((update.at ?? 0) >= tick) set = unionSets(set, updatedOf(space, update.partition));
  run.parts[`${scope.path}@`] = tick;
  if (set.size > 0) run.parts[scope.path] = toKept(space, set);
  return set;
}

function latestWindows(space: PartitionSpace, lookbackMs: number | undefined): PartitionSet {
  const { windows } = space.primary;
  if (!windows) return wholeOf(space);
  const latest = space.latest();
  if (lookbackMs === undefined) return latest;
  return partitionSet(
    [...latest].map(([row, ranges]) => {
      const [from, to] = ranges[0]!;
      const floor = windows.floor(to - lookbackMs);
      const start = floor === undefined ? windows.first : floor === to - lookbackMs ? floor : windows.shift(floor, 1)!;
      const wide: Ranges = [[Math.min(from, start), to]];
      return [row, intersectRanges(wide, space.primary.all)] as const;
    }),
  );
}

type CheckState = "checkPassed" | "checkFailed" | "checkMissing";

/** A result counts for the materialization it came after. Only a failure of severity ERROR blocks. */
function checkState({ key, check }: Scope, { input }: Look): CheckState | undefined {
  if (!check) return undefined;
  const result = input.checks?.(key)?.[check.name];
  if (!result || result.at < (input.materializedAt(key) ?? 0)) return "checkMissing";
  return result.passed || (check.blocking && result.severity === "WARN") ? "checkPassed" : "checkFailed";
}

/** The same for each partition by itself. */
function checkedPartitions({ key, check }: Scope, space: PartitionSpace, { input }: Look, type: CheckState): PartitionSet {
  if (!check) return noPartitions;
  const all = wholeOf(space);
  const status = input.checkStatus?.(key)?.get(check.name);
  if (!status) return type === "checkMissing" ? all : noPartitions;
  const { passed, warned, failed } = status;
  if (type === "checkPassed") return intersectSets(check.blocking ? unionSets(passed, warned) : passed, all);
  if (type === "checkFailed") return intersectSets(check.blocking ? failed : unionSets(failed, warned), all);
  return subtractSets(all, unionSets(unionSets(passed, warned), failed));
}

/** Code versions that a condition reads, as a text. */
export function versionsFor(key: string, { graph }: Pick<AutomationInput, "graph">): string {
  const node = graph.assets.get(key)!;
  const { depth } = factsOf(node.automation!);
  return [key, ...(depth > 0 ? node.deps : [])].map((one) => graph.assets.get(one)?.codeVersion ?? "").join("\0");
}
