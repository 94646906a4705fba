import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, runtimePackage } from "./workspace.ts";

const before = `
import { anomalyCheck, assetCheck, dailyPartitions, md, rangeCheck } from "${runtimePackage}";
const many = Array.from({ length: 1_000 }, (_, at) => assetCheck({ asset: "many", name: "c" + at, run: () => ({ passed: true }) }));`;
const assets = `
  asset({ key: "orders", materialize: ({ run }) => ({ metadata: { row_count: md.rowCount(run.tags.rows!) } }) }),
  asset({ key: "broken", materialize() { throw new Error("no"); } }),
  asset({ key: "daily", partitions: dailyPartitions({ start: "2026-01-01", end: "2026-02-01" }), materialize({ partition }) {
    if (partition! < "2026-01-03") throw new Error("no"); } }),
  asset({ key: "many", materialize() {} }),`;
const workspace = makeWorkspace({
  team: definitions(
    "team",
    assets,
    before,
    `checks: [
      rangeCheck({ asset: "orders", metadata: "row_count", min: 1, name: "rows" }),
      rangeCheck({ asset: "orders", metadata: "row_count", max: 50, name: "few", severity: "WARN" }),
      anomalyCheck({ asset: "orders" }),
      assetCheck({ asset: "daily", name: "part", run: ({ partition }) => ({ passed: partition !== "2026-01-05" }) }),
      ...many],`,
  ),
});

let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance({ root: workspace.root });
});
afterAll(async () => {
  await instance?.stop();
  workspace.remove();
});
const asset = (key: string) => instance.api.asset(key);
const run = async (request: Parameters<TestInstance["api"]["submit"]>[0]) => instance.finish(await instance.api.submit(request));

describe("checks alone", () => {
  test("see what the last run made and its history; the asset is not made again", async () => {
    for (let time = 0; time < 6; time++) await instance.materialize("orders", { tags: { rows: String(100 + time) } });
    const made = (await asset("orders")).materialization!;
    const { runs } = await run({ selection: "orders", checksOnly: true });
    expect(runs).toMatchObject([
      { status: "succeeded", assets: [], checks: ["orders:rows", "orders:few", "orders:anomaly_row_count"] },
    ]);
    const after = await asset("orders");
    expect(after.materialization).toEqual(made);
    const result = after.checks.find((one) => one.name === "anomaly_row_count")!.result!;
    expect(result).toMatchObject({
      passed: true,
      runId: runs[0]!.id,
      metadata: { median: { value: 102 }, row_count: { value: 105 } },
    });
    expect((await instance.api.runs({ asset: "orders" }))[0]!.id).toBe(runs[0]!.id);
  });
  test("by name and by partition: the result carries it, and a failed one fails the run", async () => {
    const { runs, events } = await run({ checks: ["daily:part"], partition: "2026-01-05" });
    expect(runs[0]!.status).toBe("failed");
    expect(events.find((event) => event.type === "check_result")).toMatchObject({
      partition: "2026-01-05",
      check: { passed: false },
    });
    expect((await asset("daily")).checks[0]!.result).toMatchObject({ passed: false, partition: "2026-01-05" });
    expect((await asset("daily")).status).toBe("missing");
  });
  test("a thousand of one asset run and are listed", async () => {
    expect((await run({ selection: "many", checksOnly: true })).runs[0]!.status).toBe("succeeded");
    const listed = await instance.api.checks("many");
    expect(listed).toHaveLength(1_000);
    expect(listed.every((one) => one.result?.passed)).toBe(true);
  });
  test.each([
    [{ checks: ["orders:row"] }, 'asset "orders" has no check "row". Did you mean "rows"'],
    [{ checks: [] as string[] }, "checks"],
    [{ selection: "broken", checksOnly: true }, "no selected asset has a check with code of its own"],
    [{ checks: ["orders:rows"], partition: "2026-01-05" }, "no checked asset has partitions"],
    [{ checks: ["orders:rows"], config: { orders: {} } }, 'there is no step "orders" in this request'],
    [{ selection: "orders", tags: { "kc/checks": "all" } }, 'tag kc/checks: "all" is not only'],
  ])("%j is refused", async (request, text) => {
    await expect(instance.api.submit(request)).rejects.toThrow(text);
  });
});

describe("health", () => {
  test("a failed run degrades; a materialization reported by hand clears it, a wipe forgets all", async () => {
    await instance.materialize("broken");
    expect(await asset("broken")).toMatchObject({ health: "degraded", healthReasons: [{ of: "materialization" }] });
    await instance.api.report({
      type: "materialization",
      asset: "broken",
      metadata: { rows: 3, at: { type: "row_count", value: 3 } },
    });
    expect(await asset("broken")).toMatchObject({
      health: "healthy",
      materialization: { metadata: { at: { type: "row_count" } } },
    });
    const before = await instance.api.asset("broken");
    expect(await instance.api.wipe({ selection: "broken", dryRun: true })).toEqual({ assets: ["broken"], partition: null });
    expect(await instance.api.asset("broken")).toEqual(before);
    expect(await instance.api.wipe({ selection: "broken" })).toEqual({ assets: ["broken"], partition: null });
    expect(await asset("broken")).toMatchObject({ health: "unknown", status: "missing", materialization: null, checks: [] });
  });
  test("a check that warns, and one reported by hand", async () => {
    expect(await asset("orders")).toMatchObject({
      health: "warning",
      healthReasons: [{ of: "checks", text: "checks warn: few" }, {}],
    });
    await instance.api.report({
      type: "check",
      asset: "orders",
      check: { name: "rows", passed: false, description: "seen elsewhere" },
    });
    expect((await asset("orders")).health).toBe("degraded");
    await instance.api.report({ type: "check", asset: "orders", check: { name: "rows", passed: true } });
    expect((await asset("orders")).health).toBe("warning");
  });
  test("one failing partition warns, two degrade; wiping and reporting partitions clears them", async () => {
    await instance.api.wipe({ selection: "daily" });
    await instance.materialize("daily", { partition: "2026-01-04" });
    await instance.materialize("daily", { partition: "2026-01-01" });
    expect((await asset("daily")).health).toBe("warning");
    await instance.materialize("daily", { partition: "2026-01-02" });
    expect(await asset("daily")).toMatchObject({
      health: "degraded",
      healthReasons: [{ text: "the latest try of 2 partitions failed" }, {}],
    });
    await instance.api.report({ type: "materialization", asset: "daily", partition: "2026-01-01" });
    expect((await asset("daily")).health).toBe("warning");
    await instance.api.wipe({ selection: "daily", partition: "2026-01-02...2026-01-04" });
    expect((await asset("daily")).health).toBe("healthy");
    expect((await instance.api.partitions("daily")).counts).toMatchObject({ materialized: 1, failed: 0 });
  });
  test("results are of the partitions they were about: in health, by partition and in numbers", async () => {
    await instance.api.wipe({ selection: "daily" });
    const part = async () => (await asset("daily")).checks[0]!;
    await instance.materialize("daily", { partition: "2026-01-05" });
    await instance.materialize("daily", { partition: "2026-01-06" });
    // A pass of the 6th hides no failure of the 5th.
    expect(await part()).toMatchObject({
      result: { passed: false, partition: "2026-01-05" },
      partitions: { passed: 1, failed: 1, warned: 0, whole: true, failing: ["2026-01-05"] },
    });
    expect(await asset("daily")).toMatchObject({
      health: "warning",
      healthReasons: [{ of: "checks", text: "checks failed for 1 partition (2026-01-05): part" }, {}],
    });
    const at = async (partition: string) => (await instance.api.checks("daily", partition)).map(({ result }) => result?.passed);
    expect([await at("2026-01-05"), await at("2026-01-06"), await at("2026-01-07")]).toEqual([[false], [true], [undefined]]);
    expect(await instance.api.checks("orders", "2026-01-05")).toEqual([]);
    const listed = await instance.api.checkPartitions("daily", { check: "part" });
    expect(listed.results.map(({ check, partition, passed }) => [check, partition, passed])).toEqual([
      ["part", "2026-01-06", true],
      ["part", "2026-01-05", false],
    ]);
    expect(await instance.api.checkPartitions("daily", { failed: true, limit: 0 })).toEqual({ total: 1, results: [] });
    await expect(instance.api.checkPartitions("daily", { check: "parts" })).rejects.toThrow('Did you mean "part"?');

    const failed = { name: "part", passed: false, description: "seen elsewhere" };
    await instance.api.report({ type: "check", asset: "daily", partition: "2026-01-07...2026-01-08", check: failed });
    expect(await asset("daily")).toMatchObject({ health: "degraded" });
    expect((await part()).partitions).toMatchObject({ failed: 3, failing: ["2026-01-05", "2026-01-07...2026-01-08"] });
    await instance.api.wipe({ selection: "daily", partition: "2026-01-05...2026-01-07" });
    expect((await part()).partitions).toMatchObject({ passed: 0, failed: 1, failing: ["2026-01-08"] });
    await instance.api.wipe({ selection: "daily", partition: "2026-01-08" });
    // What had failed is forgotten, and the pass of the 6th with its partition.
    expect(await part()).toMatchObject({ result: null, partitions: { passed: 0, failed: 0 } });
    await instance.api.report({ type: "check", asset: "daily", check: { name: "part", passed: true } });
    expect(await part()).toMatchObject({ result: { passed: true, partition: null }, partitions: { failed: 0, whole: true } });
  });
  test.each([
    [() => instance.api.report({ type: "materialization", asset: "order" }), 'there is no asset "order". Did you mean "orders"?'],
    [() => instance.api.report({ type: "materialization", asset: "daily" }), "has partitions: which of them was made?"],
    [() => instance.api.report({ type: "observation", asset: "orders", partition: "x" }), "has no partitions"],
    [() => instance.api.report({ type: "check", asset: "orders" }), "needs check: { name, passed }"],
    [() => instance.api.report({ type: "check", asset: "orders", check: { name: "gone", passed: true } }), 'has no check "gone"'],
    [
      () => instance.api.report({ type: "observation", asset: "orders", metadata: { a: { type: "tabel", value: 1 } } }),
      'Did you mean "table"?',
    ],
    [
      () => instance.api.report({ type: "observation", asset: "orders", metadata: { a: { type: "row_count", value: -1 } } }),
      "is no row_count",
    ],
    [() => instance.api.wipe({ selection: "gone" }), 'there is no asset "gone"'],
    [() => instance.api.wipe({ selection: "orders", partition: "2026-01-01" }), "has no partitions"],
    [() => instance.api.wipe({ selection: "daily", partition: "2027-01-01" }), "2027-01-01"],
    [() => instance.api.wipe({ selection: "daily", partition: "2027-01-01", dryRun: true }), "2027-01-01"],
  ])("bad input %# is refused by name", async (ask, text) => {
    await expect(ask()).rejects.toThrow(text);
  });
});

describe("numbers over time", () => {
  test("are read oldest first, as many as are asked for", async () => {
    const { points } = await instance.api.series("orders", "row_count", { limit: 3 });
    expect(points.map((point) => point.value)).toEqual([103, 104, 105]);
    expect(points[2]).toMatchObject({ partition: null, runId: expect.any(String) });
  });
  test("a name that is none is refused with those there are; an unknown asset too", async () => {
    await expect(instance.api.series("orders", "row_cnt")).rejects.toThrow('Did you mean "row_count"?');
    await expect(instance.api.series("order", "row_count")).rejects.toThrow('Did you mean "orders"?');
  });
  test("a selection whose filter names nothing suggests what is near, at every door", async () => {
    const text = 'there is no location "teem". Did you mean "team"?';
    await expect(instance.api.assets("location:teem")).rejects.toThrow(text);
    await expect(instance.api.checks("location:teem")).rejects.toThrow(text);
    await expect(instance.api.submit({ selection: "location:teem" })).rejects.toThrow(text);
    await expect(instance.api.wipe({ selection: "location:teem" })).rejects.toThrow(text);
  });
});
