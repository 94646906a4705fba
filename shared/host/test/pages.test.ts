import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, runtimePackage, until } from "./workspace.ts";

// What the UI's pages are made of beside assets and runs: jobs, the timeline, results of checks, settings.

const workspace = makeWorkspace(
  {
    team: definitions(
      "team",
      `asset({ key: "a", materialize: () => {} }),
       asset({ key: "rows", config: z.strictObject({ day: z.string(), limit: z.number().default(10) }),
         pool: "warehouse", materialize: () => ({ metadata: { rows: 1 } }) }),
       asset({ key: "month", partitions: monthlyPartitions({ start: "2026-01-01" }), materialize: ({ partitions }) => {
         if (partitions.keys[0] === "2026-03-01") throw new Error("march is broken");
         return { metadata: { first: partitions.keys[0] } }; } }),
       asset({ key: "hangs", materialize: ({ signal }) => new Promise((_, no) => signal.addEventListener("abort", () => no(new Error("told to stop")))) })`,
      `import { z } from "zod"; import { assetCheck, job, monthlyPartitions } from "${runtimePackage}";
       const nightly = job({ name: "nightly", selection: "rows or month", tags: { team: "x" } });
       const typed = job({ name: "typed", selection: "rows", config: z.strictObject({ limit: z.number().int() }),
         configure: ({ limit }) => ({ rows: { day: "today", limit } }) });`,
      `jobs: [nightly, typed, job({ name: "gone", selection: "key:nowhere" })],
       checks: [assetCheck({ asset: "a", name: "odd", run: ({ materialization }) => ({ passed: materialization.eventId % 2 === 1, severity: "WARN", description: "even" }) }),
                assetCheck({ asset: "a", name: "other", run: () => ({ passed: true }) })],
       schedules: [schedule({ name: "daily", cron: "0 6 * * *", target: nightly, defaultStatus: "running" }),
                   schedule({ name: "off", cron: "* * * * *", target: "a" })],
       sensors: [sensor({ name: "poll", interval: "1h", target: "a", run: ({ cursor }) => ({ skip: "nothing new", cursor: "7" }) })]`,
    ),
  },
  `storage: { sqlite: { path: .kc/other.db } }
runs: { max_concurrent: 3, max_runtime: 90m }
pools: { warehouse: 2, default_limit: 5 }
openlineage: { url: "http://me:pass-of-url@127.0.0.1:9/api?key=key-of-url", api_key: env:LINEAGE_KEY }
alerts:
  channels:
    hook: { type: webhook, url: "env:HOOK_URL", secret: env:HOOK_SECRET }
  rules: [{ name: all, on: [asset_failed], channels: [hook] }]
`,
);
let instance: TestInstance;
const secrets = {
  LINEAGE_KEY: "key-of-lineage",
  HOOK_URL: "http://127.0.0.1:9/hook-of-path",
  HOOK_SECRET: "a-secret-of-16-letters",
};
beforeAll(async () => {
  instance = await testInstance({ root: workspace.root, env: secrets });
});
afterAll(async () => {
  await instance?.stop();
  workspace.remove();
});

describe("a job", () => {
  test("says which assets it makes, how they are divided and what config their steps take", async () => {
    const job = await instance.api.job("team", "nightly");
    expect(job.assets).toEqual([
      { key: "rows", partitions: null },
      { key: "month", partitions: "monthly" },
    ]);
    expect(job.steps.find((step) => step.name === "rows")!.config).toMatchObject({
      type: "object",
      required: ["day"],
      properties: { day: { type: "string" }, limit: { type: "number", default: 10 } },
    });
    expect(job.steps.find((step) => step.name === "month")!.config).toBeNull();
  });
  test("whose selection names nothing is shown, with the reason", async () => {
    expect(await instance.api.job("team", "gone")).toMatchObject({ assets: [], problem: expect.stringContaining("nowhere") });
  });
  test("is planned with the config its steps would see; nothing is stored", async () => {
    const plan = await instance.api.plan({ job: "team/typed", config: { limit: 3 }, tags: { who: "me" } });
    expect(plan).toMatchObject({
      runs: [{ location: "team", assets: ["rows"], steps: 1, needs: [] }],
      config: { rows: { day: "today", limit: 3 } },
      tags: { who: "me", "kc/job": "typed" },
    });
    expect(await instance.api.runs()).toEqual([]);
  });
  test.each([
    [{ job: "typed", config: { limit: 1.5 } }, 'config of job "typed": limit: must be a whole number, not 1.5'],
    [{ job: "typed", config: { limt: 1 } }, "limit: is missing"],
    [{ job: "nightly", config: { rows: {} }, partition: "2026-01-01" }, 'config of step "rows": day: is missing'],
    [{ job: "nightly", config: { rows: { day: "x" } }, partition: "2020-01-01" }, "2020-01-01"],
    [{ job: "typed", config: { limit: 1 }, tags: { "kc/priority": "high" } }, 'tag kc/priority: "high" is not a whole number'],
  ])("that cannot be launched as in %j is refused before anything is stored, naming the path", async (request, text) => {
    await expect(instance.api.plan(request)).rejects.toThrow(text);
    await expect(instance.api.submit(request)).rejects.toThrow(text);
    expect(await instance.api.runs()).toEqual([]);
  });
  test("has its runs by its tag, and the schedules that launch it name it", async () => {
    await instance.finish(await instance.api.submit({ job: "typed", config: { limit: 3 } }));
    await instance.materialize("a");
    expect((await instance.api.runs({ tag: "kc/job=typed" })).map((run) => run.assets)).toEqual([["rows"]]);
    expect(await instance.api.runs({ tag: "kc/job=typ" })).toEqual([]);
    expect((await instance.api.schedules()).map(({ name, job }) => [name, job])).toEqual([
      ["daily", "nightly"],
      ["off", null],
    ]);
  });
});

describe("a schedule or sensor", () => {
  test("shows its cursor, which a reset takes away; the ticks are its own", async () => {
    await instance.api.tickNow("sensors", "team", "poll");
    expect(await instance.api.instigator("sensors", "team", "poll")).toMatchObject({
      cursor: "7",
      decides: true,
      selection: null,
    });
    expect(await instance.api.ticks({ location: "team", name: "poll", type: "sensor" })).toMatchObject([
      { status: "skipped", skip: "nothing new", manual: true },
    ]);
    expect(await instance.api.ticks({ location: "team", name: "poll", type: "schedule" })).toEqual([]);
    expect(await instance.api.ticks({ status: "failed" })).toEqual([]);
    await instance.api.resetCursor("team", "poll");
    expect((await instance.api.instigator("sensors", "team", "poll")).cursor).toBeNull();
  });
  test("tells the readers of the event stream of its ticks, which are no events of the log", async () => {
    const answer = await fetch(`${instance.url}/api/events`);
    const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    let heard = false;
    const hearing = (async () => {
      while (!text.includes('event: changed\ndata: {"what":"ticks"}')) text += (await reader.read()).value ?? "";
      heard = true;
    })();
    // Nothing says when the stream has begun.
    while (!heard) await instance.api.tickNow("sensors", "team", "poll");
    await hearing;
    await reader.cancel();
  });
});

describe("the timeline", () => {
  test("has the runs that went on within it, and the ticks of schedules that are on", async () => {
    const timeline = await instance.api.timeline({ pastMs: 3_600_000, aheadMs: 2 * 86_400_000 });
    expect(timeline.runs.map((run) => [run.title, run.tags["kc/job"], run.status])).toEqual([
      ["a", undefined, "succeeded"],
      ["rows", "typed", "succeeded"],
    ]);
    expect(timeline.ticks).toHaveLength(2);
    expect(timeline.ticks[0]).toMatchObject({ name: "daily", job: "nightly", at: expect.stringMatching(/T06:00:00/) });
    expect((await instance.api.timeline({ pastMs: 0, aheadMs: 0 })).runs).toEqual([]);
  });
});

test("a schedule that ticks every minute leaves room in the timeline for what others do later", async () => {
  await instance.api.turn("schedules", "team", "off", true);
  const { ticks } = await instance.api.timeline({ pastMs: 0, aheadMs: 86_400_000 });
  await instance.api.turn("schedules", "team", "off", false);
  expect(ticks.filter((tick) => tick.name === "daily")).toHaveLength(1);
  const often = ticks.filter((tick) => tick.name === "off").map((tick) => Date.parse(tick.at));
  expect(often.length).toBeGreaterThan(90);
  expect(often.length).toBeLessThanOrEqual(101);
  expect(often.at(-1)! - often[0]!).toBeGreaterThan(23 * 3_600_000);
});

describe("what makes an asset", () => {
  const by = async (key: string) => {
    const { jobs, by } = await instance.api.launchers(key);
    return [jobs, by.map((one) => `${one.kind} ${one.name} ${one.running ? "on" : "off"}`)];
  };
  test("is told for each: jobs, schedules and sensors that target it, on or off; nothing, where nothing does", async () => {
    expect(await by("rows")).toEqual([["nightly", "typed"], ["schedule daily on"]]);
    expect(await by("a")).toEqual([[], ["schedule off off", "poll poll off"]]);
    expect(await by("hangs")).toEqual([[], []]);
    await expect(instance.api.launchers("roes")).rejects.toThrow('Did you mean "rows"?');
  });
});

describe("one partition of an asset", () => {
  test("shows its materialization with what it said, and a failure that came after", async () => {
    expect(await instance.api.partition("month", "2026-02-01")).toMatchObject({
      status: "missing",
      materialization: null,
      failure: null,
    });
    const { runs } = await instance.materialize("month", { partition: "2026-02-01" });
    expect(await instance.api.partition("month", "2026-02-01")).toMatchObject({
      status: "materialized",
      materialization: { runId: runs[0]!.id, metadata: { first: { value: "2026-02-01" } } },
      failure: null,
    });
    const failed = await instance.materialize("month", { partition: "2026-03-01" });
    expect(await instance.api.partition("month", "2026-03-01")).toMatchObject({
      status: "failed",
      materialization: null,
      failure: { runId: failed.runs[0]!.id, text: "march is broken" },
    });
    await instance.api.report({ type: "materialization", asset: "month", partition: "2026-03-01" });
    expect(await instance.api.partition("month", "2026-03-01")).toMatchObject({
      status: "materialized",
      materialization: { runId: null },
      failure: null,
    });
  });
  test("must be one, and exist", async () => {
    await expect(instance.api.partition("month", "2026-01-01...2026-02-01")).rejects.toThrow("is not one partition");
    await expect(instance.api.partition("month", "2026-01-02")).rejects.toThrow('there is no partition "2026-01-02"');
  });
  test("those of a stretch are listed alone", async () => {
    const { partitions, counts } = await instance.api.partitions("month", { within: "2026-02-01...2026-03-01" });
    expect(partitions.map((one) => [one.key, one.status])).toEqual([
      ["2026-02-01", "materialized"],
      ["2026-03-01", "materialized"],
    ]);
    expect(counts).toMatchObject({ total: 2, materialized: 2 });
  });
});

test("runs whose steps take slots of a pool are found by it, page by page", async () => {
  const first = (await instance.materialize("rows", { config: { rows: { day: "x" } } })).runs[0]!;
  await instance.materialize("month", { partition: "2026-01-01" });
  const second = (await instance.materialize("rows", { config: { rows: { day: "y" } } })).runs[0]!;
  const ids = async (query: Parameters<typeof instance.api.runs>[0]) => (await instance.api.runs(query)).map((run) => run.id);
  expect((await ids({ pool: "warehouse" })).slice(0, 2)).toEqual([second.id, first.id]);
  expect(await ids({ pool: "warehouse", limit: 1 })).toEqual([second.id]);
  expect(await ids({ pool: "warehouse", limit: 1, before: second.id })).toEqual([first.id]);
  expect(await ids({ pool: "other" })).toEqual([]);
});

describe("results of a check", () => {
  test("are its own, newest first", async () => {
    await instance.materialize("a");
    await instance.finish(await instance.api.submit({ selection: "a", checksOnly: true }));
    const odd = await instance.api.checkResults("a", "odd");
    // One of each time that "a" was made, one of the check alone.
    expect(odd).toHaveLength(3);
    expect(odd.map((one) => one.eventId)).toEqual(odd.map((one) => one.eventId).sort((x, y) => y - x));
    expect(new Set(odd.map((one) => one.severity))).toEqual(new Set(["WARN"]));
    expect(await instance.api.checkResults("a", "odd", { limit: 1 })).toEqual([odd[0]]);
  });
});

test("a step that was cancelled reads so, not as failed", async () => {
  const submitted = await instance.api.submit({ selection: "hangs" });
  const id = submitted.runs[0]!.id;
  await until(async () => (await instance.api.run(id)).steps[0]!.status === "running");
  await instance.api.cancel(id);
  const { runs } = await instance.finish(submitted);
  expect(runs[0]!.status).toBe("cancelled");
  expect((await instance.api.run(id)).steps[0]!.status).toBe("cancelled");
});

test("the settings are shown as they count, and no secret among them", async () => {
  const settings = await instance.api.settings();
  const of = Object.fromEntries(settings.map(({ path, value, by }) => [path, `${value} (${by})`]));
  expect(of).toMatchObject({
    "storage.sqlite.path": ".kc/other.db (kc.yaml)",
    "runs.max_concurrent": "3 (kc.yaml)",
    "runs.max_concurrent_steps": "4 (default)",
    "runs.max_runtime": "90m (kc.yaml)",
    "runs.cancel_grace": "10s (default)",
    "runs.unresponsive_timeout": "not set (default)",
    "daemon.lease_ttl": "5s (default)",
    "pools.warehouse": "2 (kc.yaml)",
    "pools.granularity": "step (default)",
    "ticks.missed_partitioned": '{"catch_up":5} (default)',
    "openlineage.url": "http://127.0.0.1:9/api (kc.yaml)",
    "openlineage.api_key": "env:LINEAGE_KEY (kc.yaml)",
    "alerts.channels.hook.url": "env:HOOK_URL (kc.yaml)",
    "alerts.channels.hook.secret": "env:HOOK_SECRET (kc.yaml)",
  });
  const text = JSON.stringify(settings);
  for (const secret of [...Object.values(secrets), "pass-of-url", "key-of-url"]) expect(text).not.toContain(secret);
});
