import { afterAll, beforeAll, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, runtimePackage, until } from "./workspace.ts";

const workspace = makeWorkspace({
  source: definitions(
    "source",
    'asset({ key: "a", materialize() {} }), asset({ key: "watched", freshness: { maxAge: { fail: "1h" } }, materialize() {} }), externalAsset({ key: "outside" })',
    `import { externalAsset } from "${runtimePackage}";`,
  ),
  watch: definitions(
    "watch",
    'asset({ key: "told", materialize() {} })',
    `import { freshnessSensor } from "${runtimePackage}";`,
    `sensors: [freshnessSensor({ name: "fresh", selection: "key:watched", on: ["fresh"], target: "told", defaultStatus: "running", run: ({ change, log }) => {
       log.info(change.asset + " was " + change.before + ", is " + change.state + " since " + change.since);
       return { runs: [{ tags: { because: change.asset } }] };
     } })]`,
  ),
  made: definitions(
    "made",
    'asset({ key: "b", deps: ["a" as never], automation: anyDepsUpdated(), materialize() {} }), asset({ key: "plain", materialize() {} }), asset({ key: "follows", deps: ["outside" as never], automation: anyDepsUpdated(), materialize() {} })',
  ),
});
let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance({ root: workspace.root, daemon: true });
});
afterAll(async () => {
  await instance.stop();
  workspace.remove();
});
const requested = async () => (await instance.api.runs({ asset: "b" })).filter((run) => run.tags["kc/automation"]).length;
const asked = async () => (await instance.api.evaluations("b")).evaluations.filter((one) => one.requestId !== null);

test("an update in one location requests the asset of another, and its history says why", async () => {
  await until(async () => (await instance.api.evaluations("b")).evaluations.length > 0);
  await instance.materialize("a");
  await until(async () => (await requested()) === 1);
  const [evaluation] = await until(async () => {
    const found = await asked();
    return found.length > 0 && found;
  });
  expect(evaluation).toMatchObject({
    value: true,
    paused: false,
    evaluation: {
      label: "any_deps_updated",
      parts: [{ label: "a", value: true, parts: [{ label: "newlyUpdated", value: true }, {}] }],
    },
  });
});

test("an external asset that is reported as made requests what depends on it", async () => {
  await until(async () => (await instance.api.evaluations("follows")).evaluations.length > 0);
  await instance.api.report({ type: "materialization", asset: "outside", metadata: { file: "x.csv" } });
  const [run] = await until(async () => {
    const runs = await instance.api.runs({ asset: "follows" });
    return runs[0]?.status === "succeeded" && runs;
  });
  expect(run).toMatchObject({ assets: ["follows"], location: "made" });
  expect(run!.tags["kc/automation"]).toBeDefined();
});

test("a change of freshness is pushed to the sensor of another location that waits for it", async () => {
  // Woken by a run the sensor takes its place in the log.
  await instance.materialize("told");
  const { events } = await instance.materialize("watched");
  const made = events.find(({ type }) => type === "materialization")!;
  const run = await until(async () => (await instance.api.runs()).find(({ tags }) => tags.because === "watched"));
  expect(run).toMatchObject({ assets: ["told"], tags: { "kc/sensor": "fresh" } });
  const [tick] = await until(async () => {
    const ticks = (await instance.api.ticks()).filter(({ name, status }) => name === "fresh" && status === "success");
    return ticks.length > 0 && ticks;
  });
  expect(tick!.logs).toEqual([{ level: "info", message: `watched was unknown, is fresh since ${made.at}` }]);
});

test("a pause holds the request back until it is ended, and is told with the asset", async () => {
  const before = await requested();
  const pause = await instance.api.pause({ selection: "key:b", for: "2d", reason: "month end" });
  expect(pause).toMatchObject({ selection: "key:b", reason: "month end", all: false, assets: 1 });
  await instance.materialize("a");
  await until(async () => (await instance.api.evaluations("b")).evaluations[0]?.paused);
  expect((await instance.api.evaluations("b")).paused).toMatchObject({ reason: "month end" });
  expect(await requested()).toBe(before);
  expect((await instance.api.resume("key:b")).map((one) => one.id)).toEqual([pause.id]);
  await until(async () => (await requested()) === before + 1);
  expect(await instance.api.pauses()).toEqual([]);
  // A host that decides elsewhere hears of both from the log.
  const heard: unknown[] = [];
  const abort = new AbortController();
  for await (const event of instance.api.events({ after: 0 }, abort.signal)) {
    if (event.type === "instigator_changed") heard.push(event.message);
    if (heard.length === 2) break;
  }
  abort.abort();
  expect(heard).toEqual(["automation of key:b paused", "automation of key:b resumed"]);
});

test("what cannot be paused, resumed or shown is refused with the nearest name", async () => {
  await expect(instance.api.pause({ selection: "key:bb" })).rejects.toThrow('there is no asset "bb"');
  await expect(instance.api.pause({ selection: "key:b", for: "soon" })).rejects.toThrow('for "soon" is not a duration');
  await expect(instance.api.pause({ selection: "key:b", for: "800d" })).rejects.toThrow("at most a year");
  await expect(instance.api.resume("key:b")).rejects.toThrow('nothing is paused as "key:b"');
  await expect(instance.api.evaluations("bb")).rejects.toThrow('there is no asset "bb"');
  expect(await instance.api.evaluations("plain")).toMatchObject({ condition: null, evaluations: [] });
});
