import { asset, defineLocation, schedule } from "@kc/runtime";
import { assembleLocation } from "@kc/runtime/internal";
import { expect, test } from "vitest";
import { simulate } from "../src/testing.ts";

const make = () => {};
const locations = [
  defineLocation({
    name: "source",
    // The simulation comes to instants at which something can happen: here one that asks for nothing.
    schedules: [
      schedule({
        name: "first",
        cron: "10 0 0 * * *",
        target: "raw",
        defaultStatus: "running",
        run: () => ({ skip: "by hand" }),
      }),
    ],
    assets: [asset({ key: "raw", materialize: make }), asset({ key: "other", pool: "whole", materialize: make })],
  }),
  defineLocation({
    name: "mart",
    assets: [asset({ key: "mart", deps: ["raw"], materialize: make }), asset({ key: "third", pool: "whole", materialize: make })],
  }),
].map((definition) => assembleLocation(definition).snapshot);
const span = { from: "2026-01-01T00:00:00Z", to: "2026-01-01T01:00:00Z" };
const time = (ms: number | null) => new Date(ms!).toISOString().slice(11, 19);

test("a failed run is run again after its delay on the virtual clock, and what needs it goes on after that", async () => {
  let tries = 0;
  const result = await simulate({
    locations,
    ...span,
    at: once(({ requests }) => requests.submit({ selection: "raw or mart" })),
    outcome: (key) => (key === "raw" && ++tries < 3 ? "failed" : "materialized"),
    runRetries: { max: 3, delay: "1m", backoff: "exponential", strategy: "from_failure", onStepFailure: true },
  });
  expect(result.runs.map((run) => [time(run.createdAt), run.plan.assets[0], run.status, run.tags["kc/retry_number"]])).toEqual([
    ["00:00:00", "raw", "failed", undefined],
    ["00:00:00", "mart", "succeeded", undefined],
    ["00:01:01", "raw", "failed", "1"],
    ["00:03:02", "raw", "succeeded", "2"],
  ]);
  expect(time(result.runs.find((run) => run.location === "mart")!.endedAt)).toBe("00:03:04");
});

test("when no retry is left what needs the run is skipped, naming it", async () => {
  const result = await simulate({
    locations,
    ...span,
    at: once(({ requests }) => requests.submit({ selection: "raw or mart" })),
    outcome: () => "failed",
    runRetries: { max: 1, strategy: "from_failure", onStepFailure: true },
  });
  expect(result.runs.map((run) => [run.plan.assets[0], run.status])).toEqual([
    ["raw", "failed"],
    ["mart", "skipped"],
    ["raw", "failed"],
  ]);
});

test("runs of a pool of granularity run go one after the other", async () => {
  const result = await simulate({
    locations,
    ...span,
    at: once(async ({ requests }) => {
      await requests.submit({ selection: "other" });
      await requests.submit({ selection: "third" });
    }),
    pools: { granularity: "run", defaultLimit: 1, pools: {} },
  });
  const [first, second] = result.runs;
  expect(second!.startedAt).toBeGreaterThanOrEqual(first!.endedAt!);
});

test("a run key stands for the request it was given with, and for no other", async () => {
  const created: boolean[] = [];
  await simulate({
    locations,
    ...span,
    at: once(async ({ requests }) => {
      for (const [selection, runKey] of [
        ["raw or mart", "k"],
        ["raw", "k"],
        ["raw", "k#1"],
      ] as const)
        created.push((await requests.submit({ selection, runKey })).created);
    }),
  });
  expect(created).toEqual([true, false, true]);
});

test("a run that nothing keeps starts at once, behind ever so many that wait for a limit", async () => {
  const result = await simulate({
    locations,
    ...span,
    to: "2026-01-01T00:02:00Z",
    at: once(async ({ requests }) => {
      for (let count = 0; count < 1_100; count++) await requests.submit({ selection: "raw", tags: { slow: "yes" } });
      await requests.submit({ selection: "third" });
    }),
    tagLimits: [{ key: "slow", limit: 1 }],
  });
  const third = result.runs.find((run) => run.plan.assets[0] === "third")!;
  expect([time(third.createdAt), time(third.startedAt)]).toEqual(["00:00:00", "00:00:00"]);
});

/** Calls back at the first instant that the simulation comes to. */
function once(work: (platform: Parameters<NonNullable<Parameters<typeof simulate>[0]["at"]>>[1]) => Promise<unknown>) {
  let done = false;
  return async (_: Date, platform: Parameters<typeof work>[0]) => {
    if (done) return;
    done = true;
    await work(platform);
  };
}
