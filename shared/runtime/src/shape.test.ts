import { describe, expect, test } from "vitest";
import { asset, externalAsset, multiAsset } from "./asset.ts";
import { eager } from "./automation.ts";
import { assetCheck } from "./check.ts";
import { notNullCheck } from "./check-factories/columns.ts";
import { component } from "./component.ts";
import { job } from "./job.ts";
import { defineLocation } from "./location.ts";
import { dailyPartitions, multiPartitions, staticPartitions } from "./partition/definition.ts";
import { resource } from "./resource.ts";
import { schedule } from "./schedule.ts";
import { assetSensor, automationSensor, freshnessSensor, multiAssetSensor, runStatusSensor, sensor } from "./sensor.ts";

const run = () => ({ passed: true });
const nothing = () => {};
const a = (options: object) => asset({ key: "a", materialize: nothing, ...options });
const many = (options: object) => multiAsset({ name: "m", assets: [{ key: "x" }], materialize: nothing, ...options });
const hourly = (options: object) => schedule({ name: "s", cron: "0 * * * *", target: "*", ...options });
const check = (options: object) => assetCheck({ asset: "a", name: "c", run, ...options });
const poll = (options: object) => sensor({ name: "s", run: nothing, ...options });
const of = (options: object) => job({ name: "j", selection: "*", ...options });
const daily = (options: object) => dailyPartitions({ start: "2026-01-01", ...options });
const at = (options: object) => defineLocation({ name: "shop", ...options });

// Locations are loaded without a look at their types, and JavaScript has none.
describe("options of definitions", () => {
  test.each<[string, () => unknown, string]>([
    // names that there are not
    [
      "a misspelled option of an asset",
      () => a({ automatoin: eager() }),
      'asset "a": there is no option "automatoin". Did you mean "automation"?',
    ],
    [
      "the function misspelled",
      () => asset({ key: "a", materialise: nothing } as never),
      'asset "a": there is no option "materialise". Did you mean "materialize"?',
    ],
    ["an asset's name", () => a({ title: "A" }), 'asset "a": there is no option "title". There are key, deps,'],
    ["of an asset of several", () => many({ assets: [{ key: "x", ownres: [] }] }), 'asset "x": there is no option "ownres".'],
    ["of an external asset", () => externalAsset({ key: "x", materialize: nothing } as never), 'external asset "x": there is no'],
    ["of several assets", () => many({ asets: [] }), 'multi-asset "m": there is no option "asets". Did you mean "assets"?'],
    ["of a job", () => of({ selections: "*" }), 'job "j": there is no option "selections". Did you mean "selection"?'],
    ["of a schedule", () => hourly({ timeZone: "UTC" }), 'schedule "s": there is no option "timeZone". Did you mean "timezone"?'],
    ["of a sensor", () => poll({ intervall: "5s" }), 'sensor "s": there is no option "intervall". Did you mean "interval"?'],
    [
      "of an automation sensor",
      () => automationSensor({ name: "s", run: nothing } as never),
      'sensor "s": there is no option "run".',
    ],
    [
      "of a freshness sensor",
      () => freshnessSensor({ name: "s", run: nothing, selecton: "*" } as never),
      'sensor "s": there is no option "selecton". Did you mean "selection"?',
    ],
    ["of a check", () => check({ blockng: true }), 'check "a:c": there is no option "blockng". Did you mean "blocking"?'],
    [
      "of a factory's check",
      () => notNullCheck({ asset: "a", name: "c", colum: "x" } as never),
      'notNullCheck "a:c": there is no option "colum". Did you mean "column"?',
    ],
    ["of a location", () => at({ schedule: [] }), 'location "shop": there is no option "schedule". Did you mean "schedules"?'],
    ["of a retry policy", () => a({ retry: { max: 1, dealy: "1s" } }), 'asset "a": retry: there is no option "dealy". Did you'],
    ["of a dependency", () => a({ deps: [{ key: "b", maping: {} }] }), 'asset "a": deps[0]: there is no option "maping". Did'],
    [
      "of partitions",
      () => daily({ timeZone: "UTC" }),
      'dailyPartitions: there is no option "timeZone". Did you mean "timezone"?',
    ],
    [
      "of a component",
      () => component({ type: "x.Y", atributes: {} } as never),
      'component "x.Y": there is no option "atributes".',
    ],
    ["of a resource", () => resource({ config: {}, setUp: nothing } as never), 'resource: there is no option "setUp". Did you'],
    // what is missing
    ["no options", () => asset(undefined as never), "asset: its options must be an object, not undefined"],
    ["an asset without a key", () => asset({ materialize: nothing } as never), "asset: key is missing"],
    ["a job without a name", () => job({ selection: "*" } as never), "job: name is missing"],
    ["a job without a selection", () => job({ name: "j" } as never), 'job "j": selection is missing'],
    ["a schedule without a name", () => schedule({ cron: "* * * * *", target: "*" } as never), "schedule: name is missing"],
    ["a target that is not there yet", () => hourly({ target: undefined }), 'schedule "s": target is missing'],
    ["a sensor without a name", () => sensor({ run: nothing } as never), "sensor: name is missing"],
    ["a multi-asset without a name", () => many({ name: undefined }), "multi-asset: name is missing"],
    ["a multi-asset without assets", () => many({ assets: undefined }), 'multi-asset "m": assets is missing'],
    ["a location without a name", () => defineLocation({} as never), "location: name is missing"],
    ["a check without an asset", () => check({ asset: undefined }), "check: asset is missing"],
    [
      "a check of a table without its source",
      () => notNullCheck({ asset: "a", name: "c", table: "t", column: "x" } as never),
      'notNullCheck "a:c": source is missing',
    ],
    [
      "an asset sensor that listens to nothing",
      () => assetSensor({ name: "s", run: nothing } as never),
      'sensor "s": selection is missing',
    ],
    ["partitions without a start", () => dailyPartitions({} as never), "dailyPartitions: start is missing"],
    // values of the wrong kind
    ["deps as a text", () => a({ deps: "b" }), 'asset "a": deps must be a list of keys: ["orders"], not "b"'],
    ["a number as a dependency", () => a({ deps: ["b", 5] }), 'asset "a": deps[1] must be a key or { key, mapping }, not 5'],
    [
      "partitions as a text",
      () => a({ partitions: "daily" }),
      'asset "a": partitions must be a definition of partitions, not "d',
    ],
    [
      "partitions that were not called",
      () => a({ partitions: dailyPartitions }),
      'asset "a": partitions must be a definition of partitions, not a function',
    ],
    ["kinds as a text", () => a({ kinds: "sql" }), 'asset "a": kinds must be a list of texts, not "sql"'],
    ["an owner that is a number", () => a({ owners: [5] }), 'asset "a": owners[0] must be text, not 5'],
    ["a version that is a number", () => a({ codeVersion: 5 }), 'asset "a": codeVersion must be text, not 5'],
    ["a config that is no schema", () => a({ config: { day: "" } }), 'asset "a": config must be a zod schema, not an object'],
    ["of a job too", () => of({ config: {}, configure: () => ({}) }), 'job "j": config must be a zod schema, not an object'],
    ["a resource that is none", () => a({ resources: { db: 5 } }), 'asset "a": resources.db must be a resource, not 5'],
    [
      "a condition that was not called",
      () => a({ automation: eager }),
      'asset "a": automation must be a condition, not a function',
    ],
    ["a pool of nothing", () => a({ pool: null }), 'asset "a": pool must be a name or { name, weight }, not null'],
    ["a description in parts", () => a({ description: ["a"] }), 'asset "a": description must be text, not a list'],
    ["a list where a selection stands", () => of({ selection: ["a"] }), 'job "j": selection must be a selection, not a list'],
    ["an empty selection", () => of({ selection: "" }), 'job "j": selection must be a selection, not ""'],
    ["a tag that is a number", () => of({ tags: { tier: 1 } }), 'job "j": tags.tier must be text, not 1'],
    ["a target that is a number", () => hourly({ target: 5 }), 'schedule "s": target must be a job or a selection, not 5'],
    ["a target that is a list", () => poll({ target: ["a"] }), 'sensor "s": target must be a job or a selection, not a list'],
    [
      "a target that is an asset",
      () => hourly({ target: a({}) }),
      'schedule "s": target must be a job or a selection, not the definition of an asset',
    ],
    [
      "no answer about missed ticks",
      () => hourly({ missed: null }),
      'schedule "s": missed must be "latest", "skip" or { catchUp',
    ],
    ["a zone that is a number", () => hourly({ timezone: 2 }), 'schedule "s": timezone must be text, not 2'],
    ["a cron that is a number", () => hourly({ cron: 5 }), 'schedule "s": cron must be text, not 5'],
    [
      "statuses as a text",
      () => runStatusSensor({ name: "s", on: "failed", run: nothing } as never),
      'sensor "s": on must be a list',
    ],
    ["assets as a text", () => multiAssetSensor({ name: "s", assets: "a", run: nothing } as never), 'sensor "s": assets must be'],
    [
      "assets that are no list",
      () => at({ assets: a({}) }),
      'location "shop": assets must be a list, not the definition of an asset',
    ],
    ["keys as a text", () => staticPartitions("eu" as never), 'staticPartitions: keys must be a list, not "eu"'],
    [
      "dimensions within dimensions",
      () => multiPartitions({ x: multiPartitions({ y: staticPartitions(["1"]), z: daily({}) }) as never, w: daily({}) }),
      "multiPartitions: dimensions.x must be partitions of one dimension, not an object",
    ],
    // names that could stand nowhere
    [
      "a step's name that is a path",
      () => many({ name: "../../x\ny" }),
      'the name of multi-asset "../../x\\ny" could not be an asset key',
    ],
  ])("%s", (_, define, message) => {
    expect(define).toThrow(expect.objectContaining({ name: "UserError", message: expect.stringContaining(message) }));
  });
  test("an option that is undefined is left out", () => {
    expect(a({ partitions: undefined, kinds: undefined, resources: undefined })).toMatchObject({ key: "a" });
  });
  test("a definition is a dependency as it is", () => {
    expect(a({ deps: [externalAsset({ key: "b" }), { key: "c", mapping: () => [] }] })).toMatchObject({ key: "a" });
  });
});
