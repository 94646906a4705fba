import { describe, expect, test } from "vitest";
import { graphOf } from "../../test/build.ts";
import { staticPartitions } from "../partition/definition.ts";
import { type AssetState, emptyAssetState } from "../storage.ts";
import { failedBlockingChecks, heldByCheck } from "./blocking.ts";

const rows = (blocking: boolean, everywhere = false) => ({ name: "rows", by: "code" as const, blocking, everywhere });
const stateOf = (passed: boolean, severity: "WARN" | "ERROR" = "ERROR"): AssetState => ({
  ...emptyAssetState("a"),
  checks: { rows: { passed, severity, at: 5, runId: "r1", metadata: {} } },
});
const graphWith = (check: ReturnType<typeof rows>) => graphOf({ one: ["a"], two: ["b <- a"] }, { a: { checks: [check] } });
const runOf = (...assets: string[]) => ({ plan: { location: "two", assets, steps: [], needs: [] } });

describe("a failed blocking check", () => {
  test.each([
    [rows(true, true), stateOf(false), "any", 1],
    [rows(true, true), stateOf(false), "everywhere", 1],
    [rows(true), stateOf(false), "any", 1],
    [rows(true), stateOf(false), "everywhere", 0],
    [rows(false), stateOf(false), "any", 0],
    [rows(true, true), stateOf(false, "WARN"), "any", 0],
    [rows(true, true), stateOf(true), "any", 0],
    [rows(true, true), undefined, "any", 0],
  ] as const)("%j with %j counts for %s: %i", (check, state, reach, count) => {
    expect(failedBlockingChecks(graphWith(check).assets.get("a")!, state, reach)).toHaveLength(count);
  });
  test("that the asset no longer has counts no more", () => {
    const graph = graphOf({ one: ["a"] });
    expect(failedBlockingChecks(graph.assets.get("a")!, stateOf(false))).toEqual([]);
  });
  test("that blocks everywhere holds a run of a dependant back, by name; one that makes the asset itself goes", () => {
    const states = new Map([["a", stateOf(false)]]);
    const graph = graphWith(rows(true, true));
    expect(heldByCheck(graph, runOf("b"), states)).toBe(
      "waits for check a:rows to pass: it blocks everywhere and failed in run r1",
    );
    expect(heldByCheck(graph, runOf("a", "b"), states)).toBeUndefined();
    expect(heldByCheck(graph, runOf("b"), new Map([["a", stateOf(true)]]))).toBeUndefined();
    expect(heldByCheck(graphWith(rows(true)), runOf("b"), states)).toBeUndefined();
  });
  test("of a dependency with partitions holds back by what it says of those that the run needs", () => {
    const partitions = staticPartitions(["x", "y"]);
    const graph = graphOf({ one: ["a"], two: ["b <- a"] }, { a: { checks: [rows(true, true)], partitions } });
    // The latest result of all passed: it is not what counts.
    const states = new Map([["a", stateOf(true)]]);
    const failing = (asset: string, check: string) => ({ at: 5, runId: "r7", partitions: `x of ${asset}#${check}` });
    expect(heldByCheck(graph, runOf("b"), states, failing)).toBe(
      "waits for check a:rows to pass for x of a#rows: it blocks everywhere and failed in run r7",
    );
    expect(heldByCheck(graph, runOf("b"), new Map([["a", stateOf(false)]]), () => undefined)).toBeUndefined();
  });
});
