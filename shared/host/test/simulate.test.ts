import { anyDepsUpdated, asset, defineLocation, eager, type LocationDefinition, onCron, schedule } from "@kc/runtime";
import { assembleLocation } from "@kc/runtime/internal";
import { describe, expect, test } from "vitest";
import { type Simulation, simulate } from "../src/testing.ts";

const make = () => {};
const load = (...definitions: LocationDefinition[]) => definitions.map((definition) => assembleLocation(definition).snapshot);
/** `HH:MM:SS location asset,asset status` of each run. */
const told = ({ runs }: Simulation) =>
  runs.map(
    (run) => `${new Date(run.createdAt).toISOString().slice(11, 19)} ${run.location} ${run.plan.assets.join(",")} ${run.status}`,
  );

const raw = asset({ key: "raw", materialize: make });
const source = (cron: string, timezone?: string) =>
  defineLocation({
    name: "source",
    assets: [raw],
    schedules: [schedule({ name: "load", cron, target: "raw", defaultStatus: "running", ...(timezone ? { timezone } : {}) })],
  });
const day = (date: string) => ({ from: `${date}T00:00:00Z`, to: `${date}T23:59:59Z` });

describe("schedules in a simulation", () => {
  test("a new schedule does not fire for the past; then every tick makes one run", async () => {
    const result = await simulate({
      locations: load(source("0 */6 * * *")),
      from: "2026-01-01T00:30:00Z",
      to: "2026-01-01T23:59:00Z",
    });
    expect(told(result)).toEqual([
      "06:00:00 source raw succeeded",
      "12:00:00 source raw succeeded",
      "18:00:00 source raw succeeded",
    ]);
    expect(result.ticks.every((tick) => tick.status === "success")).toBe(true);
  });

  test("it tells how far it is, and ends where its signal says with what happened until then", async () => {
    const seen: string[] = [];
    const abort = new AbortController();
    const result = await simulate({
      locations: load(source("0 */6 * * *")),
      from: "2026-01-01T00:30:00Z",
      to: "2027-01-01T00:00:00Z",
      signal: abort.signal,
      progress: (at) => {
        seen.push(at.toISOString().slice(11, 16));
        if (at.toISOString() >= "2026-01-01T12:00:01") abort.abort();
      },
    });
    expect(told(result)).toEqual(["06:00:00 source raw succeeded", "12:00:00 source raw succeeded"]);
    expect([...new Set(seen)]).toEqual(["00:30", "06:00", "12:00"]);
    expect(result.until.toISOString()).toBe("2026-01-01T12:00:01.000Z");
  });

  test("09:00 in Athens is 07:00 UTC in January and 06:00 UTC in July", async () => {
    const locations = load(source("0 9 * * *", "Europe/Athens"));
    expect(told(await simulate({ locations, ...day("2026-01-15") }))).toEqual(["07:00:00 source raw succeeded"]);
    expect(told(await simulate({ locations, ...day("2026-07-15") }))).toEqual(["06:00:00 source raw succeeded"]);
  });

  test.each([
    // The clock jumps from 02:00 to 03:00: 02:30 does not exist and the tick comes at 03:00, which is 10:00 UTC.
    ["spring", "30 2 * * *", "2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z", ["2026-03-08T10:00:00.000Z"]],
    // 01:30 exists twice: kc takes the first (Dagster the second).
    ["autumn", "30 1 * * *", "2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z", ["2026-11-01T08:30:00.000Z"]],
  ])("a daily job in Los Angeles runs exactly once on the %s day", async (_, cron, from, to, expected) => {
    const { ticks } = await simulate({ locations: load(source(cron, "America/Los_Angeles")), from, to });
    expect(ticks.map((tick) => new Date(tick.at).toISOString())).toEqual(expected);
  });

  test.each([
    ["spring", "2026-03-08T07:59:59Z", "2026-03-09T06:59:59Z", 23],
    ["autumn", "2026-11-01T06:59:59Z", "2026-11-02T07:59:59Z", 25],
  ])("an hourly job runs every real hour of the %s day", async (_, from, to, hours) => {
    const { ticks } = await simulate({ locations: load(source("0 * * * *", "America/Los_Angeles")), from, to });
    expect(ticks).toHaveLength(hours);
  });

  test("a schedule with seconds", async () => {
    const { runs } = await simulate({
      locations: load(source("*/15 * * * * *")),
      from: "2026-01-01T00:00:00Z",
      to: "2026-01-01T00:01:00Z",
    });
    expect(runs.map((run) => new Date(run.createdAt).getUTCSeconds())).toEqual([15, 30, 45, 0]);
  });
});

describe("automation in a simulation", () => {
  const chain = (condition: typeof eager) => [
    source("0 * * * *"),
    defineLocation({
      name: "middle",
      assets: [
        asset({ key: "a", deps: [raw], automation: condition(), materialize: make }),
        asset({ key: "b", deps: ["a" as never], automation: condition(), materialize: make }),
      ],
    }),
    defineLocation({
      name: "end",
      assets: [asset({ key: "c", deps: ["b" as never], automation: condition(), materialize: make })],
    }),
  ];

  test.each([["eager", eager] as const, ["anyDepsUpdated", anyDepsUpdated as typeof eager] as const])(
    "a chain over locations, all %s: one update, one run per location",
    async (_, condition) => {
      const result = await simulate({
        locations: load(...chain(condition)),
        from: "2026-01-01T00:30:00Z",
        to: "2026-01-01T01:30:00Z",
      });
      expect(told(result)).toEqual([
        "01:00:00 source raw succeeded",
        "01:00:01 middle a,b succeeded",
        "01:00:01 end c succeeded",
      ]);
      expect(new Set(result.runs.slice(1).map((run) => run.requestId)).size).toBe(1);
    },
  );

  test("what has not changed wakes nothing", async () => {
    const result = await simulate({
      locations: load(...chain(anyDepsUpdated as typeof eager)),
      ...day("2026-01-01"),
      outcome: (key) => (key === "raw" ? "unchanged" : "materialized"),
    });
    expect(result.runs.every((run) => run.location === "source")).toBe(true);
  });

  test("when the first run of a request fails, those that need it are skipped by name", async () => {
    const result = await simulate({
      locations: load(...chain(eager)),
      from: "2026-01-01T00:30:00Z",
      to: "2026-01-01T01:30:00Z",
      outcome: (key) => (key === "a" ? "failed" : "materialized"),
    });
    expect(told(result)).toEqual(["01:00:00 source raw succeeded", "01:00:01 middle a,b failed", "01:00:01 end c skipped"]);
    expect(result.runs[2]?.reason).toBe(`run ${result.runs[1]?.id}, which it needs, is failed`);
  });

  test("onCron waits until every dependency is newer than the tick, and fires once", async () => {
    const locations = load(
      defineLocation({
        name: "source",
        assets: [raw],
        schedules: [schedule({ name: "load", cron: "30 10 * * *", target: "raw", defaultStatus: "running" })],
      }),
      defineLocation({
        name: "report",
        assets: [asset({ key: "report", deps: [raw], automation: onCron("0 9 * * *"), materialize: make })],
      }),
    );
    const result = await simulate({ locations, from: "2026-01-01T00:00:00Z", to: "2026-01-02T23:00:00Z" });
    expect(told(result).filter((line) => line.includes("report"))).toEqual([
      "10:30:01 report report succeeded",
      "10:30:01 report report succeeded",
    ]);
  });
});

describe("freshness in a simulation", () => {
  test("an asset that is not made again grows stale at exactly its limits, one event for each", async () => {
    const stale = defineLocation({
      name: "source",
      assets: [asset({ key: "raw", freshness: { maxAge: { warn: "1h", fail: "2h" } }, materialize: make })],
      schedules: [schedule({ name: "load", cron: "0 6 * * *", target: "raw", defaultStatus: "running" })],
    });
    const { events } = await simulate({ locations: load(stale), ...day("2026-01-01") });
    expect(
      events
        .filter((event) => event.type === "freshness")
        .map((event) => [new Date(event.at).toISOString().slice(11, 19), event.state]),
    ).toEqual([
      ["06:00:01", "fresh"],
      ["07:00:01", "warn"],
      ["08:00:01", "fail"],
    ]);
  });
  const states = ({ events }: Simulation) =>
    events
      .filter((event) => event.type === "freshness")
      .map((event) => [new Date(event.at).toISOString().slice(8, 16), event.state]);
  test("an hour in which it is made again in time is one event", async () => {
    const steady = defineLocation({
      name: "source",
      assets: [asset({ key: "raw", freshness: { maxAge: { warn: "10m", fail: "20m" } }, materialize: make })],
      schedules: [schedule({ name: "load", cron: "*/5 * * * *", target: "raw", defaultStatus: "running" })],
    });
    const result = await simulate({ locations: load(steady), from: "2026-01-01T00:01:00Z", to: "2026-01-01T01:06:00Z" });
    expect(result.runs).toHaveLength(13);
    expect(states(result)).toEqual([["01T00:05", "fresh"]]);
  });
  test("a deadline is looked at when it comes; steady hours are one event", async () => {
    const due = defineLocation({
      name: "source",
      freshness: { cron: { deadline: "0 9 * * *", within: "1h" } },
      assets: [asset({ key: "raw", materialize: make })],
      schedules: [schedule({ name: "load", cron: "50 8 * * 1-5", target: "raw", defaultStatus: "running" })],
    });
    // 2026-01-08 is a Thursday.
    const result = await simulate({ locations: load(due), from: "2026-01-08T00:00:00Z", to: "2026-01-12T12:00:00Z" });
    expect(states(result)).toEqual([
      ["08T08:50", "fresh"],
      ["10T09:00", "fail"],
      ["12T08:50", "fresh"],
    ]);
  });
});

test("a span that ends before it begins is refused", async () => {
  await expect(simulate({ locations: [], from: "2026-01-02", to: "2026-01-01" })).rejects.toThrow("ends before it begins");
  await expect(simulate({ locations: [], from: "tonight", to: "2026-01-01" })).rejects.toThrow('from "tonight" is no instant');
});
