import { describe, expect, test } from "vitest";
import { assetNamed, graphOf, locationOf } from "../test/build.ts";
import { buildGraph, type WorkspaceGraph } from "./graph.ts";
import { type PlannedRun, planRuns } from "./plan.ts";

const planOf = (graph: WorkspaceGraph, keys = graph.order) => planRuns(graph, keys);
const shape = (runs: PlannedRun[]) => runs.map((run) => `${run.location}(${run.assets.join(" ")})<${run.needs.join(",")}>`);
const step = (name: string, subset = true) => ({ step: name, subset });

describe("planRuns()", () => {
  test("assets of one location are one run, however they hang together", () => {
    expect(shape(planOf(graphOf({ one: ["a", "b <- a", "c", "d <- c, b"] })))).toEqual(["one(a c b d)<>"]);
  });
  test("a chain over three locations is three runs, each waiting for the one before", () => {
    const graph = graphOf({ three: ["c <- b"], two: ["b <- a"], one: ["a"] });
    expect(shape(planOf(graph))).toEqual(["one(a)<>", "two(b)<0>", "three(c)<1>"]);
  });
  test("locations that do not need each other do not wait for each other", () => {
    expect(planOf(graphOf({ one: ["a"], two: ["b"] })).map((run) => run.needs)).toEqual([[], []]);
  });
  test("a location appears twice when another one stands in between, and only then", () => {
    const graph = graphOf({ one: ["a", "x", "c <- b"], two: ["b <- a", "y"] });
    expect(shape(planOf(graph))).toEqual(["one(a x)<>", "two(y b)<0>", "one(c)<1>"]);
    expect(shape(planOf(graph, ["a", "x", "c"]))).toEqual(["one(a x c)<>"]);
  });
  test("the fewest runs are found where the nearest choice would take more", () => {
    // Starting with one (its a) costs four runs; starting with two costs three.
    const graph = graphOf({ one: ["a", "d <- c"], two: ["c", "e <- d"] });
    expect(planOf(graph)).toHaveLength(3);
    expect(planOf(graph)[0]!.location).toBe("two");
  });
  test("external assets are left out; a request of nothing else is refused by name", () => {
    const graph = graphOf({ one: ["a", "b <- a"] }, { a: { external: true } });
    expect(shape(planOf(graph))).toEqual(["one(b)<>"]);
    expect(() => planOf(graph, ["a"])).toThrow("nothing to run: a is an external asset");
    expect(() => planOf(graph, [])).toThrow("the selection names no asset");
  });
  test("assets of a circle are refused", () => {
    const { graph } = buildGraph([locationOf("one", [assetNamed("a", ["b"]), assetNamed("b", ["a"])])]);
    expect(() => planOf(graph)).toThrow("depend on each other in a circle");
  });
});

describe("steps of a run", () => {
  test("a step needs the steps of its dependencies, once each", () => {
    const graph = graphOf({ one: ["a", "b <- a", "c <- a, b"] });
    expect(planOf(graph)[0]!.steps).toEqual([
      { key: "a", name: "a", assets: ["a"], needs: [] },
      { key: "b", name: "b", assets: ["b"], needs: ["a"] },
      { key: "c", name: "c", assets: ["c"], needs: ["a", "b"] },
    ]);
  });
  test("a multi-asset is one step", () => {
    const graph = graphOf({ one: ["m1", "m2 <- m1", "z <- m2"] }, { m1: step("m"), m2: step("m") });
    expect(planOf(graph)[0]!.steps.map((one) => [one.key, one.assets, one.needs])).toEqual([
      ["m", ["m1", "m2"], []],
      ["z", ["z"], ["m"]],
    ]);
  });
  test("a multi-asset runs a second time, as #2, when another asset stands between its own", () => {
    const graph = graphOf({ one: ["m1", "b <- m1", "m2 <- b"] }, { m1: step("m"), m2: step("m") });
    expect(planOf(graph)[0]!.steps.map((one) => [one.key, one.name, one.assets, one.needs])).toEqual([
      ["m", "m", ["m1"], []],
      ["b", "b", ["b"], ["m"]],
      ["m#2", "m", ["m2"], ["b"]],
    ]);
  });
  test("one that makes all or nothing is not split, and not selected in part", () => {
    const graph = graphOf({ one: ["m1", "b <- m1", "m2 <- b"] }, { m1: step("m", false), m2: step("m", false) });
    expect(() => planOf(graph)).toThrow("another selected asset lies between them");
    expect(() => planOf(graph, ["m1"])).toThrow(
      expect.objectContaining({ message: expect.stringContaining('cannot make "m1" alone'), hint: 'Select "m2" too.' }),
    );
    expect(planOf(graph, ["m1", "m2"])[0]!.steps).toHaveLength(1);
  });
});

describe("10,000 assets", () => {
  const count = 10_000;
  const many = (line: (at: number) => string) => Array.from({ length: count }, (_, at) => line(at));
  // The bound is a hundred times what it takes: a quadratic plan does not end within it.
  const within = (work: () => PlannedRun[]): PlannedRun[] => {
    const start = performance.now();
    const plan = work();
    expect(performance.now() - start).toBeLessThan(10_000);
    return plan;
  };
  test("in one chain, one star and in layers are planned in one run each", () => {
    for (const line of [
      (at: number) => (at === 0 ? "n0" : `n${at} <- n${at - 1}`),
      (at: number) => (at === 0 ? "n0" : `n${at} <- n0`),
      (at: number) => (at < 100 ? `n${at}` : `n${at} <- n${at - 100}, n${at - (at % 7) - 90}`),
    ]) {
      const graph = graphOf({ one: many(line) });
      const [run] = within(() => planOf(graph));
      expect(run!.steps).toHaveLength(count);
    }
  });
  test("over eight locations of which one appears twice are nine runs", () => {
    const locations: Record<string, string[]> = {};
    for (let at = 0; at < 8; at++) locations[`l${at}`] = at === 0 ? ["r0"] : [`r${at} <- r${at - 1}`];
    for (let at = 0; at < count - 9; at++) locations[`l${at % 8}`]!.push(at % 16 < 8 ? `n${at}` : `n${at} <- r${at % 8}`);
    locations.l0!.push("last <- r7");
    const graph = graphOf(locations);
    expect(within(() => planOf(graph)).map((run) => run.location)).toEqual([...Object.keys(locations), "l0"]);
  });
});
