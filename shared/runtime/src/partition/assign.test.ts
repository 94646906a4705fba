import { describe, expect, test } from "vitest";
import { assetNamed, locationOf, runAssets } from "../../test/build.ts";
import { asset, multiAsset } from "../asset.ts";
import { buildGraph } from "../graph.ts";
import { planRuns } from "../plan.ts";
import type { AssetSnapshot } from "../snapshot.ts";
import { assignPartitions } from "./assign.ts";
import { dailyPartitions, hourlyPartitions, multiPartitions, staticPartitions } from "./definition.ts";
import { mapping } from "./mapping.ts";
import { workspacePartitions } from "./workspace-partitions.ts";

const daily = dailyPartitions({ start: "2026-01-01" });
const context = { now: Date.parse("2026-02-01T00:00:00Z"), dynamicKeys: () => [] };
const build = (...assets: AssetSnapshot[]) => buildGraph([locationOf("team", assets)]);
const assign = (asked: string[], ...assets: AssetSnapshot[]) => {
  const { graph } = build(...assets);
  return assignPartitions(graph, workspacePartitions(graph, context), planRuns(graph, graph.order), asked);
};

describe("a request with a partition", () => {
  test("gives it to the steps of partitioned assets; the others are made as ever", () => {
    const { runs, partition } = assign(["2026-01-12"], assetNamed("a"), assetNamed("b", ["a"], { partitions: daily }));
    expect(partition).toBe("2026-01-12");
    expect(runs[0]!.steps.map((step) => [step.key, step.partition])).toEqual([["a", undefined], ["b", "2026-01-12"]]); // biome-ignore format: short
  });
  test("is refused of assets without partitions", () => {
    expect(() => assign(["2026-01-12"], assetNamed("a"))).toThrow("no selected asset has partitions");
  });
  test("is needed of assets with partitions; the latest is named", () => {
    expect(() => assign([], assetNamed("a", [], { partitions: daily }))).toThrow(/"a" has partitions \(daily\): which of them/);
    try {
      assign([], assetNamed("a", [], { partitions: daily }));
    } catch (error) {
      expect((error as { hint: string }).hint).toContain("--partition 2026-01-31");
    }
  });
  test("is refused when assets have different ones", () => {
    const hourly = hourlyPartitions({ start: "2026-01-01" });
    expect(() =>
      assign(["2026-01-12"], assetNamed("a", [], { partitions: hourly }), assetNamed("b", ["a"], { partitions: daily })),
    ).toThrow('"a" (hourly) and "b" (daily) have different partitions');
  });
  test("makes as many as the backfill policy of each asset allows", () => {
    const range = ["2026-01-01...2026-01-05"];
    expect(() => assign(range, assetNamed("a", [], { partitions: daily }))).toThrow("makes one partition, not 5 partitions");
    expect(() => assign(range, assetNamed("a", [], { partitions: daily, backfill: { chunks: 4 } }))).toThrow(
      "at most 4 partitions",
    );
    expect(assign(range, assetNamed("a", [], { partitions: daily, backfill: { chunks: 5 } })).partition).toBe(range[0]);
    expect(assign(range, assetNamed("a", [], { partitions: daily, backfill: "single" })).partition).toBe(range[0]);
  });
});

describe("edges between partitions that do not fit", () => {
  test("are a problem of the workspace, with both sides and the remedy", () => {
    const { problems } = build(
      assetNamed("a", [], { partitions: staticPartitions(["us"]) }),
      assetNamed("b", ["a"], { partitions: daily, where: "src/b.ts:3" }),
    );
    expect(problems.map((one) => one.kind)).toEqual(["partitions"]);
    expect(problems[0]!.message).toMatch(/"b" \(location team, src\/b\.ts:3; daily\).*"a" \(1 key\).*mapping\.all/);
  });
  test("a mapping that cannot be is one too", () => {
    const { problems } = build(assetNamed("a"), assetNamed("b", ["a"], { partitions: daily, mappings: { a: mapping.window() } }));
    expect(problems[0]!.message).toContain("window needs time partitions on both sides");
  });
  test("an asset may need its own earlier windows, not its present one", () => {
    const own = (endOffset: number) =>
      build(assetNamed("a", ["a"], { partitions: daily, mappings: { a: { type: "window", startOffset: -1, endOffset } } }))
        .problems;
    expect(own(-1)).toEqual([]);
    expect(own(0).map((one) => one.kind)).toContain("cycle");
  });
});

describe("a step sees its partitions", () => {
  const days = ["2026-01-01...2026-01-03"];
  const run = (asked: string[], one: ReturnType<typeof asset>) => runAssets({ assets: [one], partition: asked.join(",") });
  test("the key of the only one, its window, and the needed ones of its dependencies", async () => {
    let seen: unknown;
    const one = asset({
      key: "b",
      partitions: daily,
      materialize: ({ partition, partitions }) => {
        seen = [partition, partitions!.keys, partitions!.window];
      },
    });
    const { of } = await run(["2026-01-12"], one);
    expect(seen).toEqual([
      "2026-01-12",
      ["2026-01-12"],
      { start: new Date("2026-01-12T00:00:00Z"), end: new Date("2026-01-13T00:00:00Z") },
    ]);
    expect(of("materialization")[0]!.partition).toBe("2026-01-12");
    expect(of("step_succeeded")[0]!.partition).toBe("2026-01-12");
  });
  test("all of a range; reading a single key there is an error that says what to read", async () => {
    const whole = asset({
      key: "b",
      partitions: daily,
      backfill: "single",
      materialize: ({ partitions }) => ({ metadata: { days: partitions!.keys.length } }),
    });
    const { of } = await run(days, whole);
    expect(of("materialization")[0]).toMatchObject({ partition: days[0], metadata: { days: { value: 3 } } });
    const single = asset({
      key: "b",
      partitions: daily,
      backfill: "single",
      retry: { max: 2 },
      materialize: ({ partition }) => void partition,
    });
    const bad = await run(days, single);
    expect(bad.of("step_failed")[0]!.error).toMatchObject({
      user: true,
      message: expect.stringContaining("in a run over several"),
    });
    expect(bad.of("step_failed")[0]!.partition).toBe(days[0]);
    // A mistake in the code: to try it again would not help.
    expect(bad.of("step_retry")).toEqual([]);
  });
  test("by dimension", async () => {
    let seen: unknown;
    const regional = multiPartitions({ region: staticPartitions(["us", "eu"]), day: daily });
    await run(["eu|2026-01-01...eu|2026-01-02"], asset({ key: "b", partitions: regional, backfill: "single", materialize: ({ partitions }) => {
 seen = partitions!.dimensions;
} })); // biome-ignore format: short
    expect(seen).toEqual({ region: ["eu"], day: ["2026-01-01", "2026-01-02"] });
  });
  test("it may report each with metadata of its own, but none that it was not to make", async () => {
    const report = (...keys: string[]) =>
      multiAsset({
        name: "step",
        assets: [{ key: "b", partitions: daily, backfill: "single" }],
        materialize: ({ materialized }) => {
          for (const key of keys) materialized("b", { partitions: [key], metadata: { key } });
        },
      });
    const good = await run(days, report("2026-01-01", "2026-01-03"));
    expect(good.of("materialization").map((event) => event.partition)).toEqual(["2026-01-01", "2026-01-03"]);
    const bad = await run(days, report("2026-01-09"));
    expect(bad.of("step_failed")[0]!.error!.message).toContain('reported partition "2026-01-09", which this run does not make');
  });
  test("an asset without partitions has none", async () => {
    let seen: unknown = 1;
    await runAssets({
      assets: [
        asset({
          key: "a",
          materialize: ({ partition, partitions }) => {
            seen = [partition, partitions];
          },
        }),
      ],
    });
    expect(seen).toEqual([undefined, undefined]);
  });
});

test("definitions that contradict themselves are refused", () => {
  expect(() => asset({ key: "a", backfill: "single", materialize() {} })).toThrow("backfill policy but no partitions");
  expect(() => asset({ key: "a", partitions: daily, backfill: { chunks: 0 }, materialize() {} })).toThrow("whole number from 1");
  expect(() => multiAsset({ name: "s", assets: [{ key: "a", partitions: daily }, { key: "b" }], materialize() {} })).toThrow(
    "must have the same partitions",
  );
});
