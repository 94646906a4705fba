import { describe, expect, test } from "vitest";
import { graphOf } from "../../test/build.ts";
import {
  type AutomationCondition,
  allDepsMatch,
  and,
  anyDepsMatch,
  anyDepsUpdated,
  eager,
  initialEvaluation,
  inLatestTimeWindow,
  inProgress,
  missing,
  newlyRequested,
  newlyTrue,
  newlyUpdated,
  not,
  onMissing,
  or,
  since,
  sinceLastHandled,
  willBeRequested,
} from "../automation.ts";
import type { WorkspaceGraph } from "../graph.ts";
import { staticPartitions } from "../partition/definition.ts";
import type { PartitionSet } from "../partition/partition-set.ts";
import { workspacePartitions } from "../partition/workspace-partitions.ts";
import { type AutomationCursor, evaluateAutomation } from "./automation.ts";

/** Numbers of one seed (mulberry32): the same test every time. */
function randomOf(seed: number) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (count: number) => Math.floor(next() * count);
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  return { below, pick, chance: (share: number) => next() < share };
}
type Random = ReturnType<typeof randomOf>;

function randomCondition(random: Random, depth: number): AutomationCondition {
  const inner = () => randomCondition(random, depth - 1);
  if (depth === 0)
    return random.pick([
      missing,
      inProgress,
      newlyUpdated,
      newlyRequested,
      willBeRequested,
      initialEvaluation,
      inLatestTimeWindow,
    ])();
  return random.pick([
    () => and(inner(), inner()),
    () => or(inner(), inner()),
    () => not(inner()),
    () => since(inner(), inner()),
    () => sinceLastHandled(inner()),
    () => newlyTrue(inner()),
    () => anyDepsMatch(inner()),
    () => allDepsMatch(inner()),
    () => randomCondition(random, 0),
    eager,
    onMissing,
    anyDepsUpdated,
  ])();
}

interface Update {
  key: string;
  partition: string;
  targets: ReadonlySet<string>;
}
interface World {
  graph: WorkspaceGraph;
  updates: Update[];
  /** `asset partition`, the partition "" of assets without. */
  made: Set<string>;
  going: Set<string>;
}
const keysOf = (graph: WorkspaceGraph, key: string): readonly string[] => {
  const { partitions } = graph.assets.get(key)!;
  return partitions?.type === "static" ? partitions.keys : [""];
};

/**
 * The algebra said again as plainly as can be: one truth for each partition, every asset looked at every time, nothing shared
 * with what it is compared with. It requests what is due of the assets that were looked at; of the others nothing may be due
 * that was not due before, for no look must be left out that would have found anything.
 */
function naiveEvaluator() {
  const memories = new Map<string, Set<string>>();
  const seen = new Set<string>();
  let lastRequested = new Set<string>();
  const dueBefore = new Map<string, string[]>();
  return (world: World, looked: ReadonlySet<string>): string[] => {
    const { graph } = world;
    const requested = new Set<string>();
    const looks: string[] = [];
    for (const key of graph.order) {
      const condition = graph.assets.get(key)!.automation;
      if (!condition) continue;
      const initial = !seen.has(key);
      const writes = new Map<string, Set<string>>();
      const needed = (of: string, dep: string, partition: string): string[] => {
        const own = keysOf(graph, of);
        const theirs = keysOf(graph, dep);
        return own.join() === theirs.join() ? [partition] : [...theirs];
      };
      const truth = (one: AutomationCondition, at: string, partition: string, path: string): boolean => {
        const name = `${at} ${partition}`;
        const memory = `${key} ${path}`;
        const kept = () => memories.get(memory)?.has(partition) ?? false;
        const keep = (value: boolean) => {
          const own = writes.get(memory) ?? new Set();
          writes.set(memory, own);
          if (value) own.add(partition);
          return value;
        };
        switch (one.type) {
          case "missing":
            return !world.made.has(name);
          case "inProgress":
            return world.going.has(name);
          case "newlyUpdated":
            return world.updates.some(
              (update) => `${update.key} ${update.partition}` === name && (at === key || !update.targets.has(key)),
            );
          case "newlyRequested":
            return lastRequested.has(name);
          case "willBeRequested":
            return requested.has(name);
          case "initialEvaluation":
            return initial;
          case "inLatestTimeWindow":
            return true;
          case "not":
            return !truth(one.condition, at, partition, `${path}/0`);
          // Every part is looked at, also where the first says it all: parts remember.
          case "and":
            return one.conditions.map((part, index) => truth(part, at, partition, `${path}/${index}`)).every(Boolean);
          case "or":
            return one.conditions.map((part, index) => truth(part, at, partition, `${path}/${index}`)).some(Boolean);
          case "since": {
            const trigger = truth(one.trigger, at, partition, `${path}/trigger`);
            const reset = truth(one.reset, at, partition, `${path}/reset`);
            return keep(initial ? trigger && !reset : trigger || (kept() && !reset));
          }
          case "newlyTrue": {
            const now = truth(one.condition, at, partition, `${path}/0`);
            const first = !memories.has(memory);
            const before = kept();
            keep(now);
            return now && !before && !first;
          }
          case "anyDeps":
          case "allDeps": {
            const found = graph.assets.get(at)!.deps.map((dep) => {
              // Each partition of the dependency once, so that each remembers what it was.
              const values = new Map(
                keysOf(graph, dep).map((theirs) => [theirs, truth(one.condition, dep, theirs, `${path}/${dep}`)]),
              );
              return needed(at, dep, partition).some((theirs) => values.get(theirs));
            });
            return one.type === "anyDeps" ? found.some(Boolean) : found.every(Boolean);
          }
          default:
            throw new Error(`not in this test: ${one.type}`);
        }
      };
      const due = keysOf(graph, key).filter((partition) => truth(condition, key, partition, ""));
      for (const [memory, own] of writes) memories.set(memory, own);
      seen.add(key);
      const before = dueBefore.get(key) ?? [];
      dueBefore.set(key, due);
      if (!looked.has(key)) {
        expect(before, `${key} was not looked at: ${JSON.stringify(condition)}`).toEqual(expect.arrayContaining(due));
        continue;
      }
      for (const partition of due) {
        requested.add(`${key} ${partition}`);
        looks.push(`${key} ${partition}`.trim());
      }
    }
    lastRequested = requested;
    return looks;
  };
}

/** The evaluator itself, with its cursor as text between the looks. */
function realEvaluator() {
  let cursor: AutomationCursor = { eventId: 0, at: 0, assets: {} };
  return (world: World, touched: readonly string[]): { request: string[]; looked: ReadonlySet<string> } => {
    const { graph } = world;
    const partitions = workspacePartitions(graph, { now: 0, dynamicKeys: () => [] });
    const setOf = (key: string, names: ReadonlySet<string>): PartitionSet => {
      const space = partitions.spaceOf(key);
      const own = keysOf(graph, key).filter((partition) => names.has(`${key} ${partition}`));
      return space.definition ? space.read(own) : own.length > 0 ? space.all() : new Map();
    };
    const result = evaluateAutomation({
      graph,
      partitions,
      enabled: () => true,
      updates: world.updates.map((update) => ({ ...update, at: 0 })),
      touched,
      materializedAt: (key) => (world.made.has(`${key} `) ? 1 : null),
      materialized: (key) => setOf(key, world.made),
      inProgress: (key) => setOf(key, world.going),
      cursor,
      eventId: 0,
      now: 0,
    });
    cursor = JSON.parse(JSON.stringify(result.cursor)) as AutomationCursor;
    const request = result.request.flatMap((key) => {
      const space = partitions.spaceOf(key);
      return space.definition ? space.keys(result.requested.get(key)!).map((partition) => `${key} ${partition}`) : [key];
    });
    return { request, looked: new Set(result.evaluations.keys()) };
  };
}

function randomWorld(random: Random): World {
  const three = staticPartitions(["x", "y", "z"]);
  const more = Object.fromEntries(
    ["a", "b", "c", "d", "e"].map((key, at) => [
      key,
      {
        ...(random.chance(0.5) ? { partitions: three } : {}),
        ...(at >= 1 ? { automation: randomCondition(random, 1 + random.below(3)) } : {}),
      },
    ]),
  );
  const graph = graphOf({ team: ["a", "b <- a", "c <- a, b", "d <- b", "e <- c, d"] }, more);
  return { graph, updates: [], made: new Set(), going: new Set() };
}

describe("the evaluator against a naive one", () => {
  test.each(Array.from({ length: 300 }, (_, seed) => seed))("random conditions and events, seed %i", (seed) => {
    const random = randomOf(seed);
    const world = randomWorld(random);
    const all = [...world.graph.assets.keys()].flatMap((key) =>
      keysOf(world.graph, key).map((partition) => ({ key, partition })),
    );
    const naive = naiveEvaluator();
    const real = realEvaluator();
    for (const { key, partition } of all) if (random.chance(0.5)) world.made.add(`${key} ${partition}`);
    for (let round = 0; round < 25; round++) {
      world.updates = [];
      const touched: string[] = [];
      for (let events = random.below(3); events > 0; events--) {
        const { key, partition } = random.pick(all);
        const name = `${key} ${partition}`;
        const what = random.below(4);
        if (what <= 1) {
          world.made.add(name);
          const targets = new Set([key, ...(random.chance(0.4) ? [random.pick(all).key] : [])]);
          world.updates.push({ key, partition, targets });
        } else {
          const set = what === 2 ? world.going : world.made;
          if (!set.delete(name)) set.add(name);
          touched.push(key);
        }
      }
      const { request, looked } = real(world, touched);
      expect(request, `seed ${seed}, look ${round}`).toEqual(naive(world, looked));
    }
  });

  test("A since B is true from A until B, partition by partition", () => {
    const random = randomOf(7);
    const graph = graphOf(
      { team: ["a"] },
      { a: { partitions: staticPartitions(["x", "y"]), automation: since(newlyUpdated(), inProgress()) } },
    );
    const world: World = { graph, updates: [], made: new Set(), going: new Set() };
    const real = realEvaluator();
    const expected = { x: false, y: false };
    real(world, []);
    for (let round = 0; round < 200; round++) {
      world.updates = [];
      for (const partition of ["x", "y"] as const) {
        const trigger = random.chance(0.2);
        const reset = random.chance(0.2);
        if (trigger) world.updates.push({ key: "a", partition, targets: new Set(["a"]) });
        if (reset) world.going.add(`a ${partition}`);
        else world.going.delete(`a ${partition}`);
        expected[partition] = trigger || (expected[partition] && !reset);
      }
      const due = (["x", "y"] as const).filter((partition) => expected[partition]).map((partition) => `a ${partition}`);
      expect(real(world, ["a"]).request).toEqual(due);
    }
  });
});
