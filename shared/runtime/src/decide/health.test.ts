import { describe, expect, test } from "vitest";
import { assetNamed } from "../../test/build.ts";
import type { CheckCounts, PartitionedChecks } from "../partition/check-status.ts";
import { dailyPartitions } from "../partition/definition.ts";
import { type AssetState, emptyAssetState } from "../storage.ts";
import { assetHealth, type HealthInput } from "./health.ts";

const check = (name: string) => ({ name, blocking: false, by: "code" as const });
const node = (...checks: string[]) => ({ ...assetNamed("a"), checks: checks.map(check) });
const made = { eventId: 1, at: 100, runId: "r1", metadata: {} };
const last = (status: "succeeded" | "failed" | "skipped") => ({ runId: "r1", status, at: 100 });
const result = (passed: boolean, severity: "WARN" | "ERROR" = "ERROR") => ({
  passed,
  severity,
  at: 1,
  runId: "r1",
  metadata: {},
});
const good: AssetState = { ...emptyAssetState("a"), materialization: made, last: last("succeeded") };
const health = (input: Partial<HealthInput> & { state?: AssetState | undefined }) =>
  assetHealth({ node: node(), state: undefined, freshness: undefined, ...input });

describe("the health of an asset, cell by cell", () => {
  test.each([
    ["nothing known", {}, "unknown"],
    ["materialized", { state: good }, "healthy"],
    ["last run failed", { state: { ...good, last: last("failed") } }, "degraded"],
    ["failed and never materialized", { state: { ...emptyAssetState("a"), last: last("failed") } }, "degraded"],
    ["skipped after a success", { state: { ...good, last: last("skipped") } }, "healthy"],
    ["fresh", { state: good, freshness: "fresh" }, "healthy"],
    ["freshness warns", { state: good, freshness: "warn" }, "warning"],
    ["freshness failed", { state: good, freshness: "fail" }, "degraded"],
    ["freshness unknown", { freshness: "unknown" }, "unknown"],
    ["a check passed", { node: node("x"), state: { ...good, checks: { x: result(true) } } }, "healthy"],
    ["a check warns", { node: node("x"), state: { ...good, checks: { x: result(false, "WARN") } } }, "warning"],
    ["a check failed", { node: node("x"), state: { ...good, checks: { x: result(false) } } }, "degraded"],
    ["its checks never ran", { node: node("x"), state: good }, "healthy"],
    ["only a check is known", { node: node("x"), state: { ...emptyAssetState("a"), checks: { x: result(true) } } }, "healthy"],
    ["a check that is no more failed", { state: { ...good, checks: { gone: result(false) } } }, "healthy"],
    [
      "the worst counts",
      { node: node("x"), state: { ...good, checks: { x: result(false, "WARN") } }, freshness: "fail" },
      "degraded",
    ],
  ] as [string, Partial<HealthInput>, string][])("%s", (_, input, status) => {
    expect(health(input).status).toBe(status);
  });
  test.each([
    [{ made: 0, failed: 0 }, "unknown"],
    [{ made: 5, failed: 0 }, "healthy"],
    [{ made: 5, failed: 1 }, "warning"],
    [{ made: 5, failed: 2 }, "degraded"],
  ] as const)("partitions %j: %s, whatever the last run did", (partitions, status) => {
    const partitioned = { ...node(), partitions: dailyPartitions({ start: "2026-01-01" }) };
    expect(health({ node: partitioned, state: { ...good, last: last("failed") }, partitions }).status).toBe(status);
  });
  describe("checks of a partitioned asset", () => {
    const partitioned = { ...node("rows", "ids"), partitions: dailyPartitions({ start: "2026-01-01" }) };
    const none = { count: 0, texts: [] };
    const counts = (more: Partial<CheckCounts> = {}): CheckCounts => ({
      ...{ passed: 3, warned: 0, failed: 0, failing: [], whole: undefined, latest: undefined },
      ...more,
    });
    const whole = (severity: "WARN" | "ERROR") => ({
      severity,
      check: "rows",
      partition: "",
      eventId: 1,
      at: 1,
      runId: null,
      passed: false,
    });
    const some = (...texts: string[]) => ({ count: texts.length, texts });
    const of = (one: CheckCounts, failed = none as PartitionedChecks["failed"], warned = none as PartitionedChecks["failed"]) =>
      health({
        node: partitioned,
        state: good,
        partitions: { made: 3, failed: 0 },
        checks: { byName: new Map([["rows", one]]), failed, warned },
      });
    test.each([
      ["none fails", counts(), none, none, "healthy", "1 of 2 checks ran, none fails for any partition"],
      ["one warns", counts({ warned: 1 }), none, some("d1"), "warning", "checks warn for 1 partition (d1): rows"],
      ["one fails", counts({ failed: 1 }), some("d1"), none, "warning", "checks failed for 1 partition (d1): rows"],
      ["two fail", counts({ failed: 2 }), some("d1", "d2"), none, "degraded", "checks failed for 2 partitions (d1, d2): rows"],
      ["the whole fails", counts({ whole: whole("ERROR") }), none, none, "degraded", "checks of the whole asset failed: rows"],
      ["the whole warns", counts({ whole: whole("WARN") }), none, none, "warning", "checks of the whole asset warn: rows"],
    ] as const)("%s", (_, one, failed, warned, status, text) => {
      const found = of(one, failed as never, warned as never);
      expect([found.status, found.reasons.find((reason) => reason.of === "checks")!.text]).toEqual([status, text]);
    });
    test("a latest result that passes hides nothing", () => {
      const state = { ...good, checks: { rows: result(true) } };
      const checks = { byName: new Map([["rows", counts({ failed: 2 })]]), failed: some("d1", "d2"), warned: none };
      expect(health({ node: partitioned, state, checks }).status).toBe("degraded");
    });
  });
  test("a materialization reported after the failure clears it; one of the failed run itself does not", () => {
    const failed = { ...good, last: { runId: "r2", status: "failed" as const, at: 200 } };
    expect(health({ state: { ...failed, materialization: { ...made, runId: null, at: 200 } } }).status).toBe("healthy");
    expect(health({ state: { ...failed, materialization: { ...made, runId: null, at: 199 } } }).status).toBe("degraded");
    expect(health({ state: { ...failed, materialization: { ...made, runId: "r2", at: 200 } } }).status).toBe("degraded");
  });
  test("the reasons name what is wrong, the worst first", () => {
    const state = { ...good, checks: { x: result(false), y: result(true) } };
    expect(
      health({ node: node("x", "y"), state, freshness: "warn" }).reasons.map((one) => [one.of, one.status, one.text]),
    ).toEqual([
      ["checks", "degraded", "checks failed: x"],
      ["freshness", "warning", "it is about to be older than its freshness policy allows"],
      ["materialization", "healthy", "its latest materialization succeeded"],
    ]);
  });
});
