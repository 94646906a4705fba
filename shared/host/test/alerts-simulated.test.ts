import { asset, defineLocation, schedule } from "@kc/runtime";
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
