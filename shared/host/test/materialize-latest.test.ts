import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, runtimePackage } from "./workspace.ts";

const workspace = makeWorkspace({
  team: definitions(
    "team",
    `asset({ key: "plain", materialize() {} }),
     asset({ key: "days", deps: ["plain"], partitions: dailyPartitions({ start: "2026-01-01", end: "2026-01-04" }), materialize() {} }),
     asset({ key: "regions", partitions: staticPartitions(["eu", "us"]), materialize() {} }),
     asset({ key: "broken", partitions: staticPartitions(["eu"]), materialize() { throw new Error("no"); } })`,
    `import { dailyPartitions, staticPartitions } from "${runtimePackage}";`,
  ),
});
let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance({ root: workspace.root });
});
afterAll(async () => {
  await instance.stop();
  workspace.remove();
});

test("assets with partitions are made for their latest, others as they are, all in one", async () => {
  const { runs } = await instance.materializeLatest("plain or days or regions");
  expect(new Set(runs.map((run) => run.status))).toEqual(new Set(["succeeded"]));
  const made = async (key: string) => (await instance.api.partitions(key)).ranges.missing;
  expect(await made("days")).toEqual(["2026-01-01...2026-01-02"]);
  expect(await made("regions")).toEqual([]);
  expect((await instance.api.asset("plain")).status).toBe("succeeded");
});

test("without any partitions it is a materialization; what fails is among the runs", async () => {
  expect((await instance.materializeLatest("plain")).runs).toMatchObject([{ assets: ["plain"], status: "succeeded" }]);
  expect((await instance.materializeLatest("broken")).runs).toMatchObject([{ partition: "eu", status: "failed" }]);
});
