import { describe, expect, test } from "vitest";
import { asset } from "../asset.ts";
import { type FreshnessPolicy, freshnessSnapshot } from "../freshness-policy.ts";
import { dailyPartitions, staticPartitions } from "../partition/definition.ts";
import { freshnessSince, freshnessState, latestPartitionAt } from "./freshness.ts";

const at = (text: string) => Date.parse(`2026-01-${text}Z`);
const nine = freshnessSnapshot("a", { cron: { deadline: "0 9 * * *", within: "20m" } }, undefined) as never;

describe("a deadline at 9:00, made at most 20 minutes before it", () => {
  test.each([
    ["made at 8:50 is fresh at 9:00", "05T08:50:00", "05T09:00:00", "fresh"],
    ["and stays so until the next deadline", "05T08:50:00", "06T08:59:59.999", "fresh"],
    ["at which it is stale", "05T08:50:00", "06T09:00:00", "fail"],
    ["made at 8:30 was too early: stale at 9:00", "05T08:30:00", "05T09:00:00", "fail"],
    ["but not before, for yesterday's deadline is met", "05T08:30:00", "05T08:59:59", "fresh"],
    ["made at 9:30 is late", "04T09:30:00", "05T09:29:59", "fail"],
    ["and then fresh", "05T09:30:00", "05T09:30:00", "fresh"],
    ["exactly 20 minutes before counts", "05T08:40:00", "05T09:00:00", "fresh"],
    ["a millisecond earlier does not", "05T08:39:59.999", "05T09:00:00", "fail"],
  ])("%s", (_, made, now, state) => {
    expect(freshnessState(nine, at(made), at(now)).state).toBe(state);
  });
  test("changes by itself only at the next deadline, and never out of a failure", () => {
    expect(freshnessState(nine, at("05T08:50:00"), at("05T09:00:00")).changesAt).toBe(at("06T09:00:00"));
    expect(freshnessState(nine, at("05T08:30:00"), at("05T09:00:00")).changesAt).toBeUndefined();
    expect(freshnessState(nine, null, at("05T09:00:00"))).toEqual({ state: "unknown", changesAt: undefined });
  });
  test.each([
    ["winter time", "2026-03-07T14:00:00Z"],
    ["the day on which clocks go forward", "2026-03-08T13:00:00Z"],
    ["the day on which they go back", "2026-11-01T14:00:00Z"],
  ])("in New York on %s the deadline is the local nine o'clock", (_, deadline) => {
    const policy = freshnessSnapshot(
      "a",
      { cron: { deadline: "0 9 * * *", within: "1h", timezone: "America/New_York" } },
      undefined,
    );
    const due = Date.parse(deadline);
    const made = due - 3 * 3_600_000;
    expect(freshnessState(policy, made, due - 1).state).toBe("fresh");
    expect(freshnessState(policy, made, due).state).toBe("fail");
    expect(freshnessState(policy, due - 3_600_000, due).state).toBe("fresh");
  });
});

test.each([
  ["fresh", "05T08:50:00", "05T08:50:00"],
  // Made too early for the deadline of the 5th; then nobody looked for days.
  ["fail", "05T08:30:00", "05T09:00:00"],
  ["fail", "05T08:40:00", "06T09:00:00"],
] as const)("by a deadline %s holds since the policy says so, however late somebody looks", (state, made, since) => {
  expect(freshnessSince(nine, state, at(made), at("09T00:00:00"))).toBe(at(since));
});
test("by age it holds since the limit was passed; what was never made, since now", () => {
  const policy = { warnMs: 10, failMs: 30 };
  expect(["fresh", "warn", "fail"].map((state) => freshnessSince(policy, state as "warn", 100, 999))).toEqual([100, 110, 130]);
  expect(freshnessSince(policy, "unknown", null, 999)).toBe(999);
});

describe("the latest window", () => {
  test("counts with its own materialization while it is made, and from when it was due while it is not", () => {
    expect(latestPartitionAt({ at: 100, nextEndsAt: 500 })).toBe(100);
    expect(latestPartitionAt({ at: 900, nextEndsAt: 500 })).toBe(500);
    expect(latestPartitionAt(undefined)).toBeNull();
  });
});

describe("a policy", () => {
  const daily = dailyPartitions({ start: "2026-01-01" });
  test("of an asset divided by time looks at the latest window unless it says otherwise", () => {
    const policy = { maxAge: { fail: "1d" } } as const;
    expect(freshnessSnapshot("a", policy, daily)).toEqual({ failMs: 86_400_000, of: "latestPartition" });
    expect(freshnessSnapshot("a", { ...policy, of: "any" }, daily)).toEqual({ failMs: 86_400_000 });
    expect(freshnessSnapshot("a", policy, staticPartitions(["x"]))).toEqual({ failMs: 86_400_000 });
  });
  test.each([
    [{ maxAge: { wran: "1m", fail: "2m" } as never }, 'freshness.maxAge has no "wran". Did you mean "warn"?'],
    [{ maxAge: { fail: "59s" } }, "freshness.maxAge.fail 59s is under a minute"],
    [{ maxAge: { warn: "30s", fail: "1h" } }, "freshness.maxAge.warn 30s is under a minute"],
    [{ maxAge: { warn: "1h", fail: "1h" } }, "warn must be shorter than fail"],
    [{}, "neither maxAge nor cron"],
    [{ maxAge: { fail: "1h" }, cron: { deadline: "0 9 * * *", within: "1h" } }, "both maxAge and cron"],
    [{ cron: { deadline: "0 9 * * *", within: "30s" } }, "freshness.cron.within 30s is under a minute"],
    [{ cron: { deadline: "0 9,11 * * *", within: "3h" } }, "longer than the shortest time between two deadlines"],
    [{ cron: { deadline: "nine", within: "1h" } }, '"nine" is no cron expression'],
    [{ cron: { deadline: "0 9 * * *", within: "1h", timezone: "Mars" } }, 'there is no time zone "Mars"'],
    [{ maxAge: { fail: "1h" }, of: "latestPartition" }, "needs partitions by time"],
    [{ maxAge: { fail: "1h" }, of: "last" }, 'freshness.of "last" is neither'],
  ])("%j is refused where it is written", (freshness, text) => {
    expect(() => asset({ key: "a", freshness: freshness as unknown as FreshnessPolicy, materialize: () => {} })).toThrow(text);
  });
});
