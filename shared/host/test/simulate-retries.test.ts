import { asset, dailyPartitions, defineLocation, schedule } from "@kc/runtime";
import { assembleLocation } from "@kc/runtime/internal";
import { expect, test } from "vitest";
import { retryDecision } from "../src/daemon/run-retries.ts";
import { cancelRun } from "../src/runs/cancel.ts";
import { type SimulatedPlatform, type SimulateOptions, simulate } from "../src/testing.ts";

// Runs that failed and are tried again by themselves, fifteen minutes later.

const make = () => {};
const partitions = dailyPartitions({ start: "2026-01-01" });
const locations = [
  defineLocation({
    name: "source",
    schedules: [schedule({ name: "tick", cron: "*/5 * * * *", target: "tick", defaultStatus: "running" })],
    assets: [
      asset({ key: "tick", materialize: make }),
      asset({ key: "raw", materialize: make }),
      asset({ key: "day", partitions, materialize: make }),
    ],
  }),
  defineLocation({
    name: "mart",
    assets: [asset({ key: "mart", deps: ["day"], materialize: make })],
  }),
].map((definition) => assembleLocation(definition).snapshot);
const runRetries = { max: 1, delay: "15m", strategy: "from_failure", onStepFailure: true } as const;
const alerts = {
  channels: { ops: { type: "webhook", url: "https://example.com/" } },
  rules: [{ name: "r", on: ["run_failed"], channels: ["ops"] }],
};

/** The simulation of two hours in which things are done at instants; `HH:MM asset partition status` of what is not the tick. */
async function during(
  steps: Record<string, (platform: SimulatedPlatform) => Promise<unknown>>,
  outcome: NonNullable<SimulateOptions["outcome"]>,
) {
  const left = { ...steps };
  const result = await simulate({
    locations,
    from: "2026-01-10T00:00:00Z",
    to: "2026-01-10T02:00:00Z",
    runRetries,
    alerts,
    outcome,
    async at(instant, platform) {
      const time = instant.toISOString().slice(11, 16);
      const step = left[time];
      delete left[time];
      await step?.(platform);
    },
  });
  const runs = result.runs.filter((run) => run.plan.assets[0] !== "tick");
  const told = runs.map(({ createdAt, plan, partition, status }) =>
    [new Date(createdAt).toISOString().slice(11, 16), plan.assets.join(","), partition, status].filter(Boolean).join(" "),
  );
  return { told, alerts: result.alerts.map(({ message }) => `${message.at.slice(11, 16)} ${message.kind} ${message.title}`) };
}
/** Fails at the first try of an asset (and partition). */
const failingOnce = (which: (key: string, partition: string | null) => boolean): NonNullable<SimulateOptions["outcome"]> => {
  const tried = new Set<string>();
  return (key, { partition }) => {
    const name = `${key} ${partition}`;
    if (!which(key, partition) || tried.has(name)) return "materialized";
    tried.add(name);
    return "failed";
  };
};
const days = (platform: SimulatedPlatform) =>
  platform.backfills.start({ selection: "day or mart", partitions: ["2026-01-02...2026-01-03"] });
const third = () => failingOnce((key, partition) => key === "day" && partition === "2026-01-03");

test("a backfill waits for the retry of one of its runs, and goes on after it", async () => {
  let early: unknown;
  let backfill: Awaited<ReturnType<typeof days>>;
  const { told } = await during(
    {
      "00:05": async (platform) => {
        backfill = await days(platform);
      },
      "00:15": async ({ storage }) => {
        early = (await storage.getBackfill(backfill.id))!.status;
      },
      "01:00": async ({ storage }) => {
        expect(await storage.getBackfill(backfill.id)).toMatchObject({ status: "succeeded", failed: {}, skipped: {}, open: [] });
      },
    },
    third(),
  );
  expect(early).toBe("running");
  expect(told).toEqual([
    "00:05 day 2026-01-02 succeeded",
    "00:05 day 2026-01-03 failed",
    "00:20 day 2026-01-03 succeeded",
    "00:20 mart succeeded",
  ]);
});

test("a backfill that is cancelled cancels the retry that is to come", async () => {
  let backfill: Awaited<ReturnType<typeof days>>;
  const { told } = await during(
    {
      "00:05": async (platform) => {
        backfill = await days(platform);
      },
      "00:10": ({ backfills }) => backfills.control(backfill.id, "cancel"),
      "00:15": async ({ storage }) => expect((await storage.getBackfill(backfill.id))!.status).toBe("cancelled"),
    },
    third(),
  );
  expect(told.filter((line) => line.includes("2026-01-03"))).toEqual(["00:05 day 2026-01-03 failed"]);
});

const failing = () => failingOnce((key) => key === "raw");
const submit = ({ requests }: SimulatedPlatform) => requests.submit({ selection: "raw" });
const failed = async ({ storage }: SimulatedPlatform) => (await storage.listRuns({ statuses: ["failed"] }))[0]!;

test("a run that somebody runs again is not run again by itself", async () => {
  const steps = {
    "00:05": submit,
    "00:10": async (platform: SimulatedPlatform) => platform.rerun.reexecute((await failed(platform)).id, "from_failure"),
  };
  const { told } = await during(steps, failing());
  expect(told).toEqual(["00:05 raw failed", "00:10 raw succeeded"]);
});

test("the retry of a run can be cancelled: then its failure is told, and it is not run again", async () => {
  const cancel = async (platform: SimulatedPlatform) => {
    const { storage, log } = platform;
    const [launcher, now] = [{ cancel: () => false }, () => Date.parse("2026-01-10T00:10:00Z")];
    const retryOf = (run: Parameters<typeof retryDecision>[1]) => retryDecision({ storage }, run, runRetries);
    const run = await failed(platform);
    await cancelRun({ launcher, log, now, retryOf }, run);
    await expect(cancelRun({ launcher, log, now, retryOf }, run)).rejects.toThrow("has ended: it failed");
  };
  const { told, alerts } = await during({ "00:05": submit, "00:10": cancel }, failing());
  expect(told).toEqual(["00:05 raw failed"]);
  expect(alerts).toEqual(["00:05 opened Run of raw in source failed"]);
});
