import type { AutomationCondition } from "../automation.ts";
import { partsOf } from "../automation-change.ts";
import type { AssetNode, WorkspaceGraph } from "../graph.ts";
import { reach } from "../graph.ts";
import { kindOfKeys, type StaticPartitions } from "../partition/definition.ts";
import { select } from "../selection/select.ts";

/** What is known of a condition before anything happens. */
export interface ConditionFacts {
  /** Short text that changes with the condition. */
  print: string;
  /** How many dependencies away it looks. */
  depth: number;
  reads: ReadonlySet<string>;
  crons: readonly { cron: string; timezone: string }[];
}

const known = new WeakMap<AutomationCondition, ConditionFacts>();

export function factsOf(condition: AutomationCondition): ConditionFacts {
  let facts = known.get(condition);
  if (!facts) {
    const reads = new Set<string>();
    const crons: { cron: string; timezone: string }[] = [];
    const walk = (one: AutomationCondition): number => {
      reads.add(one.type);
      if ("cron" in one) crons.push({ cron: one.cron, timezone: one.timezone });
      const below = Math.max(0, ...partsOf(one).map(walk));
      return below + (one.type === "anyDeps" || one.type === "allDeps" ? 1 : 0);
    };
    facts = { depth: walk(condition), print: shortHash(JSON.stringify(condition)), reads, crons };
    known.set(condition, facts);
  }
  return facts;
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

/** Short texts that change with the partitions of an asset. */
export interface Division {
  /** With the kind of its own keys: what is remembered of others says nothing of these. */
  kind?: string;
  /** With static keys, its own and those that its condition looks at: one that is new is missing. */
  keys?: string;
}

/** The automated part of a graph. */
export interface AutomationIndex {
  positions: ReadonlyMap<string, number>;
  /** Assets with a condition, in dependency order. External ones have none: nothing makes them. */
  conditioned: readonly string[];
  /** Conditions, and windows of partitions, that time changes: by the ticks at which it does. */
  timed: readonly { cron: string; timezone: string; keys: readonly string[] }[];
  /** Assets whose condition reads code versions. */
  versioned: readonly string[];
  /** How conditioned assets and those they look at are divided; none for those that are not. */
  divisions: ReadonlyMap<string, Division>;
  /** The farthest that any condition looks. */
  depth: number;
  /** Dependencies of an asset that a part looks at. */
  depsOf(key: string, only: string | undefined, ignore: string | undefined): readonly string[];
  /** Whether an update of `dep` may come from `key` itself, around a circle. */
  circular(key: string, dep: string): boolean;
}

const indexes = new WeakMap<WorkspaceGraph, AutomationIndex>();

export function indexOf(graph: WorkspaceGraph): AutomationIndex {
  let index = indexes.get(graph);
  if (!index) {
    index = build(graph);
    indexes.set(graph, index);
  }
  return index;
}

function build(graph: WorkspaceGraph): AutomationIndex {
  const conditioned = graph.order.filter((key) => isAutomated(graph.assets.get(key)));
  const conditionOf = (key: string) => factsOf(graph.assets.get(key)!.automation!);
  const timed = new Map<string, { cron: string; timezone: string; keys: string[] }>();
  for (const key of conditioned) {
    const { crons, depth } = conditionOf(key);
    const windows = depth > 1 ? reach(graph, [key], "deps", depth) : [key, ...(depth === 1 ? graph.assets.get(key)!.deps : [])];
    const ticks = new Map(crons.map((one) => [`${one.cron}\0${one.timezone}`, one]));
    for (const one of windows)
      for (const time of timesOf(graph.assets.get(one))) ticks.set(`${time.cron}\0${time.timezone}`, time);
    for (const [name, { cron, timezone }] of ticks) {
      const group = timed.get(name);
      if (group) group.keys.push(key);
      else timed.set(name, { cron, timezone, keys: [key] });
    }
  }
  const positions = new Map(graph.order.map((key, position) => [key, position]));
  // Assets of circles, and what depends on them, come last: the first of them is where a dependency comes after.
  const before = graph.order.findIndex((key) =>
    graph.assets.get(key)!.deps.some((dep) => (positions.get(dep) ?? -1) > positions.get(key)!),
  );
  const firstStuck = before < 0 ? graph.order.length : before;
  const selections = new Map<string, ReadonlySet<string>>();
  const selected = (text: string): ReadonlySet<string> => {
    let found = selections.get(text);
    if (!found) {
      // A selection that names nothing is a problem of the workspace, told there; here it selects nothing.
      try {
        found = new Set(select(graph, text));
      } catch {
        found = new Set();
      }
      selections.set(text, found);
    }
    return found;
  };
  const circles = new Map<string, ReadonlySet<string>>();
  return {
    positions,
    conditioned,
    timed: [...timed.values()],
    versioned: conditioned.filter((key) => conditionOf(key).reads.has("codeVersionChanged")),
    divisions: new Map(
      conditioned.flatMap((key) => {
        const division = divisionOf(graph, key, conditionOf(key).depth);
        return division.kind === undefined && division.keys === undefined ? [] : [[key, division] as const];
      }),
    ),
    depth: Math.max(0, ...new Set(conditioned.map((key) => conditionOf(key).depth))),
    depsOf(key, only, ignore) {
      let deps = graph.assets.get(key)!.deps.filter((dep) => graph.assets.has(dep));
      if (only !== undefined) deps = deps.filter((dep) => selected(only).has(dep));
      return ignore === undefined ? deps : deps.filter((dep) => !selected(ignore).has(dep));
    },
    circular(key, dep) {
      if (positions.get(key)! < firstStuck) return false;
      let below = circles.get(key);
      if (!below) {
        below = reach(graph, [key], "dependents");
        circles.set(key, below);
      }
      return below.has(dep);
    },
  };
}

function divisionOf(graph: WorkspaceGraph, key: string, depth: number): Division {
  const { partitions, deps } = graph.assets.get(key)!;
  const seen = depth > 1 ? reach(graph, [key], "deps", depth) : depth === 1 ? deps : [];
  const keys = new Set([key, ...seen]);
  const fixed = [...keys].flatMap((one) =>
    axesOf(graph.assets.get(one)).flatMap((axis) => (axis.type === "static" ? [printOfKeys(axis)] : [])),
  );
  return {
    ...(partitions ? { kind: shortHash(kindOfKeys(partitions)) } : {}),
    ...(fixed.length > 0 ? { keys: shortHash(fixed.join(" ")) } : {}),
  };
}

const printed = new WeakMap<StaticPartitions, string>();
function printOfKeys(axis: StaticPartitions): string {
  const print = printed.get(axis) ?? shortHash(axis.keys.join("\0"));
  printed.set(axis, print);
  return print;
}

export const isAutomated = (node: AssetNode | undefined): boolean => node?.automation !== undefined && !node.external;

function axesOf(node: AssetNode | undefined) {
  const partitions = node?.partitions;
  if (!partitions) return [];
  return partitions.type === "multi" ? Object.values(partitions.dimensions) : [partitions];
}

const timesOf = (node: AssetNode | undefined) => axesOf(node).filter((one) => one.type === "time");
