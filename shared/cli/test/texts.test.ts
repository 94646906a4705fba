import type { Run, RunEvent } from "@kc/host/client";
import { durationMs } from "@kc/host/duration";
import { describe, expect, test } from "vitest";
import { checkText } from "../src/check-text.ts";
import { plannedText } from "../src/commands/backfill.ts";
import { joinedText } from "../src/commands/dev.ts";
import { spanOf } from "../src/commands/simulate.ts";
import { eventLine, type RunName } from "../src/follow.ts";
import { toldPreview } from "../src/instigators.ts";
import { backfillFailures, causeOf, partitionText } from "../src/run-cause.ts";
import { simulationRows, simulationSummary } from "../src/simulation-text.ts";
import { taskLines } from "../src/turbo.ts";

test("a platform that runs at another port than was asked for says so", () => {
  const at = (url: string, served = true) => ({ url, served });
  const joined = "kc dev: joined the platform that runs at http://localhost:3000";
  expect(joinedText(at("http://localhost:3000"), undefined)).toBe(joined);
  expect(joinedText(at("http://localhost:3000"), 3000)).toBe(joined);
  expect(joinedText(at("http://localhost:3000"), 3810)).toBe(
    `${joined}, not at port 3810: another kc dev keeps it there. Stop that one (Ctrl-C) and start again to move it`,
  );
  expect(joinedText(at("http://localhost:3000", false), 3810)).toMatch(
    /, not at port 3810: a command keeps it there\. Start again once/,
  );
});

test("a dry run tells the runs of each group with the policy that counts", () => {
  const text = plannedText({
    assets: [{ key: "day", count: 10, partitions: ["2026-01-01...2026-01-10"] }],
    partitions: 11,
    groups: [
      { assets: ["day"], policy: { chunks: 4 }, runs: 3 },
      { assets: ["a", "b", "c", "d"], policy: null, runs: 1 },
    ],
    runs: 4,
    first: [],
  });
  expect(text.split("\n")).toEqual([
    "asset  partitions",
    "day    10          2026-01-01...2026-01-10",
    "",
    "runs  policy         of",
    "3     chunks=4       day",
    "1     no partitions  a, b, c and 1 more",
    "",
    "4 runs for 11 partitions, when nothing fails",
  ]);
});

describe("the span of a simulation", () => {
  const now = Date.parse("2026-01-01T00:00:00Z");
  const span = (from: string | undefined, to: string) => spanOf(from, to, durationMs, now);
  test("is a day from now, or what is asked for", () => {
    expect(span(undefined, "+1d")).toEqual({ from: new Date(now), to: new Date("2026-01-02T00:00:00Z") });
    expect(span("2026-06-01", "2027-06-01")).toEqual({ from: new Date("2026-06-01"), to: new Date("2027-06-01") });
  });
  test.each([
    ["soon", "+1d", '--from "soon" is no instant'],
    [undefined, "later", '--to "later" is no instant'],
    [undefined, "+1x", '--to "+1x" is no span: write it as +6h or +1d'],
    [undefined, "+3000d", '--to "+3000d" is over 366 days after --from'],
    [undefined, "2030-01-01", '--to "2030-01-01" is over 366 days after --from'],
    ["9999-12-31", "+1d", '--from "9999-12-31" is over 10 years away'],
    ["+275760-09-13", "+1d", "is over 10 years away"],
  ])("from %s to %s is refused", (from, to, message) => {
    expect(() => span(from, to)).toThrow(
      expect.objectContaining({ name: "UsageError", message: expect.stringContaining(message) }),
    );
  });
});

test("a preview cuts a long cursor", () => {
  const nothing = { at: "2026-01-01T00:00:00Z", runs: [], events: [], partitions: [], skip: null, error: null, logs: [] };
  const text = toldPreview({ ...nothing, cursor: { before: null, after: "x".repeat(5_000) } });
  expect(text).toBe(`At 2026-01-01T00:00:00Z:\n  cursor (none) -> ${"x".repeat(200)}… (cut; --json has more)`);
});

test.each([
  [{ "kc/backfill": "b1" }, "backfill b1"],
  [{ "kc/schedule": "nightly", "kc/job": "j" }, "schedule nightly"],
  [{ "kc/job": "j" }, "job j"],
  [{}, ""],
])("the cause of a run with the tags %j is %j", (tags, cause) => expect(causeOf(tags)).toBe(cause));

test("a long list of partitions is cut in a table", () => {
  expect(["", "2026-01-01", "a...c,e"].map(partitionText)).toEqual(["", "2026-01-01", "a...c,e"]);
  expect(partitionText("a,b,c")).toBe("a,b,… (3 ranges)");
});

describe("the failures of a backfill", () => {
  const run = (id: string, tags: object, more: object = {}) =>
    ({
      id,
      tags,
      partition: "2026-01-01...2026-01-03",
      createdAt: "2026-01-05T00:00:00Z",
      reason: "1 step failed",
      ...more,
    }) as Run;
  const api = (runs: Run[]) => ({
    runs: async () => runs,
    runEvents: async (id: string) =>
      (id === "lost"
        ? []
        : [{ type: "step_failed", asset: "orders", error: { message: "no table\nstack" } }]) as unknown as RunEvent[],
  });
  const backfill = { id: "b1", createdAt: "2026-01-04T00:00:00Z" };
  test("name the run, its partitions and the first line of the step's error; foreign runs are left out", async () => {
    const runs = [run("lost", { "kc/backfill": "b1" }), run("r1", { "kc/backfill": "b1" }), run("other", {})];
    expect(await backfillFailures(api(runs), backfill)).toEqual([
      "  ✗ run r1 (2026-01-01...2026-01-03): orders: no table",
      "  ✗ run lost (2026-01-01...2026-01-03): 1 step failed",
    ]);
  });
  test("of many the first ten are told", async () => {
    const runs = Array.from({ length: 12 }, (_, at) => run(`r${at}`, { "kc/backfill": "b1" }));
    const lines = await backfillFailures(api(runs), backfill);
    expect(lines).toHaveLength(11);
    expect(lines.at(-1)).toBe("  … and 2 more failed runs");
  });
});

test("a simulation tells its runs, the ticks that asked for nothing and the checks that did not pass, in order", () => {
  const at = Date.parse("2026-01-01T00:00:00Z");
  const happened = {
    runs: [
      {
        id: "r",
        createdAt: at + 1_000,
        location: "dbt",
        tags: { "kc/sensor": "s" },
        plan: { assets: ["a"] },
        status: "succeeded",
      },
    ],
    ticks: [
      { at, location: "dbt", type: "sensor", name: "s", status: "skipped", skip: "no file", error: null },
      { at: at + 1_000, location: "dbt", type: "sensor", name: "s", status: "success", skip: null, error: null },
    ],
    events: [
      { at: at + 2_000, runId: "r", asset: "a", check: { name: "c", passed: false, severity: "WARN" } },
      { at: at + 2_000, runId: "r", asset: "a", check: { name: "d", passed: true, severity: "WARN" } },
      { at: at + 2_000, runId: "foreign", asset: "b", check: { name: "c", passed: false, severity: "ERROR" } },
    ],
    alerts: [{}],
  } as unknown as Parameters<typeof simulationRows>[0] & Parameters<typeof simulationSummary>[0];
  expect(simulationRows(happened)).toEqual([
    ["2026-01-01T00:00:00Z", "dbt", "sensor s", "tick", "skipped: no file"],
    ["2026-01-01T00:00:01Z", "dbt", "sensor s", "a", "succeeded"],
    ["2026-01-01T00:00:02Z", "dbt", "check", "a:c", "warned"],
  ]);
  expect(simulationSummary(happened, "1d")).toBe("1 run in 1d (dbt 1), 2 ticks (skipped 1, success 1), 1 alert");
});

describe("the line of an event", () => {
  const run = (more: Partial<RunName> = {}): RunName => ({
    location: "shop",
    partition: null,
    assets: ["orders"],
    checks: [],
    tags: {},
    ...more,
  });
  const line = (event: object, of: RunName | undefined) =>
    eventLine({ id: 1, runId: "r1", at: "2026-01-05T10:00:00.000Z", ...event } as RunEvent, () => of)?.slice("10:00:00 ".length);
  test.each([
    [run(), "shop        run r1 of orders started"],
    [run({ partition: "2026-01-01...2026-01-31" }), "shop        run r1 of orders [2026-01-01...2026-01-31] started"],
    [
      run({ partition: "a,b,c,d", assets: ["orders", "items", "days"] }),
      "shop        run r1 of orders and 2 more [a,b,… (4 ranges)] started",
    ],
    [run({ partition: "2026-01", tags: { "kc/job": "nightly" } }), "shop        run r1 of job nightly [2026-01] started"],
    [run({ checks: ["orders:rows"] }), "shop        run r1 of check orders:rows started"],
    [undefined, "            run r1 started"],
  ])("of a run names what it is of and its partitions: %#", (of, text) => {
    expect(line({ type: "run_started" }, of)).toBe(text);
  });
  test.each([
    [{ type: "materialization", metadata: {} }, "✓ orders [2026-01-01]"],
    [{ type: "unchanged" }, "= orders [2026-01-01] is unchanged"],
    [{ type: "step_failed", error: { message: "no table" } }, "✗ orders [2026-01-01]: no table"],
    [{ type: "step_retry", attempt: 1, error: { message: "no table" } }, "↻ orders [2026-01-01]: try 1 failed: no table"],
    [
      { type: "check_result", check: { name: "rows", passed: false, severity: "ERROR", description: "none" } },
      "✗ check orders:rows [2026-01-01]: none",
    ],
  ])("of an asset names its partitions: %j", (event, text) => {
    expect(line({ asset: "orders", partition: "2026-01-01", ...event }, run())).toBe(`shop        ${text}`);
  });
});

describe("taskLines()", () => {
  test("has what the tasks wrote, and nothing of what turbo says around it", () => {
    const output = [
      "• turbo 2.11.11",
      "   • Packages in scope: @kc/cli, @loc/shop",
      "@loc/shop:check: cache miss, executing 0123456789abcdef",
      "@loc/shop:check: $ tsc --noEmit",
      "@loc/shop:check: src/orders.ts(1,14): error TS2322: Type 'string' is not assignable to type 'number'.",
      "@loc/shop:check:   The expected type comes from here",
      "@loc/shop:check:  ELIFECYCLE  Command failed with exit code 2.",
      "//:lint: file.ts format",
      " Tasks:    1 successful, 2 total",
      " ERROR  run failed: command  exited (2)",
    ];
    expect(taskLines(output.join("\n"))).toEqual([output[4], output[5], output[7]]);
  });
});

describe("how a check stands", () => {
  const result = (passed: boolean, severity: "WARN" | "ERROR" = "ERROR") =>
    ({ passed, severity, at: "2026-01-01T00:00:00Z", runId: null, partition: null, description: null, metadata: {} }) as const;
  const counts = (more: object = {}) => ({ passed: 5, warned: 0, failed: 0, whole: true, failing: [] as string[], ...more });
  test.each([
    [{ result: null, partitions: null }, "never ran"],
    [{ result: result(true), partitions: null }, "passed"],
    [{ result: result(false, "WARN"), partitions: null }, "failed (WARN)"],
    [{ result: result(true), partitions: counts() }, "passed for 5 partitions"],
    [{ result: result(true), partitions: counts({ passed: 0 }) }, "passed"],
    [{ result: result(false), partitions: counts({ failed: 1, failing: ["d1"] }) }, "failed (ERROR) for 1 partition: d1"],
    [
      { result: result(false, "WARN"), partitions: counts({ warned: 6, failing: ["a", "b", "c", "d", "e...f"] }) },
      "failed (WARN) for 6 partitions: a, b, c, d, …",
    ],
    [{ result: result(false), partitions: counts({ whole: false }) }, "failed (ERROR) for the whole"],
    [
      { result: result(false), partitions: counts({ whole: false, failed: 1, failing: ["d1"] }) },
      "failed (ERROR) for the whole and 1 partition: d1",
    ],
  ])("%#", (state, text) => {
    expect(checkText(state)).toBe(text);
  });
});
