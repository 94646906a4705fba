import { describe, expect, test } from "vitest";
import {
  dailyPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  type PartitionsDefinition,
  staticPartitions,
  weeklyPartitions,
} from "./definition.ts";
import { downstreamOf, upstreamOf } from "./map-set.ts";
import { defaultMapping, mapping, mappingProblem, type PartitionMapping, tabulate } from "./mapping.ts";
import { partitionSpace } from "./space.ts";

const context = { now: Date.parse("2026-02-01T00:00:00Z"), dynamicKeys: () => [] };
const daily = dailyPartitions({ start: "2026-01-01" });
const hourly = hourlyPartitions({ start: "2026-01-01" });
const weekly = weeklyPartitions({ start: "2026-01-01" });
const regions = staticPartitions(["us", "eu"]);
const regional = multiPartitions({ region: regions, day: daily });

const needs = (
  own: PartitionsDefinition | undefined,
  upstream: PartitionsDefinition | undefined,
  keys: string[],
  one?: PartitionMapping,
) => {
  const [a, b] = [partitionSpace(own, context), partitionSpace(upstream, context)];
  const used = one ?? defaultMapping(own, upstream)!;
  expect(mappingProblem(used, own, upstream)).toBeUndefined();
  return b.text(upstreamOf(used, a, b, a.parse(keys)));
};
const wakes = (
  own: PartitionsDefinition | undefined,
  upstream: PartitionsDefinition | undefined,
  keys: string[],
  one?: PartitionMapping,
) => {
  const [a, b] = [partitionSpace(own, context), partitionSpace(upstream, context)];
  return a.text(downstreamOf(one ?? defaultMapping(own, upstream)!, a, b, b.parse(keys)));
};

describe("without a mapping of its own a dependency is mapped by what fits", () => {
  test("the same definition: the same key", () => {
    expect(needs(daily, dailyPartitions({ start: "2026-01-05" }), ["2026-01-04...2026-01-06"])).toEqual([
      "2026-01-05...2026-01-06",
    ]);
  });
  test("a day needs its 24 hours", () => {
    expect(needs(daily, hourly, ["2026-01-12"])).toEqual(["2026-01-12-00:00...2026-01-12-23:00"]);
    expect(wakes(daily, hourly, ["2026-01-12-07:00"])).toEqual(["2026-01-12"]);
  });
  test("an hour needs the day it lies in; a week the days it overlaps", () => {
    expect(needs(hourly, daily, ["2026-01-12-07:00"])).toEqual(["2026-01-12"]);
    expect(needs(weekly, daily, ["2026-01-04"])).toEqual(["2026-01-04...2026-01-10"]);
    expect(wakes(weekly, daily, ["2026-01-10...2026-01-11"])).toEqual(["2026-01-04...2026-01-11"]);
  });
  test("days of two zones: every window that overlaps", () => {
    const athens = dailyPartitions({ start: "2026-01-01", timezone: "Europe/Athens" });
    expect(needs(athens, daily, ["2026-01-12"])).toEqual(["2026-01-11...2026-01-12"]);
  });
  test("a side without partitions goes with all of the other", () => {
    expect(needs(undefined, regions, [""])).toEqual(["us...eu"]);
    expect(needs(daily, undefined, ["2026-01-12"])).toEqual([""]);
    expect(wakes(daily, undefined, [""])).toEqual(["2026-01-01...2026-01-31"]);
  });
  test("one dimension of several: all keys of the others", () => {
    expect(needs(daily, regional, ["2026-01-12"])).toEqual(["us|2026-01-12", "eu|2026-01-12"]);
    expect(needs(regional, daily, ["eu|2026-01-12"])).toEqual(["2026-01-12"]);
    expect(needs(regions, regional, ["eu"])).toEqual(["eu|2026-01-01...eu|2026-01-31"]);
    expect(wakes(regional, regions, ["eu"])).toEqual(["eu|2026-01-01...eu|2026-01-31"]);
    expect(needs(regional, regional, ["eu|2026-01-12"])).toEqual(["eu|2026-01-12"]);
  });
  test("dimensions that are mapped by their windows", () => {
    const monthly = multiPartitions({ region: regions, month: monthlyPartitions({ start: "2026-01-01" }) });
    expect(needs(monthly, regional, ["eu|2026-01-01"])).toEqual(["eu|2026-01-01...eu|2026-01-31"]);
  });
  test("nothing fits keys that are not the same", () => {
    expect(defaultMapping(regions, staticPartitions(["a"]))).toBeUndefined();
    expect(defaultMapping(daily, regions)).toBeUndefined();
  });
});

describe("mappings an author chooses", () => {
  test("offsets count partitions of the dependent asset: a day and the one before are 48 hours", () => {
    expect(needs(daily, hourly, ["2026-01-12"], mapping.window({ startOffset: -1 }))).toEqual([
      "2026-01-11-00:00...2026-01-12-23:00",
    ]);
    expect(wakes(daily, hourly, ["2026-01-12-07:00"], mapping.window({ startOffset: -1 }))).toEqual(["2026-01-12...2026-01-13"]);
  });
  test("yesterday's partition of the same definition; the first day has none", () => {
    const yesterday = mapping.window({ startOffset: -1, endOffset: -1 });
    expect(needs(daily, daily, ["2026-01-12"], yesterday)).toEqual(["2026-01-11"]);
    expect(needs(daily, daily, ["2026-01-01"], yesterday)).toEqual([]);
    expect(wakes(daily, daily, ["2026-01-12"], yesterday)).toEqual(["2026-01-13"]);
  });
  test("all, and the latest", () => {
    expect(needs(weekly, daily, ["2026-01-04"], mapping.all())).toEqual(["2026-01-01...2026-01-31"]);
    expect(needs(daily, hourly, ["2026-01-12"], mapping.latest())).toEqual(["2026-01-31-23:00"]);
    expect(wakes(daily, hourly, ["2026-01-31-23:00"], mapping.latest())).toEqual(["2026-01-01...2026-01-31"]);
    expect(wakes(daily, hourly, ["2026-01-30-23:00"], mapping.latest())).toEqual([]);
  });
  test("by list, in both directions", () => {
    const countries = staticPartitions(["gr", "de", "us"]);
    const one = mapping.keys({ eu: ["gr", "de"], us: "us" });
    expect(needs(regions, countries, ["eu"], one)).toEqual(["gr...de"]);
    expect(wakes(regions, countries, ["de"], one)).toEqual(["eu"]);
  });
  test("by a pure function over keys, asked once for each", () => {
    const countries = staticPartitions(["gr_1", "gr_2", "us_1"]);
    const one = tabulate((key) => [`${key}_1`], ["us", "gr"], "asset x");
    expect(one).toEqual({ type: "keys", upstream: { us: ["us_1"], gr: ["gr_1"] } });
    expect(needs(staticPartitions(["us", "gr"]), countries, ["gr"], one)).toEqual(["gr_1"]);
    expect(() => tabulate(() => { throw new Error("boom"); }, ["us"], "asset x")).toThrow("asset x: the partition mapping threw at key \"us\": boom"); // biome-ignore format: one line
    expect(() => tabulate(() => 3 as never, ["us"], "asset x")).toThrow("answered no keys");
  });
  test("by dimensions", () => {
    const swapped = multiPartitions({ when: daily, where: regions });
    const one = mapping.dimensions({ when: "day", where: "region" });
    expect(needs(swapped, regional, ["2026-01-12|eu"], one)).toEqual(["eu|2026-01-12"]);
    expect(wakes(swapped, regional, ["eu|2026-01-12"], one)).toEqual(["2026-01-12|eu"]);
    const lagged = mapping.dimensions({
      day: { dimension: "day", mapping: { type: "window", startOffset: -1, endOffset: 0 } },
      region: "region",
    });
    expect(needs(regional, regional, ["us|2026-01-12"], lagged)).toEqual(["us|2026-01-11...us|2026-01-12"]);
  });
  test("what cannot join two definitions says why", () => {
    expect(mappingProblem(mapping.identity(), daily, hourly)).toContain("same partitions");
    expect(mappingProblem(mapping.window(), daily, regions)).toContain("time partitions");
    expect(mappingProblem(mapping.dimensions({ dya: "day" }), regional, regional)).toContain('no dimension "dya"');
    expect(mappingProblem(mapping.dimensions({ day: "region" }), regional, regional)).toContain("does not fit");
    const countries = staticPartitions(["gr", "de"]);
    const list = (keys: Record<string, string[]>) => mappingProblem(mapping.keys(keys), regions, countries);
    expect(list({ eu: ["gr", "de"] })).toBeUndefined();
    expect(list({ eu: ["gr", "dee"] })).toBe('the dependency has no partition "dee". Did you mean "de"?');
    expect(list({ euu: ["gr"] })).toBe('there is no partition "euu". Did you mean "eu" or "us"?');
    expect(mappingProblem({ type: "identiti" } as never, regions, regions)).toContain('no mapping "identiti"');
    expect(() => mapping.window({ startOffset: 1, endOffset: 0 })).toThrow("endOffset not below startOffset");
  });
});
