import { describe, expect, test } from "vitest";
import { runAssets } from "../../test/build.ts";
import { asset, multiAsset } from "../asset.ts";
import { assetCheck } from "../check.ts";
import { dailyPartitions } from "../partition/definition.ts";

const orders = asset({
  key: "orders",
  materialize: () => {
    throw new Error("it must not be made");
  },
});
const check = (name: string, passed = true, more: object = {}) =>
  assetCheck({ asset: "orders", name, run: () => ({ passed, ...more }) });

describe("a run of checks alone", () => {
  test("carries out the named checks, makes nothing and says nothing of how the asset was made", async () => {
    const { outcome, events, of } = await runAssets({ assets: [orders], checks: [check("a"), check("b")], only: ["orders:b"] });
    expect(outcome).toBe("succeeded");
    expect(of("check_result").map((event) => event.check!.name)).toEqual(["b"]);
    expect(
      events.filter((event) => event.type.startsWith("step_")).map((event) => [event.type, event.step, event.asset]),
    ).toEqual([
      ["step_started", "check:orders", undefined],
      ["step_succeeded", "check:orders", undefined],
    ]);
  });
  test("sees the latest materialization, and earlier values that it asked for", async () => {
    let seen: unknown;
    const watching = assetCheck({
      asset: "orders",
      name: "steady",
      history: { metadata: "rows", last: 2 },
      run({ materialization, history, upstream }) {
        seen = [materialization.metadata.rows, upstream[0]!.metadata.rows, history.map((point) => point.value)];
        return { passed: true };
      },
    });
    await runAssets({
      assets: [orders],
      checks: [watching],
      only: ["orders:steady"],
      input: {
        upstream: { orders: { key: "orders", runId: "r", timestamp: "1970-01-01T00:00:04.000Z", metadata: { rows: 40 } } },
        series: { orders: { rows: [1, 2, 3, 4].map((at) => ({ at: at * 1_000, value: at * 10 })) } },
      },
    });
    expect(seen).toEqual([40, 40, [20, 30]]);
  });
  test("fails when a check fails with ERROR, and not with WARN; the other checks run all the same", async () => {
    const checks = [check("bad", false), check("mild", false, { severity: "WARN" }), check("good")];
    const failed = await runAssets({ assets: [orders], checks, only: ["orders:bad", "orders:mild", "orders:good"] });
    expect(failed.outcome).toBe("failed");
    expect(failed.of("check_result")).toHaveLength(3);
    expect(failed.of("step_failed")[0]!.error!.message).toBe("check failed: orders:bad");
    expect((await runAssets({ assets: [orders], checks, only: ["orders:mild"] })).outcome).toBe("succeeded");
  });
  test("a check that throws, or hands back nothing, fails its step by the error", async () => {
    const throwing = assetCheck({
      asset: "orders",
      name: "throws",
      run: () => {
        throw new Error("no table");
      },
    });
    const silent = assetCheck({ asset: "orders", name: "silent", run: () => undefined as never });
    const one = await runAssets({ assets: [orders], checks: [throwing], only: ["orders:throws"] });
    expect(one.of("step_failed")[0]!.error!.message).toBe("no table");
    const two = await runAssets({ assets: [orders], checks: [silent], only: ["orders:silent"] });
    expect(two.of("step_failed")[0]!.error!.message).toBe('check "orders:silent" handed back no result');
  });
  test("results carry the partition that was asked for", async () => {
    const daily = asset({ key: "daily", partitions: dailyPartitions({ start: "2026-01-01" }), materialize: () => {} });
    let seen: string | undefined;
    const one = assetCheck({
      asset: daily,
      name: "rows",
      run(context) {
        seen = context.partition;
        return { passed: true };
      },
    });
    const { of } = await runAssets({ assets: [daily], checks: [one], only: ["daily:rows"], partition: "2026-01-05" });
    expect(seen).toBe("2026-01-05");
    expect(of("check_result")[0]!.partition).toBe("2026-01-05");
    await expect(runAssets({ assets: [daily], checks: [one], only: ["daily:rows"], partition: "2026-13-05" })).rejects.toThrow(
      'asset "daily"',
    );
    await expect(runAssets({ assets: [orders], checks: [check("a")], only: ["orders:a"], partition: "x" })).rejects.toThrow(
      "no checked asset has partitions",
    );
  });
  test("a thousand checks of one asset are one step", async () => {
    const many = Array.from({ length: 1_000 }, (_, at) => check(`c${at}`));
    const { outcome, of } = await runAssets({ assets: [orders], checks: many, only: many.map((one) => `orders:${one.name}`) });
    expect(outcome).toBe("succeeded");
    expect(of("check_result")).toHaveLength(1_000);
    expect(of("step_started")).toHaveLength(1);
  });
  test.each([
    ["orders:gone", 'asset "orders" has no check "gone".'],
    ["orders:good_", 'Did you mean "good"?'],
    ["order:good", 'there is no asset "order". Did you mean "orders"?'],
    ["orders", '"orders" names no check'],
    ["loaded:rows", "is reported by the step that makes the asset and cannot run alone"],
  ])("%s is refused", async (name, text) => {
    const loaded = multiAsset({
      name: "load",
      assets: [{ key: "loaded", checks: [{ name: "rows" }] }],
      materialize: () => {},
    });
    await expect(runAssets({ assets: [orders, loaded], checks: [check("good")], only: [name] })).rejects.toThrow(text);
  });
});

describe("blocking and severity", () => {
  test.each([
    [true, "ERROR", "failed", []],
    [true, "WARN", "succeeded", ["b"]],
    [false, "ERROR", "succeeded", ["b"]],
    [false, "WARN", "succeeded", ["b"]],
    ["everywhere", "ERROR", "failed", []],
    ["everywhere", "WARN", "succeeded", ["b"]],
  ] as const)("blocking %s, severity %s: the run %s", async (blocking, severity, outcome, after) => {
    const run = await runAssets({
      assets: [asset({ key: "a", materialize: () => {} }), asset({ key: "b", deps: ["a"], materialize: () => {} })],
      checks: [assetCheck({ asset: "a", name: "rows", blocking, run: () => ({ passed: false, severity }) })],
    });
    expect(run.outcome).toBe(outcome);
    expect(run.materialized).toEqual(["a", ...after]);
  });
});

describe("assetCheck()", () => {
  test.each([
    [{ name: "a b" }, "must be text without spaces and commas"],
    [{ name: "" }, "must be text without spaces and commas"],
    [{ name: "a", blocking: "all" as never }, 'blocking must be true, false or "everywhere"'],
    [{ name: "a", history: { metadata: "rows", last: 0 } }, "history.last must be a whole number"],
    [{ name: "a", history: { metadata: "" } }, "history.metadata names no metadata"],
  ])("refuses %j", (options, text) => {
    expect(() => assetCheck({ asset: "orders", run: () => ({ passed: true }), ...options })).toThrow(text);
  });
});
