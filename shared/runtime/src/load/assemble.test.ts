import { describe, expect, test } from "vitest";
import { z } from "zod";
import { asset, externalAsset, multiAsset } from "../asset.ts";
import { anyDepsUpdated } from "../automation.ts";
import { assetCheck } from "../check.ts";
import { component, type DefinitionParts } from "../component.ts";
import { job } from "../job.ts";
import { defineLocation } from "../location.ts";
import { cronPartitions, dailyPartitions, multiPartitions, staticPartitions } from "../partition/definition.ts";
import { mapping } from "../partition/mapping.ts";
import { env, resource } from "../resource.ts";
import { schedule } from "../schedule.ts";
import { assetSensor, automationSensor, sensor } from "../sensor.ts";
import type { AssetSnapshot } from "../snapshot.ts";
import { assembleLocation } from "./assemble.ts";

const make = (parts: DefinitionParts) => assembleLocation(defineLocation({ name: "team", ...parts }));
const plain = (key: string) => asset({ key, materialize: () => {} });
const check = (of: string, name = "rows") => assetCheck({ asset: of, name, run: () => ({ passed: true }) });

describe("the snapshot of an asset", () => {
  test("has every field, and survives JSON", () => {
    const db = resource({ schema: z.object({ host: z.string() }), config: { host: env("DB_HOST") }, setup: () => 1 });
    const { snapshot } = make({
      assets: [
        asset({
          key: "team/orders",
          deps: ["raw/orders", { key: "raw/items", mapping: mapping.latest() }, "raw/orders"],
          group: "sales",
          owners: ["team:data", "eva@example.org"],
          kinds: ["sql"],
          tags: { tier: "gold", empty: "" },
          description: "All orders.",
          metadata: { table: "orders" },
          automation: anyDepsUpdated(),
          freshness: { maxAge: { warn: "10m", fail: "1h" } },
          codeVersion: "3",
          pool: "db",
          partitions: dailyPartitions({ start: "2026-01-01" }),
          backfill: { chunks: 7 },
          checks: [{ name: "unique", blocking: true, description: "One row per id." }],
          resources: { db },
          config: z.strictObject({ day: z.string().default("today") }),
          materialize: () => {},
        }),
      ],
      checks: [check("team/orders")],
    });
    // Required: a field that is added to the snapshot is missed here by the compiler.
    const expected: Required<AssetSnapshot>[] = [
      {
        key: "team/orders",
        step: "team/orders",
        deps: ["raw/orders", "raw/items"],
        group: "sales",
        owners: ["team:data", "eva@example.org"],
        kinds: ["sql"],
        tags: { tier: "gold", empty: "" },
        description: "All orders.",
        metadata: { table: { type: "text", value: "orders" } },
        automation: anyDepsUpdated(),
        freshness: { warnMs: 600_000, failMs: 3_600_000, of: "latestPartition" },
        codeVersion: "3",
        partitions: dailyPartitions({ start: "2026-01-01" }),
        mappings: { "raw/items": mapping.latest() },
        backfill: { chunks: 7 },
        pool: { name: "db", weight: 1 },
        checks: [
          { name: "unique", blocking: true, by: "step", description: "One row per id." },
          { name: "rows", blocking: false, by: "code" },
        ],
        external: false,
        subset: true,
        resources: ["db"],
        config: expect.objectContaining({ type: "object", properties: { day: { type: "string", default: "today" } } }),
        where: expect.stringMatching(/:\d+$/),
      },
    ];
    expect(snapshot.assets).toEqual(expected);
    expect(JSON.parse(JSON.stringify(snapshot))).toEqual(snapshot);
  });
  test("an external asset and a multi-asset are told apart", () => {
    const { snapshot } = make({
      assets: [
        externalAsset({ key: "raw" }),
        multiAsset({ name: "m", assets: [{ key: "x" }, { key: "y" }], subset: false, materialize: () => {} }),
      ],
    });
    expect(snapshot.assets.map((one) => [one.key, one.step, one.external, one.subset, one.group])).toEqual([
      ["raw", "raw", true, true, "default"],
      ["x", "m", false, false, "default"],
      ["y", "m", false, false, "default"],
    ]);
  });
});

describe("the snapshot of a location", () => {
  test("jobs, schedules and sensors are data; a component brings its JSON Schema and its uses", () => {
    const orders = job({ name: "orders", selection: "group:sales", tags: { team: "data" } });
    const thing = component({
      type: "vendor.Thing",
      description: "A thing.",
      attributes: z.strictObject({ host: z.string() }),
      build: () => ({}),
    });
    const { snapshot } = assembleLocation(
      defineLocation({
        name: "team",
        jobs: [orders],
        components: [thing],
        schedules: [
          schedule({ name: "daily", cron: "0 6 * * *", timezone: "Europe/Athens", target: orders, defaultStatus: "running" }),
          schedule({ name: "decides", cron: "*/2 * * * *", target: "*", run: () => ({}) }),
        ],
        sensors: [
          sensor({ name: "poll", interval: "5s", target: orders, run: () => {} }),
          assetSensor({ name: "pushed", selection: "raw/*", run: () => {} }),
          automationSensor({ name: "auto" }),
        ],
      }),
      [{ parts: { assets: [plain("a")] }, component: "vendor.Thing", file: "src/defs/x/defs.yaml", warnings: ["w"] }],
    );
    expect(snapshot.assets.map((one) => one.key)).toEqual(["a"]);
    expect(snapshot.jobs).toMatchObject([{ name: "orders", selection: "group:sales", tags: { team: "data" } }]);
    expect(snapshot.schedules).toMatchObject([
      {
        name: "daily",
        cron: "0 6 * * *",
        timezone: "Europe/Athens",
        target: "group:sales",
        tags: { team: "data", "kc/job": "orders" },
        defaultStatus: "running",
        decides: false,
      },
      { name: "decides", timezone: "UTC", target: "*", defaultStatus: "stopped", decides: true },
    ]);
    expect(snapshot.sensors).toMatchObject([
      { name: "poll", type: "poll", intervalMs: 5_000, target: "group:sales" },
      { name: "pushed", type: "asset", selection: "raw/*" },
      { name: "auto", type: "automation", selection: "*" },
    ]);
    expect(snapshot.components).toMatchObject([
      {
        type: "vendor.Thing",
        uses: ["src/defs/x/defs.yaml"],
        schema: { properties: { host: { type: "string" } }, required: ["host"] },
      },
    ]);
    expect(snapshot.warnings).toEqual(["w"]);
  });
});

test("a job that is a target is the location's, listed or not", () => {
  const [one, two] = [job({ name: "one", selection: "a" }), job({ name: "two", selection: "a" })];
  const { jobs, snapshot } = make({
    jobs: [one],
    schedules: [one, two].map((target) => schedule({ name: `at_${target.name}`, cron: "* * * * *", target })),
    sensors: [sensor({ name: "s", target: two, run: () => {} })],
  });
  expect(jobs).toEqual([one, two]);
  expect(snapshot.jobs.map(({ name }) => name)).toEqual(["one", "two"]);
});

describe("what a location may not hold", () => {
  const tick = (name: string, cron: string, timezone?: string) =>
    schedule({ name, cron, target: "*", ...(timezone ? { timezone } : {}) });
  const hourly = (config: Record<string, unknown>) => schedule({ name: "s", cron: "0 * * * *", target: "a", config });
  test.each<[string, () => DefinitionParts, string]>([
    ["one key twice", () => ({ assets: [plain("a"), plain("a")] }), '"a" is defined twice, first in '],
    [
      "a step's name twice",
      () => ({ assets: [plain("m"), multiAsset({ name: "m", assets: [{ key: "x" }], materialize: () => {} })] }),
      'step "m" is defined twice',
    ],
    [
      "a key in two steps",
      () => ({ assets: [plain("x"), multiAsset({ name: "m", assets: [{ key: "x" }], materialize: () => {} })] }),
      'asset "x" is defined twice',
    ],
    [
      "a job twice",
      () => ({ jobs: [job({ name: "j", selection: "*" }), job({ name: "j", selection: "a" })] }),
      'job "j" is defined twice',
    ],
    [
      "a schedule and a sensor of one name",
      () => ({ schedules: [tick("s", "* * * * *")], sensors: [automationSensor({ name: "s" })] }),
      'schedule or sensor "s" is defined twice',
    ],
    [
      "a check twice, by step and by code",
      () => ({ assets: [asset({ key: "a", checks: [{ name: "rows" }], materialize: () => {} })], checks: [check("a")] }),
      'check "a:rows" is defined twice',
    ],
    [
      "a check of another location's asset",
      () => ({ assets: [plain("a")], checks: [check("b")] }),
      'check "rows" is of asset "b", which location team does not define',
    ],
    ["a cron that is none", () => ({ schedules: [tick("s", "61 * * * *")] }), 'schedule "s": "61 * * * *" is no cron expression'],
    [
      "a dependency with two mappings",
      () => ({
        assets: [
          asset({
            key: "p",
            deps: [
              { key: "u", mapping: mapping.all() },
              { key: "u", mapping: mapping.latest() },
            ],
            materialize: () => {},
          }),
        ],
      }),
      'asset "p", dependency "u": it stands twice with a mapping',
    ],
    [
      "partitions without a window",
      () => ({
        assets: [
          asset({ key: "p", partitions: cronPartitions({ start: "2026-01-01", cron: "0 0 30 2 *" }), materialize: () => {} }),
        ],
      }),
      'asset "p": partitions: "0 0 30 2 *" has no tick after the start',
    ],
    [
      "more combinations of dimensions than can be held",
      () => {
        const many = staticPartitions(Array.from({ length: 400 }, (_, at) => `k${at}`));
        const partitions = multiPartitions({ a: many, day: dailyPartitions({ start: "2026-01-01" }), b: many });
        return { assets: [asset({ key: "p", partitions, materialize: () => {} })] };
      },
      'asset "p": partitions: over 100000 combinations',
    ],
    ["a cron that never comes", () => ({ schedules: [tick("s", "0 0 30 2 *")] }), 'schedule "s": "0 0 30 2 *" never comes'],
    [
      "a schedule's config of no step",
      () => ({ assets: [plain("a")], schedules: [hourly({ day: "x" })] }),
      'schedule "s": config: there is no step "day" in this request.',
    ],
    [
      "a schedule's config that its step does not take",
      () => ({ assets: [plain("a")], schedules: [hourly({ a: { rows: 1 } })] }),
      'schedule "s": step "a" takes no config',
    ],
    [
      "a schedule's config against the schema",
      () => ({
        assets: [asset({ key: "a", config: z.object({ rows: z.number() }), materialize: () => {} })],
        schedules: [hourly({ a: { rows: "many" } })],
      }),
      'schedule "s": config of step "a": rows: must be a number, not "many"',
    ],
    [
      "a schedule's config of a step that its job does not run",
      () => {
        const j = job({ name: "j", selection: "a" });
        const config = { b: { rows: 1 } };
        return {
          assets: [plain("a"), plain("b")],
          jobs: [j],
          schedules: [schedule({ name: "s", cron: "* * * * *", target: j, config })],
        };
      },
      'schedule "s": config: there is no step "b" in this request.',
    ],
    ["a cron of four fields", () => ({ schedules: [tick("s", "* * * *")] }), "is no cron expression"],
    [
      "a zone that is none",
      () => ({ schedules: [tick("s", "* * * * *", "Europe/Atlantis")] }),
      'schedule "s": there is no time zone "Europe/Atlantis"',
    ],
    [
      "a target of the name of another job",
      () => ({
        jobs: [job({ name: "j", selection: "*" })],
        sensors: [sensor({ name: "s", target: job({ name: "j", selection: "a" }), run: () => {} })],
      }),
      'job "j" is defined twice, first in ',
    ],
    ["a job with a bad selection", () => ({ jobs: [job({ name: "j", selection: "a and" })] }), "selection: it ends too early"],
    [
      "a sensor with a bad target",
      () => ({ sensors: [sensor({ name: "s", target: "grp:x", run: () => {} })] }),
      'there is no filter "grp:"',
    ],
  ])("%s", (_, parts, message) => {
    expect(() => make(parts())).toThrow(
      expect.objectContaining({
        name: "UserError",
        message: expect.stringContaining(message),
        where: expect.stringMatching(/:\d+$/),
      }),
    );
  });
});

describe("what a definition may not be", () => {
  test.each<[string, () => unknown, string]>([
    [
      "an owner that is no address",
      () => asset({ key: "a", owners: ["bob"], materialize: () => {} }),
      'owner "bob" is neither an e-mail address nor "team:<name>"',
    ],
    ["a team without a name", () => asset({ key: "a", owners: ["team:"], materialize: () => {} }), 'owner "team:"'],
    [
      "a tag that is no text",
      () => asset({ key: "a", tags: { n: 5 as never }, materialize: () => {} }),
      "tags.n must be text, not 5",
    ],
    ["a bad key", () => asset({ key: "a b", materialize: () => {} }), 'bad part "a b"'],
    [
      "a policy whose warning comes after its failure",
      () => asset({ key: "a", freshness: { maxAge: { warn: "1h", fail: "10m" } }, materialize: () => {} }),
      "warn must be shorter than fail",
    ],
    [
      "a policy that is no duration",
      () => asset({ key: "a", freshness: { maxAge: { fail: "soon" as never } }, materialize: () => {} }),
      'freshness.maxAge.fail "soon" is not a duration',
    ],
    [
      "a retry of half a time",
      () => asset({ key: "a", retry: { max: 0.5 }, materialize: () => {} }),
      "retry.max must be a whole number from 0",
    ],
    [
      "a jitter over one",
      () => asset({ key: "a", retry: { max: 1, jitter: 2 }, materialize: () => {} }),
      "retry.jitter must be from 0 to 1",
    ],
    [
      "a multi-asset without assets",
      () => multiAsset({ name: "m", assets: [], materialize: () => {} }),
      'multi-asset "m" has no assets',
    ],
    ["a poll below a second", () => sensor({ name: "s", interval: "500ms", run: () => {} }), "interval must be at least 1s"],
    ["a name with a blank", () => job({ name: "a b", selection: "*" }), 'job name "a b"'],
    [
      "a location that is not snake_case",
      () => defineLocation({ name: "My-Team" }),
      'location name "My-Team" must be snake_case',
    ],
    [
      "a backoff that is none",
      () => asset({ key: "a", retry: { max: 1, backoff: "expo" as never }, materialize: () => {} }),
      'step "a": retry.backoff is "expo"; there are constant, linear and exponential',
    ],
    [
      "a delay without a unit",
      () => asset({ key: "a", retry: { max: 1, delay: 5 as never }, materialize: () => {} }),
      'step "a": retry.delay 5 is not a duration',
    ],
    [
      "a backfill policy that is none",
      () =>
        asset({
          key: "a",
          partitions: dailyPartitions({ start: "2026-01-01" }),
          backfill: "singel" as never,
          materialize: () => {},
        }),
      'asset "a": backfill is "singel"; there are "perPartition", "single" and { chunks: n }',
    ],
    ["an asset without its function", () => asset({ key: "a" } as never), 'asset "a": materialize is missing'],
    ["a sensor without its function", () => sensor({ name: "s" } as never), 'sensor "s": run is missing'],
    [
      "a check whose function is none",
      () => assetCheck({ asset: "a", name: "c", run: true as never }),
      'check "a:c": run must be a function, not true',
    ],
    [
      "a status as another system writes it",
      () => schedule({ name: "s", cron: "* * * * *", target: "*", defaultStatus: "RUNNING" as never }),
      'schedule "s": defaultStatus is "RUNNING"; there are "running" and "stopped"',
    ],
    [
      "a schedule's tag that no run may have",
      () => schedule({ name: "s", cron: "* * * * *", target: "*", tags: { "kc/priority": "high" } }),
      'schedule "s": tag kc/priority: "high" is not a whole number',
    ],
    [
      "a job's tag that no run may have",
      () => job({ name: "j", selection: "*", tags: { "kc/max_runtime": "soon" } }),
      'job "j": tag kc/max_runtime: "soon" is not a duration',
    ],
    [
      "a priority that no run may have",
      () => job({ name: "j", selection: "*", priority: 1e300 }),
      'job "j": priority must be a whole number, of nine digits at most',
    ],
    ["a check of a bad key", () => check("a//b"), 'bad part ""'],
  ])("%s", (_, define, message) => {
    expect(define).toThrow(expect.objectContaining({ name: "UserError", message: expect.stringContaining(message) }));
  });
});

test("the config of a schedule may be of what its selection reaches through other locations", () => {
  const there = asset({ key: "b", config: z.object({ rows: z.number() }), deps: ["elsewhere"], materialize: () => {} });
  const target = (text: string) => schedule({ name: "s", cron: "* * * * *", target: text, config: { b: { rows: 1 } } });
  expect(make({ assets: [plain("a"), there], schedules: [target("a+")] }).schedules).toHaveLength(1);
  expect(make({ assets: [there], schedules: [target("b or elsewhere")] }).schedules).toHaveLength(1);
});

test.each<[string, DefinitionParts, string]>([
  ["a definition that is not there yet", { assets: [plain("a"), undefined as never] }, "number 2 of its assets is undefined"],
  ["one in the wrong list", { schedules: [plain("a") as never] }, "number 1 of its schedules is something else"],
])("%s is told by its place in the list", (_, parts, message) => {
  expect(() => make(parts)).toThrow(expect.objectContaining({ name: "UserError", message: `location team: ${message}` }));
});
