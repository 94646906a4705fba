import { asset, assetCheck, defineLocation, type JobDefinition, job, type LocationDefinition, schedule } from "@kc/runtime";
import { assembleLocation } from "@kc/runtime/internal";
import { expect, test } from "vitest";
import { simulate } from "../src/testing.ts";

const make = () => {};
const load = (...definitions: LocationDefinition[]) => definitions.map((one) => assembleLocation(one).snapshot);
const passes = () => ({ passed: true });
const hourly = (name: string, target: string | JobDefinition, cron: string) =>
  schedule({ name, cron, target, defaultStatus: "running" });

const look = job({ name: "look", selection: "raw", checksOnly: true });
const source = defineLocation({
  name: "source",
  assets: [asset({ key: "raw", materialize: make })],
  checks: [assetCheck({ asset: "raw", name: "rows", blocking: "everywhere", run: passes })],
  jobs: [look],
  schedules: [hourly("load", "raw", "0 * * * *"), hourly("verify", look, "30 * * * *")],
});
const report = defineLocation({
  name: "report",
  assets: [asset({ key: "daily", deps: ["raw" as never], materialize: make })],
  schedules: [hourly("make", "daily", "10 * * * *")],
});

test("a run of a dependant in another location waits while a check that blocks everywhere has failed, and goes when it passes", async () => {
  let asked = 0;
  const { runs, events } = await simulate({
    locations: load(source, report),
    from: "2026-01-01T00:05:00Z",
    to: "2026-01-01T01:50:00Z",
    // It fails when raw is made at 01:00 and passes when the checks run alone at 01:30.
    check: () => (asked++ === 1 ? "failed" : "passed"),
  });
  const told = runs.map((run) => [
    new Date(run.createdAt).toISOString().slice(11, 16),
    run.plan.assets.join() || run.plan.steps[0]!.checks!.join(),
    run.status,
    run.startedAt && new Date(run.startedAt).toISOString().slice(11, 19),
  ]);
  expect(told).toEqual([
    ["00:10", "daily", "succeeded", "00:10:00"],
    ["00:30", "raw:rows", "succeeded", "00:30:00"],
    ["01:00", "raw", "failed", "01:00:00"],
    ["01:10", "daily", "succeeded", "01:30:01"],
    ["01:30", "raw:rows", "succeeded", "01:30:00"],
  ]);
  expect(events.filter((event) => event.type === "check_result").map((event) => event.check!.passed)).toEqual([
    true,
    false,
    true,
  ]);
});
