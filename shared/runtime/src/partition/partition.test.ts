import { describe, expect, test } from "vitest";
import { nextTick } from "../cron.ts";
import type { PartitionContext } from "./axis.ts";
import {
  cronPartitions,
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  type PartitionsDefinition,
  staticPartitions,
  weeklyPartitions,
} from "./definition.ts";
import { subtractSets } from "./partition-set.ts";
import { inRanges, intersectRanges, normalRanges, subtractRanges, unionRanges } from "./ranges.ts";
import { partitionSpace } from "./space.ts";

const at = (now: string, dynamic: Record<string, string[]> = {}): PartitionContext => ({
  now: Date.parse(now),
  dynamicKeys: (name) => dynamic[name] ?? [],
});
const keys = (definition: PartitionsDefinition, now: string, dynamic?: Record<string, string[]>) => {
  const space = partitionSpace(definition, at(now, dynamic));
  return space.keys(space.all());
};

describe("ranges", () => {
  test("overlapping and touching ones become one", () => {
    expect(normalRanges([[5, 7], [1, 2], [2, 3], [6, 9], [4, 4]])).toEqual([[1, 3], [5, 9]]); // biome-ignore format: short
  });
  test("obey the algebra of sets, whatever the sets", () => {
    let seed = 7;
    const random = (below: number) => {
      seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
      return seed % below;
    };
    const some = () =>
      normalRanges(
        Array.from({ length: random(6) }, () => {
          const from = random(30);
          return [from, from + random(6)] as const;
        }),
      );
    const list = (ranges: ReturnType<typeof some>) => Array.from({ length: 40 }, (_, n) => n).filter((n) => inRanges(ranges, n));
    for (let round = 0; round < 500; round++) {
      const [a, b] = [some(), some()];
      const [inA, inB] = [new Set(list(a)), new Set(list(b))];
      expect(list(unionRanges(a, b))).toEqual([...new Set([...inA, ...inB])].sort((x, y) => x - y));
      expect(list(intersectRanges(a, b))).toEqual([...inA].filter((n) => inB.has(n)));
      expect(list(subtractRanges(a, b))).toEqual([...inA].filter((n) => !inB.has(n)));
    }
  });
});

describe("time partitions", () => {
  test("a window is a partition once it has ended", () => {
    const daily = dailyPartitions({ start: "2026-01-01" });
    expect(keys(daily, "2026-01-03T23:59:59Z")).toEqual(["2026-01-01", "2026-01-02"]);
    expect(keys(daily, "2026-01-04T00:00:00Z")).toEqual(["2026-01-01", "2026-01-02", "2026-01-03"]);
    expect(keys(daily, "2025-12-31T00:00:00Z")).toEqual([]);
  });
  test("endOffset 1 adds the window that goes on, -1 leaves the last out", () => {
    expect(keys(dailyPartitions({ start: "2026-01-01", endOffset: 1 }), "2026-01-02T12:00:00Z")).toEqual([
      "2026-01-01",
      "2026-01-02",
    ]);
    expect(keys(dailyPartitions({ start: "2026-01-01", endOffset: 1 }), "2026-01-01T12:00:00Z")).toEqual(["2026-01-01"]);
    expect(keys(dailyPartitions({ start: "2026-01-01", endOffset: -1 }), "2026-01-03T12:00:00Z")).toEqual(["2026-01-01"]);
  });
  test("end closes the list", () => {
    expect(keys(dailyPartitions({ start: "2026-01-01", end: "2026-01-03" }), "2026-06-01T00:00:00Z")).toEqual([
      "2026-01-01",
      "2026-01-02",
    ]);
  });
  test("weeks begin on Sunday or the day that is named, months on the first", () => {
    expect(keys(weeklyPartitions({ start: "2026-01-01" }), "2026-01-20T00:00:00Z")).toEqual(["2026-01-04", "2026-01-11"]);
    expect(keys(weeklyPartitions({ start: "2026-01-01", day: 1 }), "2026-01-20T00:00:00Z")).toEqual(["2026-01-05", "2026-01-12"]);
    expect(keys(monthlyPartitions({ start: "2026-01-15" }), "2026-04-02T00:00:00Z")).toEqual(["2026-02-01", "2026-03-01"]);
  });
  test("a cron of working days has a window over the weekend, named by its first day", () => {
    const cron = cronPartitions({ cron: "0 6 * * 1-5", start: "2026-01-01" });
    expect(keys(cron, "2026-01-06T07:00:00Z")).toEqual(["2026-01-01", "2026-01-02", "2026-01-05"]);
  });
  test("a leap day is a day", () => {
    expect(keys(dailyPartitions({ start: "2028-02-28" }), "2028-03-02T00:00:00Z")).toEqual([
      "2028-02-28",
      "2028-02-29",
      "2028-03-01",
    ]);
  });
  test("days of a zone are its own: 23 hours in spring, 25 in autumn, each of them one key", () => {
    const daily = dailyPartitions({ start: "2026-03-28", timezone: "Europe/Athens" });
    const space = partitionSpace(daily, at("2026-03-31T00:00:00Z"));
    expect(space.keys(space.all())).toEqual(["2026-03-28", "2026-03-29", "2026-03-30"]);
    const hours = (key: string) => {
      const window = space.windowOf(space.parse([key]))!;
      return (window.end - window.start) / 3_600_000;
    };
    expect(hours("2026-03-28")).toBe(24);
    expect(hours("2026-03-29")).toBe(23);
  });
  test("hours of a zone are real hours: 25 different keys on the day the clocks go back, each read back as itself", () => {
    const hourly = hourlyPartitions({ start: "2026-11-01", timezone: "America/Los_Angeles" });
    const space = partitionSpace(hourly, at("2026-11-02T08:00:00Z"));
    const all = space.keys(space.all());
    expect(all).toHaveLength(25);
    expect(new Set(all).size).toBe(25);
    expect(all.slice(0, 4)).toEqual(["2026-11-01-00:00", "2026-11-01-01:00", "2026-11-01-01:00-08:00", "2026-11-01-02:00"]);
    for (const key of all) expect(space.keys(space.parse([key]))).toEqual([key]);
  });
  describe("where the clock is set by half an hour, windows are from each time it shows to the next, as schedules tick", () => {
    test.each([
      // 01:30 to 02:00 comes twice: that hour takes 90 minutes.
      ["0 * * * *", "2026-04-05", ["2026-04-05-00:00 60", "2026-04-05-01:00 90", "2026-04-05-02:00 60", "2026-04-05-03:00 60"]],
      // 02:00 to 02:30 is left out: the hour before goes on until three.
      ["0 * * * *", "2026-10-04", ["2026-10-04-00:00 60", "2026-10-04-01:00 90", "2026-10-04-03:00 60"]],
      [
        "*/20 * * * *",
        "2026-04-05T01:00",
        ["2026-04-05-01:00 20", "2026-04-05-01:20 20", "2026-04-05-01:40 30", "2026-04-05-01:40+10:30 20", "2026-04-05-02:00 20"],
      ],
      ["*/30 * * * *", "2026-04-05T01:30", ["2026-04-05-01:30 30", "2026-04-05-01:30+10:30 30", "2026-04-05-02:00 30"]],
    ])("%s from %s", (cron, start, expected) => {
      const timezone = "Australia/Lord_Howe";
      const space = partitionSpace(cronPartitions({ cron, start, timezone }), at("2026-12-01T00:00:00Z"));
      const first = space.keys(space.all()).slice(0, 300);
      const minutes = (key: string) => {
        const { start, end } = space.windowOf(space.parse([key]))!;
        expect(nextTick(cron, timezone, start)).toBe(end);
        return (end - start) / 60_000;
      };
      expect(first.slice(0, expected.length).map((key) => `${key} ${minutes(key)}`)).toEqual(expected);
      for (const key of first) expect(space.keys(space.parse([key]))).toEqual([key]);
      expect(new Set(first.map((key) => minutes(key))).size).toBeLessThanOrEqual(2);
    });
    test("hours of eleven years are laid out at once", () => {
      const space = partitionSpace(
        hourlyPartitions({ start: "2015-01-01", timezone: "Australia/Lord_Howe" }),
        at("2026-01-01T00:00:00Z"),
      );
      const began = performance.now();
      // Real hours to 11:00 of the last day, less the two halves that each year's nights take to longer windows.
      expect(space.count(space.all())).toBe(4_018 * 24 + 11 - 11);
      expect(performance.now() - began).toBeLessThan(1_000);
    });
  });
  test("there is no key for the hour that spring leaves out", () => {
    const space = partitionSpace(
      hourlyPartitions({ start: "2026-03-08", timezone: "America/Los_Angeles" }),
      at("2026-03-10T00:00:00Z"),
    );
    expect(() => space.parse(["2026-03-08-02:00"])).toThrow('no partition "2026-03-08-02:00"');
  });
  test("a hundred thousand hours are one range, counted without listing them", () => {
    const space = partitionSpace(hourlyPartitions({ start: "2015-01-01" }), at("2026-06-01T00:00:00Z"));
    const all = space.all();
    expect([...all.values()]).toHaveLength(1);
    expect(space.count(all)).toBe(100_056);
    expect(space.keys(all, { limit: 1, reverse: true })).toEqual(["2026-05-31-23:00"]);
    expect(space.text(all)).toEqual(["2015-01-01-00:00...2026-05-31-23:00"]);
  });
});

describe("a space reads and writes sets as text", () => {
  const daily = partitionSpace(dailyPartitions({ start: "2026-01-01" }), at("2026-01-11T00:00:00Z"));
  test("ranges hold both their ends", () => {
    const set = daily.parse(["2026-01-02...2026-01-04", "2026-01-05", "2026-01-09"]);
    expect(daily.count(set)).toBe(5);
    expect(daily.text(set)).toEqual(["2026-01-02...2026-01-05", "2026-01-09"]);
    expect(daily.text(subtractSets(daily.all(), set))).toEqual(["2026-01-01", "2026-01-06...2026-01-08", "2026-01-10"]);
  });
  test("an unknown key is refused with the nearest and with the span there is", () => {
    expect(() => daily.parse(["2026-01-99"])).toThrow(/no partition "2026-01-99" of daily\. Did you mean/);
    expect(() => daily.parse(["2026-02-30"])).toThrow(/no partition/);
    expect(() => daily.parse(["2026-01-11"])).toThrow(/no partition "2026-01-11"/);
    expect(() => daily.parse(["../../etc"])).toThrow(/no partition/);
  });
  test("a range the wrong way round is refused", () => {
    expect(() => daily.parse(["2026-01-04...2026-01-02"])).toThrow("ends before it begins");
  });
  test("what was kept earlier and exists no more is left out", () => {
    expect(daily.text(daily.read(["2025-12-31", "2026-01-03"]))).toEqual(["2026-01-03"]);
  });
  test("keys are paged from either end", () => {
    expect(daily.keys(daily.all(), { offset: 8, limit: 5 })).toEqual(["2026-01-09", "2026-01-10"]);
    expect(daily.keys(daily.all(), { reverse: true, limit: 2 })).toEqual(["2026-01-10", "2026-01-09"]);
  });
});

describe("static, dynamic and several dimensions", () => {
  test("static keys keep their order", () => {
    expect(keys(staticPartitions(["us", "eu", "apac"]), "2026-01-01T00:00:00Z")).toEqual(["us", "eu", "apac"]);
  });
  test("dynamic keys are those of the moment", () => {
    expect(keys(dynamicPartitions("customers"), "2026-01-01T00:00:00Z", { customers: ["b", "a"] })).toEqual(["b", "a"]);
    expect(keys(dynamicPartitions("customers"), "2026-01-01T00:00:00Z")).toEqual([]);
  });
  const multi = partitionSpace(
    multiPartitions({ region: staticPartitions(["us", "eu"]), day: dailyPartitions({ start: "2026-01-01" }) }),
    at("2026-01-04T00:00:00Z"),
  );
  test("several dimensions: a key is theirs in the order they are declared; ranges run along time", () => {
    expect(multi.count(multi.all())).toBe(6);
    expect(multi.text(multi.all())).toEqual(["us|2026-01-01...us|2026-01-03", "eu|2026-01-01...eu|2026-01-03"]);
    expect(multi.text(multi.parse(["eu|2026-01-02"]))).toEqual(["eu|2026-01-02"]);
    expect(multi.dimensionsOf("eu|2026-01-02")).toEqual({ region: "eu", day: "2026-01-02" });
    expect(multi.text(multi.latest())).toEqual(["us|2026-01-03", "eu|2026-01-03"]);
  });
  test("a key of too few dimensions, an unknown one, a range across rows are refused", () => {
    for (const key of ["eu", "asia|2026-01-01", "eu|2027-01-01", "us|2026-01-01...eu|2026-01-02"])
      expect(() => multi.parse([key])).toThrow("no partition");
  });
});

describe("bad definitions are refused", () => {
  test.each([
    ["a start that is no date", () => dailyPartitions({ start: "yesterday" }), "is no date"],
    ["an end before the start", () => dailyPartitions({ start: "2026-02-01", end: "2026-01-01" }), "is not after start"],
    ["an unknown time zone", () => dailyPartitions({ start: "2026-01-01", timezone: "Mars/Base" }), 'no time zone "Mars/Base"'],
    ["a bad cron", () => cronPartitions({ cron: "61 * * * *", start: "2026-01-01" }), "no cron expression"],
    ["a cron with seconds", () => cronPartitions({ cron: "0 0 * * * *", start: "2026-01-01" }), "five fields"],
    ["an hour that is none", () => dailyPartitions({ start: "2026-01-01", hour: 24 }), "hour must be"],
    ["an empty list", () => staticPartitions([]), "at least one key"],
    ["a key twice", () => staticPartitions(["a", "a"]), "stands twice"],
    ["keys with marks of ranges, dimensions and lists", () => staticPartitions(["a...b"]), "is refused"],
    ["a key with a line end", () => staticPartitions(["a\nb"]), "is refused"],
    [
      "two dimensions of time",
      () => multiPartitions({ a: dailyPartitions({ start: "2026-01-01" }), b: dailyPartitions({ start: "2026-01-01" }) }),
      "only one dimension",
    ],
    ["a single dimension", () => multiPartitions({ a: staticPartitions(["x"]) }), "at least two"],
  ])("%s", (_, make, message) => {
    expect(make).toThrow(message);
  });
});
