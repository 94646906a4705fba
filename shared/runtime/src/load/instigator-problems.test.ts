import { describe, expect, test } from "vitest";
import { asset } from "../asset.ts";
import { buildGraph } from "../graph.ts";
import { job } from "../job.ts";
import { defineLocation } from "../location.ts";
import { schedule } from "../schedule.ts";
import { assetSensor, runStatusSensor } from "../sensor.ts";
import { assembleLocation } from "./assemble.ts";
import { instigatorProblems } from "./instigator-problems.ts";

const run = () => {};
const problems = (...definitions: ReturnType<typeof defineLocation>[]) => {
  const snapshots = definitions.map((one) => assembleLocation(one).snapshot);
  const names = [...definitions.map((one) => one.name), "gone"];
  return instigatorProblems(buildGraph(snapshots).graph, snapshots, names).map(({ kind, message }) => `${kind}: ${message}`);
};
const orders = asset({ key: "orders", materialize: run });

describe("instigatorProblems()", () => {
  test("a selection may name assets of any location", () => {
    const other = defineLocation({ name: "b", sensors: [assetSensor({ name: "s", selection: "orders", run })] });
    expect(problems(defineLocation({ name: "a", assets: [orders] }), other)).toEqual([]);
  });
  test("one that names none is told with its place and the nearest name", () => {
    const found = problems(
      defineLocation({
        name: "a",
        assets: [orders],
        jobs: [job({ name: "j", selection: "order" })],
        schedules: [schedule({ name: "s", cron: "* * * * *", target: "order" })],
        sensors: [assetSensor({ name: "w", selection: "order", run })],
      }),
    );
    expect(found).toHaveLength(3);
    expect(found[2]).toMatch(
      /^selection: sensor "w" \(location a, .*instigator-problems\.test\.ts:\d+\): there is no asset "order"\. Did you mean "orders"\?$/,
    );
  });
  test("a target that is the name of a job is told how it is written", () => {
    const jobs = [job({ name: "load", selection: "orders" })];
    const schedules = [schedule({ name: "s", cron: "* * * * *", target: "load" })];
    expect(problems(defineLocation({ name: "a", assets: [orders], jobs, schedules }))).toEqual([
      expect.stringContaining('there is no asset "load", but a job: write target: load, the job itself, without quotes.'),
    ]);
  });
  test("a job of another location that it does not have is told, unless that location is not loaded", () => {
    const watch = (locations: string[]) =>
      defineLocation({ name: "b", sensors: [runStatusSensor({ name: "w", on: ["failed"], job: "j", locations, run })] });
    expect(problems(defineLocation({ name: "a" }), watch(["a"]))[0]).toContain('none of a has a job "j"');
    expect(problems(watch(["gone"]))).toEqual([]);
  });
  test("a location that workspace.yaml does not have is told with the nearest name", () => {
    const watch = runStatusSensor({ name: "w", on: ["failed"], locations: ["shop", "shopp", "gone"], run });
    expect(problems(defineLocation({ name: "shop" }), defineLocation({ name: "b", sensors: [watch] }))).toEqual([
      expect.stringMatching(
        /^selection: sensor "w" \(location b, .*: workspace\.yaml has no location "shopp"\. Did you mean "shop"\?$/,
      ),
    ]);
  });
  test("a former location that lives is told", () => {
    expect(problems(defineLocation({ name: "a" }), defineLocation({ name: "b", formerly: ["a"] }))).toEqual([
      'formerly: location b (location b): it says that it was formerly "a", but location a is there',
    ]);
  });
});
