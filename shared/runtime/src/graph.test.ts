import { describe, expect, test } from "vitest";
import { assetNamed, graphOf, locationOf } from "../test/build.ts";
import { buildGraph, reach } from "./graph.ts";

describe("buildGraph()", () => {
  test("every dependency comes before its dependents, over all locations", () => {
    const graph = graphOf({ one: ["c <- b", "a"], two: ["b <- a"] });
    expect(graph.order).toEqual(["a", "b", "c"]);
    expect(graph.assets.get("a")!.dependents).toEqual(["b"]);
    expect(graph.assets.get("b")!.location).toBe("two");
  });
  test("a key of two locations stays with the first and is a problem that names both places", () => {
    const { graph, problems } = buildGraph([
      locationOf("one", [assetNamed("orders", [], { where: "one.ts:1" })]),
      locationOf("two", [assetNamed("orders", [], { where: "two.ts:2" })]),
    ]);
    expect(graph.assets.get("orders")!.location).toBe("one");
    expect(problems).toEqual([
      {
        kind: "duplicate",
        assets: ["orders"],
        locations: ["one", "two"],
        message: expect.stringContaining("location one and in location two (one.ts:1 and two.ts:2)"),
      },
    ]);
  });
  test("a dependency that no location defines is a problem with a suggestion", () => {
    const { problems } = buildGraph([
      locationOf("one", [assetNamed("sales/orders"), assetNamed("count", ["sales/order"], { where: "one.ts:7" })]),
    ]);
    expect(problems).toEqual([
      {
        kind: "dangling",
        assets: ["count", "sales/order"],
        locations: ["one"],
        message:
          'asset "count" (location one, one.ts:7) depends on "sales/order", which no location defines. Did you mean "sales/orders"?',
      },
    ]);
  });
  test.each([
    ["over two locations", { one: ["a <- c", "x <- a"], two: ["b <- a", "c <- b"] }, ["a", "b", "c"], ["one", "two"]],
    ["of one asset with itself", { one: ["a <- a"] }, ["a"], ["one"]],
  ])("a circle %s is a problem that names its path", (_, locations, cycle, teams) => {
    const snapshots = Object.entries(locations).map(([name, lines]) =>
      locationOf(
        name,
        lines.map((line) => {
          const [key, dep] = line.split(" <- ");
          return assetNamed(key!, dep ? [dep] : []);
        }),
      ),
    );
    const { graph, problems } = buildGraph(snapshots);
    expect(problems).toHaveLength(1);
    expect(problems[0]!.kind).toBe("cycle");
    expect([...problems[0]!.assets].sort()).toEqual(cycle);
    expect([...problems[0]!.locations].sort()).toEqual(teams);
    const steps = problems[0]!.message.replace("cyclic dependency: ", "").split(" -> ");
    expect(steps.at(0)).toBe(steps.at(-1));
    for (let at = 1; at < steps.length; at++) expect(graph.assets.get(steps[at]!)!.deps).toContain(steps[at - 1]);
    expect([...graph.order].sort()).toEqual([...graph.assets.keys()].sort());
  });
  test("a circle names the places of its assets, as far as they are known", () => {
    const { problems } = buildGraph([
      locationOf("one", [assetNamed("a", ["b"], { where: "a.ts:3" }), assetNamed("b", ["a"], { where: "b.ts:5" })]),
    ]);
    expect(problems.map((problem) => problem.message)).toEqual(["cyclic dependency: b -> a -> b (b at b.ts:5, a at a.ts:3)"]);
  });
  test("committed keys of a location that is not loaded stand as external assets", () => {
    const { graph, problems } = buildGraph(
      [locationOf("one", [assetNamed("b", ["a"])])],
      [
        { location: "two", keys: ["a"] },
        { location: "one", keys: ["gone"] },
      ],
    );
    expect(problems).toEqual([]);
    expect(graph.assets.get("a")).toMatchObject({ location: "two", external: true, dependents: ["b"] });
    expect(graph.assets.has("gone")).toBe(false);
  });
});

describe("reach()", () => {
  const graph = graphOf({ one: ["a", "b <- a, gone", "c <- b", "d <- c"] });
  test.each([
    ["all above", ["d"], "deps", undefined, ["a", "b", "c", "d"]],
    ["two below", ["a"], "dependents", 2, ["a", "b", "c"]],
    ["none", ["b"], "deps", 0, ["b"]],
    ["several starts", ["a", "c"], "dependents", 1, ["a", "b", "c", "d"]],
  ] as const)("%s", (_, start, direction, depth, found) => {
    expect([...reach(graph, start, direction, depth)].sort()).toEqual(found);
  });
});
