import { describe, expect, test } from "vitest";
import type { CheckContext, CheckResult } from "../check.ts";
import { valueResource } from "../resource.ts";
import { anomalyCheck, anomalyOf } from "./anomaly.ts";
import { columnRangeCheck, notNullCheck, uniqueCheck } from "./columns.ts";
import { freshnessCheck, timeOf } from "./fresh.ts";
import { rangeCheck, rowCountCheck } from "./row-count.ts";
import { schemaCheck, schemaDifferences } from "./schema.ts";

const now = Date.parse("2026-01-10T12:00:00Z");
const look = (
  check: { run(context: CheckContext): Promise<CheckResult> },
  more: { metadata?: Record<string, unknown>; timestamp?: string; history?: number[]; source?: unknown } = {},
) =>
  check.run({
    resources: { source: more.source },
    signal: new AbortController().signal,
    now,
    asset: "orders",
    materialization: {
      key: "orders",
      runId: "r",
      timestamp: more.timestamp ?? "2026-01-10T11:00:00Z",
      metadata: more.metadata ?? {},
    },
    history: (more.history ?? []).map((value, at) => ({ at, value })),
  } as never);
/** A source that answers each statement with the next rows, and remembers what it was asked. */
const answering = (...rows: Record<string, unknown>[][]) => {
  const asked: string[] = [];
  const query = async (sql: string) => {
    asked.push(sql);
    return { rows: rows.shift() ?? [] };
  };
  return { asked, query };
};
const source = valueResource(answering());
const table = { asset: "orders", source, table: "public.orders" };

describe("anomalyOf()", () => {
  const steady = [100, 102, 98, 101, 99, 100, 103, 97];
  test.each([
    ["an ordinary value", steady, 104, false],
    ["a value far above", steady, 130, true],
    ["a value far below", steady, 0, true],
    ["history that was always the same, and so is the value", [5, 5, 5, 5, 5], 5, false],
    ["history that was always the same, and another value", [5, 5, 5, 5, 5], 6, true],
    ["one per cent of a constant history", [1_000, 1_000, 1_000, 1_000, 1_000], 1_010, false],
    ["an earlier anomaly, which hides nothing", [...steady, 5_000], 130, true],
    ["over half the same", [10, 10, 10, 10, 12, 8], 11, false],
    ["zeros and then something", [0, 0, 0, 0, 0], 1, true],
    ["negative values", [-10, -11, -9, -10, -10], -50, true],
  ])("%s", (_, history, value, anomaly) => {
    expect(anomalyOf(history, value).anomaly).toBe(anomaly);
  });
  test("too little history is no anomaly", () => {
    expect(anomalyOf([1, 1, 1, 1], 1_000)).toEqual({ anomaly: false, score: undefined, median: undefined, compared: 4 });
  });
  test("a season compares with the same day of earlier weeks", () => {
    const week = [100, 100, 100, 100, 100, 10, 10];
    const history = [...week, ...week, ...week, ...week, ...week, ...week.slice(0, 5)];
    expect(anomalyOf(history, 10, { season: 7 })).toMatchObject({ anomaly: false, median: 10, compared: 5 });
    expect(anomalyOf(history, 100, { season: 7 }).anomaly).toBe(true);
  });
});

describe("checks over metadata", () => {
  test("rows and ranges", async () => {
    const rows = rowCountCheck({ asset: "orders", min: 1, max: 10 });
    expect(await look(rows, { metadata: { row_count: 10 } })).toMatchObject({ passed: true });
    expect(await look(rows, { metadata: { row_count: 11 } })).toMatchObject({
      passed: false,
      severity: "ERROR",
      description: "it has 11 rows, not from 1 to 10",
    });
    expect(await look(rows)).toMatchObject({
      passed: false,
      description: 'its latest materialization carries no number "row_count"',
    });
    const share = rangeCheck({ asset: "orders", metadata: "share", max: 0.5, severity: "WARN" });
    expect(await look(share, { metadata: { share: 0.6 } })).toMatchObject({ passed: false, severity: "WARN" });
  });
  test("columns", async () => {
    const schema = schemaCheck({ asset: "orders", columns: { id: "BIGINT", name: null }, others: false });
    const columns = (...names: [string, string][]) => ({ column_schema: names.map(([name, type]) => ({ name, type })) });
    expect(await look(schema, { metadata: columns(["id", "bigint"], ["name", "text"]) })).toMatchObject({ passed: true });
    expect(await look(schema, { metadata: columns(["id", "int"], ["surplus", "text"]) })).toMatchObject({
      passed: false,
      description: "column id is int, not BIGINT; column name is missing; column surplus is not expected",
    });
    expect(await look(schema)).toMatchObject({ passed: false });
    expect(schemaDifferences([{ name: "a" }, { name: "b" }], { columns: { a: "int" } })).toEqual([]);
  });
  test.each([
    ["2026-01-10T11:00:00Z", true],
    ["2026-01-10T10:59:59Z", false],
  ])("made at %s, at most an hour old at noon: %s", async (timestamp, passed) => {
    expect(await look(freshnessCheck({ asset: "orders", maxAge: "1h" }), { timestamp })).toMatchObject({ passed });
  });
  test("anomaly against the history", async () => {
    const check = anomalyCheck({ asset: "orders", last: 10 });
    expect(check.history).toEqual({ metadata: "row_count", last: 10 });
    const history = [100, 101, 99, 100, 102];
    expect(await look(check, { metadata: { row_count: 100 }, history })).toMatchObject({ passed: true });
    expect(await look(check, { metadata: { row_count: 5 }, history })).toMatchObject({
      passed: false,
      description: "row_count is 5; the last 5 were around 100",
    });
    expect(await look(check, { metadata: { row_count: 5 } })).toMatchObject({
      passed: true,
      description: "too little history: 0 of 5 values",
    });
  });
});

test("names are quoted: a table or column from data is never SQL", async () => {
  const asked = answering([{ n: "3", c0: "1" }]);
  expect(await look(notNullCheck({ ...table, column: 'na"me' }), { source: asked })).toMatchObject({ passed: false });
  expect(asked.asked[0]).toContain('count("na""me") as c0 from "public"."orders"');
});

test.each([
  ["2026-01-02 03:04:05.678+00", "2026-01-02T03:04:05.678Z"],
  ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000Z"],
  ["2026-01-02 03:04:05+0530", "2026-01-01T21:34:05.000Z"],
  ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"],
  ["2026-01-02", "2026-01-02T00:00:00.000Z"],
])("the time %s", (text, iso) => {
  expect(new Date(timeOf(text)!).toISOString()).toBe(iso);
});

test.each([
  [() => rowCountCheck({ asset: "orders" }), "has neither min nor max"],
  [() => rowCountCheck({ asset: "orders", min: 3, max: 2 }), "min 3 is over max 2"],
  [() => rangeCheck({ asset: "orders", metadata: "x", min: Number.NaN }), "NaN is no bound"],
  [() => notNullCheck({ ...table, column: [] }), "names no column"],
  [() => notNullCheck({ asset: "orders", source } as never), 'check "orders:not_null" names no column'],
  [() => uniqueCheck({ ...table } as never), 'check "orders:unique" names no column'],
  [() => columnRangeCheck({ ...table, min: 1 } as never), 'check "orders:range" names no column'],
  [() => notNullCheck({ asset: "orders", source, column: "id" } as never), "names no table"],
  [() => uniqueCheck({ ...table, table: "a;drop table b", column: "id" }), "is no table name"],
  [() => columnRangeCheck({ ...table, column: "id" }), "has neither min nor max"],
  [() => schemaCheck({ asset: "orders", columns: {} }), "expects no columns"],
  [() => freshnessCheck({ asset: "orders", maxAge: "1 week" as never }), "maxAge"],
  [() => anomalyCheck({ asset: "orders", threshold: 0 }), "threshold must be over 0"],
  [() => anomalyCheck({ asset: "orders", season: 7 }), "could never fail"],
  [() => anomalyCheck({ asset: "orders", least: 1 }), "least must be a whole number from 2"],
])("bad input is refused where it is written: %#", (make, text) => {
  expect(make).toThrow(text);
});
