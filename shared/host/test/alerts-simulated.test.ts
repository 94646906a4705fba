import { asset, dailyPartitions, defineLocation, schedule } from "@kc/runtime";
import { assembleLocation } from "@kc/runtime/internal";
import { describe, expect, test } from "vitest";
import { type SimulateOptions, type Simulation, simulate } from "../src/testing.ts";

const hook = (name: string) => ({ type: "webhook", url: `https://example.com/${name}` });
const locations = [
  assembleLocation(
    defineLocation({
      name: "shop",
      assets: [
        asset({
          key: "orders",
          owners: ["team:shop", "ann@example.com"],
          freshness: { maxAge: { warn: "90m", fail: "3h" } },
          materialize: () => {},
        }),
        asset({ key: "stock", group: "side", materialize: () => {} }),
      ],
      schedules: [
        schedule({ name: "orders", cron: "0 * * * *", target: "orders", defaultStatus: "running" }),
        schedule({ name: "stock", cron: "30 */6 * * *", target: "stock", defaultStatus: "running" }),
        schedule({ name: "asks", cron: "45 * * * *", target: "stock", defaultStatus: "running", run: () => ({}) }),
      ],
    }),
  ).snapshot,
];
/** `HH:MM channel kind title` of every message. */
const told = ({ alerts }: Simulation) =>
  alerts.map(({ channel, message }) => `${message.at.slice(11, 16)} ${channel} ${message.kind} ${message.title}`);
const day = { from: "2026-01-01T00:30:00Z", to: "2026-01-01T23:59:00Z" };
const run = (alerts: unknown, more: Partial<SimulateOptions> = {}) => simulate({ locations, ...day, alerts, ...more });

/** Orders fails from 05:00 to 09:59. */
const morning: NonNullable<SimulateOptions["outcome"]> = (asset, { createdAt }) => {
  const hour = new Date(createdAt).getUTCHours();
  return asset === "orders" && hour >= 5 && hour < 10 ? "failed" : "materialized";
};

describe("alerts in a simulation", () => {
  const nightly = (more: object = {}) => ({
    channels: { ops: hook("ops"), mail: hook("mail") },
    rules: [{ name: "nightly", on: ["asset_failed", "freshness"], select: "key:orders", channels: ["ops"], ...more }],
  });

  test("a day with five failed hours tells the failure, the two steps of staleness, and both recoveries, in order", async () => {
    expect(told(await run(nightly(), { outcome: morning }))).toEqual([
      "05:00 ops opened Asset orders failed",
      "05:30 ops opened Asset orders is getting stale",
      "07:00 ops worse Asset orders is stale",
      "10:00 ops recovered Recovered: Asset orders succeeded",
      "10:00 ops recovered Recovered: Asset orders is fresh",
    ]);
  });
  test("each names the location of its assets, also when no run says it", async () => {
    const { alerts } = await run(nightly({ locations: ["shop"] }), { outcome: morning });
    expect(alerts.map(({ message }) => message.location)).toEqual(Array(5).fill("shop"));
  });
  test("a selection keeps the rest out; a rule without one hears all", async () => {
    const failing = { outcome: () => "failed" as const };
    const of = async (rule: object) =>
      told(await run({ channels: { ops: hook("o") }, rules: [{ name: "r", channels: ["ops"], ...rule }] }, failing));
    expect(await of({ on: ["asset_failed"], select: "group:side" })).toEqual(["06:30 ops opened Asset stock failed"]);
    expect(await of({ on: ["asset_failed"] })).toEqual([
      "01:00 ops opened Asset orders failed",
      "06:30 ops opened Asset stock failed",
    ]);
    expect(await of({ on: ["run_failed"], locations: ["other"] })).toEqual([]);
    expect(await of({ on: ["run_failed"], locations: ["shop"], select: "key:orders" })).toEqual([
      "01:00 ops opened Run of orders in shop failed",
    ]);
    expect(await of({ on: ["asset_degraded"], select: "key:orders", severity: "error" })).toEqual([
      "01:00 ops opened Asset orders is degraded",
    ]);
  });
  test("a reminder comes as often as the rule says while it lasts", async () => {
    const lines = told(await run(nightly({ on: ["asset_failed"], remind_every: "2h" }), { outcome: morning }));
    expect(lines).toEqual([
      "05:00 ops opened Asset orders failed",
      "07:00 ops reminder Asset orders failed",
      "09:00 ops reminder Asset orders failed",
      "10:00 ops recovered Recovered: Asset orders succeeded",
    ]);
  });
  test("a mute in kc.yaml holds until its end: what is still bad then is told", async () => {
    const lines = told(await run(nightly({ on: ["asset_failed"], mute_until: "2026-01-01T08:15:00Z" }), { outcome: morning }));
    expect(lines).toEqual(["08:15 ops opened Asset orders failed", "10:00 ops recovered Recovered: Asset orders succeeded"]);
  });
  test("a schedule whose function fails is told once, and once more when it ticks again", async () => {
    const functions: NonNullable<SimulateOptions["functions"]> = (_, question) => {
      const hour = new Date(question.now).getUTCHours();
      if (hour === 3 || hour === 4) throw new Error("no answer");
      return { skip: "nothing to do" };
    };
    const alerts = { channels: { ops: hook("o") }, rules: [{ name: "ticks", on: ["tick_failed"], channels: ["ops"] }] };
    const { alerts: found } = await run(alerts, { functions });
    expect(found.map(({ message }) => `${message.kind} ${message.subject}`)).toEqual(["opened shop/asks", "recovered shop/asks"]);
    expect(found[0]!.message.message).toContain("no answer");
  });
  test("a run that is tried again is told when its last try failed, and never when a try succeeds", async () => {
    const alerts = {
      channels: { ops: hook("o") },
      rules: [{ name: "r", on: ["run_failed", "asset_failed"], select: "group:side", channels: ["ops"] }],
    };
    const policy = { max: 2, strategy: "from_failure" as const, onStepFailure: true };
    const failing = (times: number): NonNullable<SimulateOptions["outcome"]> => {
      let tries = 0;
      return (asset) => (asset === "stock" && ++tries <= times ? "failed" : "materialized");
    };
    expect(told(await run(alerts, { outcome: failing(2), runRetries: policy }))).toEqual([]);
    expect(told(await run(alerts, { outcome: failing(3), runRetries: policy }))).toEqual([
      "06:30 ops opened Asset stock failed",
      "06:30 ops opened Run of stock in shop failed",
      "12:30 ops recovered Recovered: Asset stock succeeded",
      "12:30 ops recovered Recovered: Run of stock in shop succeeded",
    ]);
  });
  test("owners are addressed as kc.yaml maps them", async () => {
    const teams = { shop: { email: "shop@example.com", slack_mention: "<!subteam^S1>" } };
    const { alerts } = await run({ ...nightly({ on: ["asset_failed"], owners: true }), teams }, { outcome: morning });
    expect(alerts[0]!.message).toMatchObject({
      owners: ["team:shop", "ann@example.com"],
      to: { emails: ["shop@example.com", "ann@example.com"], slack: ["<!subteam^S1>"], discord: [], telegram: [] },
    });
  });
  test("without rules there are none, and wrong settings are refused by name", async () => {
    expect((await run(undefined, { outcome: morning })).alerts).toEqual([]);
    await expect(run({ rules: [{ name: "r", on: ["run_faild"], channels: ["x"] }] })).rejects.toThrow(
      'there is no alert event "run_faild"',
    );
  });
});

describe("alerts about partitions in a simulation", () => {
  const days = asset({ key: "days", partitions: dailyPartitions({ start: "2026-01-01" }), materialize: () => {} });
  const beat = asset({ key: "beat", materialize: () => {} });
  const beats = schedule({ name: "beat", cron: "*/10 * * * *", target: "beat", defaultStatus: "running" });
  const partitioned = [assembleLocation(defineLocation({ name: "shop", assets: [days, beat], schedules: [beats] })).snapshot];
  const alerts = {
    channels: { ops: hook("ops") },
    rules: [{ name: "r", on: ["run_failed", "asset_failed"], channels: ["ops"], select: "key:days" }],
  };
  type At = NonNullable<SimulateOptions["at"]>;
  /** Does one thing after the other, ten minutes apart. */
  const during = async (
    steps: ((platform: Parameters<At>[1]) => Promise<unknown>)[],
    failing: (run: { partition: string | null }) => boolean,
  ) => {
    let at = 0;
    const found = await simulate({
      locations: partitioned,
      from: "2026-02-01T00:00:00Z",
      to: "2026-02-01T03:00:00Z",
      alerts,
      outcome: (_, run) => (failing(run) ? "failed" : "materialized"),
      async at(now, platform) {
        if (steps[at] && now.getTime() >= Date.parse("2026-02-01T00:00:00Z") + at * 600_000) await steps[at++]!(platform);
      },
    });
    return found.alerts.map(({ message }) => `${message.kind} ${message.title}`);
  };
  const make =
    (partition: string) =>
    ({ requests }: Parameters<At>[1]) =>
      requests.submit({ assets: ["days"], partition });

  test("a failed partition is mended by that very partition and by no other", async () => {
    let broken = true;
    const lines = await during(
      [
        make("2026-01-12"),
        make("2026-01-13"),
        async (platform) => {
          broken = false;
          await make("2026-01-14")(platform);
        },
        make("2026-01-12"),
      ],
      () => broken,
    );
    expect(lines).toEqual([
      "opened Asset days [2026-01-12] failed",
      "opened Run of days in shop [2026-01-12] failed",
      "opened Asset days [2026-01-13] failed",
      "opened Run of days in shop [2026-01-13] failed",
      "recovered Recovered: Asset days [2026-01-12] succeeded",
      "recovered Recovered: Run of days in shop [2026-01-12] succeeded",
    ]);
  });
  test("a range that failed is mended once each of its partitions was made", async () => {
    let broken = true;
    const mend = (partition: string) => async (platform: Parameters<At>[1]) => {
      broken = false;
      await make(partition)(platform);
    };
    const ranged = ({ backfills }: Parameters<At>[1]) =>
      backfills.start({ selection: "days", partitions: ["2026-01-12...2026-01-13"], policy: "single" });
    const lines = await during([ranged, mend("2026-01-12"), mend("2026-01-14"), mend("2026-01-13")], () => broken);
    expect(lines.map((line) => line.replace(/\([^)]*\)/, "(id)"))).toEqual([
      "opened Backfill days (id) failed: 2 partitions failed",
      "opened Backfill days (id) failed: 2 partitions failed",
      "recovered Recovered: Backfill days (id) is mended",
      "recovered Recovered: Backfill days (id) is mended",
    ]);
  });
  test("a backfill is one thing: told with its count, worse when it ends failed, recovered when its retry succeeds", async () => {
    let broken = true;
    let id = "";
    const lines = await during(
      [
        async (platform) => {
          id = (await platform.backfills.start({ selection: "days", partitions: ["2026-01-10...2026-01-14"], maxRuns: 1 })).id;
        },
        (platform) => platform.backfills.control(id, "retry"),
        async (platform) => {
          broken = false;
          await platform.backfills.control(id, "retry");
        },
      ],
      ({ partition }) => broken && partition !== null && partition < "2026-01-13",
    );
    const of = (text: string) => lines.filter((line) => line.includes(text)).length;
    expect(lines[0]).toBe(`opened Backfill days (${id}) goes on, 1 partition failed so far`);
    expect(of("worse Backfill")).toBe(2);
    expect(of("failed: 3 partitions failed")).toBe(2);
    expect(lines.slice(-2)).toEqual(Array(2).fill(`recovered Recovered: Backfill days (${id}) succeeded`));
    expect(lines).toHaveLength(6);
  });
});
