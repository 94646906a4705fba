import { asset, assetCheck, automation, dailyPartitions, defineLocation, schedule } from "@kc/runtime";
import { describe, expect, test } from "vitest";
import { type SimulateOptions, simulate } from "../src/testing.ts";

// Checks of partitioned assets, day by day: a result is of the partition that it was about.

const days = dailyPartitions({ start: "2026-01-01" });
const check = (more: object = {}) => assetCheck({ asset: "days", name: "rows", run: () => ({ passed: true }), ...more });
const source = (checks = [check()], more: object = {}) =>
  defineLocation({ name: "source", assets: [asset({ key: "days", partitions: days, materialize() {} })], checks, ...more });
const from = "2026-01-10T00:00:00Z";
const time = (at: number) => new Date(at).toISOString().slice(11, 16);
/** Each entry asks for partitions of days (or of the asset that it names) at its minute past midnight. */
const asking =
  (asks: Record<number, string>): NonNullable<SimulateOptions["at"]> =>
  async (at, { requests }) => {
    const minute = (at.getTime() - Date.parse(from)) / 60_000;
    const [partition, selection = "days"] = (asks[minute] ?? "").split(" of ");
    if (partition) await requests.submit({ selection, partition });
  };
/** Lets the clock stop at every minute. */
const clock = defineLocation({
  name: "clock",
  assets: [asset({ key: "tick", materialize() {} })],
  schedules: [
    schedule({ name: "minutes", cron: "* * * * *", target: "tick", defaultStatus: "running", run: () => ({ skip: "tick" }) }),
  ],
});
/** The check fails for these partitions until the minute. */
const failing =
  (bad: Record<string, number>): NonNullable<SimulateOptions["check"]> =>
  (_, __, run) =>
    (run.createdAt - Date.parse(from)) / 60_000 < (bad[run.partition ?? ""] ?? 0) ? "failed" : "passed";
const play = (locations: SimulateOptions["locations"], more: Partial<SimulateOptions>) =>
  simulate({ locations: [...locations, clock], from, to: "2026-01-10T00:20:00Z", ...more });
const hook = { ops: { type: "webhook", url: "https://example.com/ops" } };
const alerts = (on: string, more: object = {}) => ({
  channels: hook,
  rules: [{ name: "r", on: [on], channels: ["ops"], ...more }],
});
const told = (found: Awaited<ReturnType<typeof play>>) =>
  found.alerts.map(({ message }) => `${message.at.slice(11, 16)} ${message.kind} ${message.title}`);

describe("alerts of a check", () => {
  test("are one for each partition: a pass of another one ends none of them", async () => {
    const asks = { 1: "2026-01-01", 2: "2026-01-02", 3: "2026-01-03", 4: "2026-01-01", 5: "2026-01-02" };
    const check = failing({ "2026-01-01": 4, "2026-01-02": 5 });
    expect(told(await play([source()], { at: asking(asks), check, alerts: alerts("check_failed") }))).toEqual([
      "00:01 opened Check rows of days [2026-01-01] failed",
      "00:02 opened Check rows of days [2026-01-02] failed",
      "00:04 recovered Recovered: Check rows of days [2026-01-01] passed",
      "00:05 recovered Recovered: Check rows of days [2026-01-02] passed",
    ]);
  });
  test("end with a pass of a range that holds the partition, and when it is wiped", async () => {
    const single = source([check()], {
      assets: [asset({ key: "days", partitions: days, backfill: "single", materialize() {} })],
    });
    const lines = told(
      await play([single], {
        at: async (at, platform) => {
          await asking({ 1: "2026-01-01", 2: "2026-01-05", 3: "2026-01-01...2026-01-03" })(at, platform);
          if (time(at.getTime()) === "00:04" && at.getUTCSeconds() === 0)
            await platform.log.append([{ type: "wiped", at: at.getTime(), asset: "days", partition: "2026-01-05" }]);
        },
        check: failing({ "2026-01-01": 9, "2026-01-05": 9 }),
        alerts: alerts("check_failed"),
      }),
    );
    expect(lines).toEqual([
      "00:01 opened Check rows of days [2026-01-01] failed",
      "00:02 opened Check rows of days [2026-01-05] failed",
      "00:03 recovered Recovered: Check rows of days [2026-01-01] passed",
      "00:04 recovered Recovered: Check rows of days [2026-01-05] passed",
    ]);
  });
  test("of a backfill are one, and it ends when all that it had asked for pass", async () => {
    const bad = { "2026-01-02": 3, "2026-01-04": 6 };
    const lines = told(
      await play([source()], {
        at: async (at, platform) => {
          await asking({ 3: "2026-01-02", 6: "2026-01-04" })(at, platform);
          if (time(at.getTime()) === "00:01" && at.getUTCSeconds() === 0)
            await platform.backfills.start({ selection: "days", partitions: ["2026-01-01...2026-01-05"] });
        },
        check: failing(bad),
        alerts: alerts("check_failed"),
      }),
    );
    expect(lines).toEqual([
      expect.stringMatching(/^00:01 opened Check rows of days in backfill:\S+ failed$/),
      expect.stringMatching(/^00:06 recovered Recovered: Check rows of days in backfill:\S+ passed$/),
    ]);
  });
});

test("an asset is in warning with one partition that a check finds bad, and degraded with two", async () => {
  const asks = { 1: "2026-01-01", 2: "2026-01-02", 3: "2026-01-03", 4: "2026-01-01", 5: "2026-01-02" };
  const found = await play([source()], {
    at: asking(asks),
    check: failing({ "2026-01-01": 4, "2026-01-02": 5 }),
    alerts: alerts("asset_degraded"),
  });
  expect(told(found)).toEqual([
    "00:01 opened Asset days is in warning",
    "00:02 worse Asset days is degraded",
    "00:05 recovered Recovered: Asset days is healthy",
  ]);
  expect(found.alerts[1]!.message.message).toBe("checks failed for 2 partitions (2026-01-01...2026-01-02): rows");
});

test("a check that blocks everywhere holds back what needs the partition that fails, and nothing else", async () => {
  const marts = defineLocation({
    name: "marts",
    assets: [asset({ key: "mart", partitions: days, deps: ["days" as never], materialize() {} })],
  });
  const { runs } = await play([source([check({ blocking: "everywhere" })]), marts], {
    at: asking({ 1: "2026-01-01", 2: "2026-01-02", 3: "2026-01-01 of mart", 4: "2026-01-02 of mart", 6: "2026-01-01" }),
    check: failing({ "2026-01-01": 6 }),
  });
  const started = runs
    .filter(({ location }) => location === "marts")
    .map((run) => [run.partition, run.status, time(run.startedAt!)]);
  expect(started).toEqual([
    ["2026-01-01", "succeeded", "00:06"],
    ["2026-01-02", "succeeded", "00:04"],
  ]);
});

test("automation waits for the blocking checks of the very partitions that it needs", async () => {
  const condition = automation.and(automation.anyDepsUpdated(), automation.allDepsBlockingChecksPassed());
  const marts = defineLocation({
    name: "marts",
    assets: [asset({ key: "mart", partitions: days, deps: ["days" as never], automation: condition, materialize() {} })],
  });
  const { runs } = await play([source([check({ blocking: "everywhere" })]), marts], {
    // The bad day comes first, and the good one does not make up for it.
    at: asking({ 1: "2026-01-01", 2: "2026-01-02", 4: "2026-01-01" }),
    check: failing({ "2026-01-01": 4 }),
  });
  const made = runs.filter(({ location }) => location === "marts").map((run) => `${time(run.createdAt)} ${run.partition}`);
  expect(made).toEqual(["00:02 2026-01-02", "00:04 2026-01-01"]);
});

test("a check of the whole asset stands by itself: its failure until the whole passes, its pass for all", async () => {
  const whole = async (
    at: Date,
    { log }: { log: { append(events: unknown): Promise<unknown> } },
    passed: boolean,
    minute: string,
  ) => {
    if (time(at.getTime()) !== minute || at.getUTCSeconds() !== 0) return;
    const check = { name: "rows", passed, severity: "ERROR", blocking: false };
    await log.append([{ type: "check_result", at: at.getTime(), asset: "days", check }]);
  };
  const found = await play([source()], {
    at: async (at, platform) => {
      await asking({ 1: "2026-01-01", 2: "2026-01-02", 4: "2026-01-03" })(at, platform);
      await whole(at, platform as never, false, "00:03");
      await whole(at, platform as never, true, "00:05");
    },
    check: failing({ "2026-01-01": 9, "2026-01-02": 9 }),
    alerts: alerts("check_failed"),
  });
  expect(told(found)).toEqual([
    "00:01 opened Check rows of days [2026-01-01] failed",
    "00:02 opened Check rows of days [2026-01-02] failed",
    "00:03 opened Check rows of days failed",
    "00:05 recovered Recovered: Check rows of days passed",
    "00:05 recovered Recovered: Check rows of days [2026-01-01] passed",
    "00:05 recovered Recovered: Check rows of days [2026-01-02] passed",
  ]);
});
