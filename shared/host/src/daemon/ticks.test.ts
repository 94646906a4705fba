import {
  asset,
  assetSensor,
  dailyPartitions,
  defineLocation,
  dynamicPartitions,
  hourlyPartitions,
  job,
  multiAssetSensor,
  multiPartitions,
  runStatusSensor,
  schedule,
  sensor,
  staticPartitions,
} from "@kc/runtime";
import { assembleLocation, type Tick } from "@kc/runtime/internal";
import { describe, expect, test } from "vitest";
import { made, make, on, play } from "../../test/play.ts";
import type { SimulateOptions, Simulation } from "../simulate/simulate.ts";
import { instigators, turnInstigator } from "./instigators.ts";

const time = (at: number) => new Date(at).toISOString().slice(11, 16);
const told = (ticks: Tick[]) => ticks.map((tick) => `${time(tick.at)} ${tick.status}`);
const runsOf = ({ runs }: Simulation) => runs.map((run) => `${time(run.createdAt)} ${run.plan.assets.join(",")}`);

describe("missed ticks of a schedule, with the daemon down from 01:30 to 04:30", () => {
  const down = [{ from: "2026-01-01T01:30:00Z", to: "2026-01-01T04:30:00Z" }];
  const hourly = (missed?: "latest" | "skip" | { catchUp: number }) =>
    defineLocation({
      name: "team",
      assets: [made("a")],
      schedules: [schedule({ name: "s", cron: "0 * * * *", target: "a", defaultStatus: on, ...(missed ? { missed } : {}) })],
    });
  test.each([
    ["only the latest is made unless it says otherwise", undefined, ["01:00", "04:00", "05:00", "06:00"]],
    ["skip makes none", "skip", ["01:00", "05:00", "06:00"]],
    ["catchUp makes the last so many", { catchUp: 2 }, ["01:00", "03:00", "04:00", "05:00", "06:00"]],
    ["catchUp makes no more than there were", { catchUp: 50 }, ["01:00", "02:00", "03:00", "04:00", "05:00", "06:00"]],
  ] as const)("%s", async (_, missed, expected) => {
    const { ticks, runs } = await play([hourly(missed)], { down });
    expect(ticks.map((tick) => time(tick.at))).toEqual(expected);
    expect(runs).toHaveLength(expected.length);
  });
  test("the instance's default holds for those that say nothing", async () => {
    const { ticks } = await play([hourly()], { down, ticks: { missed: "skip" } });
    expect(ticks.map((tick) => time(tick.at))).toEqual(["01:00", "05:00", "06:00"]);
  });
  test("how late a tick began is kept with it", async () => {
    const { ticks } = await play([hourly()], { down });
    expect(ticks.map((tick) => tick.startedAt! - tick.at)).toEqual([0, 30 * 60_000, 0, 0]);
  });
});

describe("a schedule of partitions of several dimensions", () => {
  const regions = multiPartitions({ region: staticPartitions(["eu", "us"]), day: dailyPartitions({ start: "2025-12-01" }) });
  const daily = (more: object = {}) =>
    defineLocation({
      name: "team",
      assets: [asset({ key: "a", partitions: regions, materialize: make, ...more })],
      schedules: [schedule({ name: "s", cron: "0 2 * * *", target: "a", partition: "latest", defaultStatus: on })],
    });
  const partitions = ({ runs }: Simulation) => runs.map((run) => run.partition);
  test("makes a run for each key of the other dimensions", async () => {
    const result = await play([daily()]);
    expect(partitions(result)).toEqual(["eu|2025-12-31", "us|2025-12-31"]);
    expect(result.ticks.map(({ status, requestIds }) => `${status} ${requestIds.length}`)).toEqual(["success 2"]);
  });
  test("makes one run where the asset's policy lets it", async () => {
    expect(partitions(await play([daily({ backfill: "single" })]))).toHaveLength(1);
    expect(partitions(await play([daily({ backfill: { chunks: 2 } })]))).toHaveLength(1);
  });
  test("asks for no more runs than a tick may", async () => {
    const { ticks, runs } = await play([daily()], { ticks: { maxRuns: 1 } });
    expect([ticks[0]!.error, runs]).toEqual([
      "it asked for 2 runs in one tick, more than ticks.max_runs of kc.yaml allows (1)",
      [],
    ]);
  });
});

describe("a schedule of partitions", () => {
  const hours = (more: object = {}) =>
    defineLocation({
      name: "team",
      assets: [asset({ key: "a", partitions: hourlyPartitions({ start: "2025-12-31" }), materialize: make })],
      schedules: [schedule({ name: "s", cron: "0 * * * *", target: "a", partition: "latest", defaultStatus: on, ...more })],
    });
  const partitions = ({ runs }: Simulation) => runs.map((run) => run.partition);
  const down = [{ from: "2026-01-01T01:30:00Z", to: "2026-01-01T04:30:00Z" }];
  test("makes the partition that has ended at the tick's own time, and catches up with those it missed", async () => {
    expect(partitions(await play([hours()], { down }))).toEqual(
      ["00", "01", "02", "03", "04", "05"].map((hour) => `2026-01-01-${hour}:00`),
    );
  });
  test.each([
    ["as far as its policy goes", { missed: { catchUp: 2 } }, {}],
    ["as far as the instance's does", {}, { missedPartitioned: { catchUp: 2 } }],
  ])("catches up %s", async (_, more, ticks) => {
    expect(partitions(await play([hours(more)], { down, ticks }))).toEqual(
      ["00", "02", "03", "04", "05"].map((hour) => `2026-01-01-${hour}:00`),
    );
  });
  test("catches up with five at most unless it says otherwise", async () => {
    const result = await play([hours()], {
      down: [{ from: "2026-01-01T01:30:00Z", to: "2026-01-01T12:30:00Z" }],
      to: "2026-01-01T12:45:00Z",
    });
    expect(partitions(result)).toEqual(["00", "07", "08", "09", "10", "11"].map((hour) => `2026-01-01-${hour}:00`));
  });
  test("whose target has no partitions fails its tick with that", async () => {
    const { ticks } = await play([defineLocation({ ...hours(), assets: [made("a")] })]);
    expect(ticks[0]!.error).toBe('its target "a" has no partitions to make the latest of');
  });
});

describe("dynamic partitions that a sensor asks for", () => {
  const keys = (definition: string) =>
    defineLocation({
      name: "team",
      assets: [asset({ key: "a", partitions: dynamicPartitions("files"), materialize: make })],
      sensors: [
        sensor({
          name: "p",
          interval: "2h",
          target: "a",
          defaultStatus: on,
          run: () => ({ partitions: [{ definition, add: ["x", "y"], delete: ["z"] }], runs: [{ partition: "x", runKey: "x" }] }),
        }),
      ],
    });
  test("are added once, before the runs that make them, and the tick says what was done", async () => {
    const { ticks, runs } = await play([keys("files")]);
    expect(ticks.slice(0, 2).map((tick) => tick.logs[0]!.message)).toEqual([
      "partitions files: 2 added, 0 deleted, 1 left as they were",
      "partitions files: 0 added, 0 deleted, 3 left as they were",
    ]);
    expect(runs.map((run) => run.partition)).toEqual(["x"]);
  });
  test("of a definition that nothing has fail the tick", async () => {
    const { ticks, runs } = await play([keys("flies")]);
    expect(ticks[0]!.error).toContain('no asset has dynamic partitions "flies". Did you mean "files"?');
    expect(runs).toEqual([]);
  });
});

describe("a schedule's function", () => {
  const hourly = (more: Partial<Parameters<typeof schedule>[0]>) =>
    defineLocation({
      name: "team",
      assets: [made("a"), made("b")],
      schedules: [schedule({ name: "s", cron: "0 */3 * * *", target: "a", defaultStatus: on, ...more })],
    });
  test("that fails is tried again as often as the schedule allows, at its own time", async () => {
    const seen: string[] = [];
    const run = ({ now }: { now: Date }) => {
      seen.push(time(now.getTime()));
      if (seen.length < 3) throw new Error("not yet");
      return { runs: [{}] };
    };
    const result = await play([hourly({ run, maxTickRetries: 2 })]);
    expect(seen).toEqual(["03:00", "03:00", "03:00", "06:00"]);
    expect(told(result.ticks)).toEqual(["03:00 success", "06:00 success"]);
    expect(result.ticks[0]).toMatchObject({ attempts: 2, error: null });
    expect(result.runs).toHaveLength(2);
  });
  test("that goes on failing fails its tick with the last error", async () => {
    const run = () => {
      throw new Error("never");
    };
    const { ticks, runs } = await play([hourly({ run })], { ticks: { maxRetries: 1 } });
    expect(ticks[0]).toMatchObject({ status: "failed", attempts: 1, error: "never" });
    expect(runs).toEqual([]);
  });
  test("gives the run config of each tick", async () => {
    const config = ({ now }: { now: Date }) => ({ a: { day: now.toISOString().slice(0, 10) } });
    const { runs } = await play([hourly({ config: config as never })]);
    expect(runs.map((run) => run.config)).toEqual([{ a: { day: "2026-01-01" } }, { a: { day: "2026-01-01" } }]);
  });
  test("that asks for one run that cannot be and one that can gets the one", async () => {
    const { runs, ticks } = await play([hourly({ run: () => ({ runs: [{ selection: "nobody" }, { selection: "b" }] }) })]);
    expect(runs.map((run) => run.plan.assets)).toEqual([["b"], ["b"]]);
    expect(ticks[0]).toMatchObject({ status: "failed", error: expect.stringContaining('no asset "nobody"') });
  });
  test.each<[unknown, string]>([
    [{ runs: "all" }, "runs:"],
    [{ run: [{}] }, 'there is no "run". Did you mean "runs"?'],
    [{ jobs: ["a"] }, 'there is no "jobs". There are runs, events, partitions, cursor, skip.'],
    [{ runs: [{ selektion: "a" }] }, 'runs.0: there is no "selektion". Did you mean "selection"?'],
    [
      { events: [{ type: "materialization", asset: "a", meta: {} }] },
      'events.0: there is no "meta". There are type, asset, partition,',
    ],
    [
      { partitions: [{ definition: "d", remove: ["x"] }] },
      'partitions.0: there is no "remove". There are definition, add, delete.',
    ],
  ])("that answers what is no result fails its tick: %j", async (answer, told) => {
    const { ticks } = await play([hourly({ run: () => answer as never })]);
    expect(ticks[0]).toMatchObject({ status: "failed", error: expect.stringContaining(`answered what is no result: ${told}`) });
  });
});

describe("a sensor's cursor", () => {
  const grows = (bytes: number) => {
    const run = () => ({ cursor: "x".repeat(bytes) });
    return play([defineLocation({ name: "team", sensors: [sensor({ name: "s", interval: "30m", defaultStatus: on, run })] })]);
  };
  test.each([
    [1 << 20, undefined],
    [(1 << 20) + 1, "its cursor has 1048577 bytes, and may have 1048576 (1 MiB)"],
  ])("of %d bytes: %s", async (bytes, error) => {
    const { ticks } = await grows(bytes);
    expect(ticks[0]).toMatchObject(error ? { status: "failed", error: expect.stringContaining(error) } : { status: "skipped" });
  });
});

describe("run-status sensors", () => {
  const failing = made("fails");
  const fine = made("fine");
  const watched = job({ name: "j", selection: "fine" });
  const watcher = (more: object, run: (context: { run: { id: string; status: string; assets: string[] } }) => unknown) =>
    runStatusSensor({ name: "watch", on: ["failed"], defaultStatus: on, ...more, run: run as never });
  const world = (one: ReturnType<typeof watcher>, name = "team") =>
    defineLocation({ name, assets: [failing, fine], sensors: [one], jobs: [watched] });
  const burst =
    (times: number, selection = "fails"): NonNullable<SimulateOptions["at"]> =>
    async (at, { requests }) => {
      if (at.toISOString() === "2026-01-01T01:00:00.000Z") for (let n = 0; n < times; n++) await requests.submit({ selection });
    };
  const clock = defineLocation({
    name: "clock",
    assets: [made("tick")],
    schedules: [schedule({ name: "hour", cron: "0 * * * *", target: "tick", defaultStatus: on })],
  });
  const outcome = (key: string) => (key === "fails" ? ("failed" as const) : ("materialized" as const));

  test("every run of a burst is handled once, and none of another status or location", async () => {
    const seen: string[] = [];
    await play([world(watcher({}, ({ run }) => void seen.push(`${run.status} ${run.assets}`))), clock], {
      outcome,
      at: async (at, platform) => {
        await burst(20)(at, platform);
        await burst(1, "fine")(at, platform);
      },
    });
    expect(seen).toEqual(Array.from({ length: 20 }, () => "failed fails"));
  });
  test("an answer with what there is not fails its tick", async () => {
    const { ticks } = await play([world(watcher({}, () => ({ run: [{}] }))), clock], { outcome, at: burst(1) });
    expect(ticks.find((one) => one.name === "watch" && one.status === "failed")?.error).toContain(
      'there is no "run". Did you mean "runs"?',
    );
  });
  test("turned on after a hundred failures it hands out none of them; of the next twenty in one second each, once", async () => {
    const seen: string[] = [];
    const off = watcher({ defaultStatus: "stopped" }, ({ run }) => void seen.push(run.id));
    const result = await play([world(off), clock], {
      outcome,
      at: async (at, platform) => {
        await burst(100)(at, platform);
        if (at.toISOString() === "2026-01-01T03:00:00.000Z")
          await turnInstigator(
            { storage: platform.storage, log: platform.log, clock: { now: () => at.getTime(), sleep: async () => {} } },
            (await instigators(platform.workspace, platform.storage, "sensor")).find((one) => one.definition.name === "watch")!,
            true,
          );
        if (at.toISOString() === "2026-01-01T04:00:00.000Z")
          for (let n = 0; n < 20; n++) await platform.requests.submit({ selection: "fails" });
      },
    });
    const failed = result.runs.filter((run) => run.status === "failed");
    expect(failed).toHaveLength(120);
    expect(seen.toSorted()).toEqual(
      failed
        .slice(100)
        .map((run) => run.id)
        .toSorted(),
    );
  });
  test("one that throws fails its tick, is asked once for the run and goes on with the next", async () => {
    let calls = 0;
    const one = watcher({}, () => {
      calls++;
      if (calls === 2) throw new Error("slack is down");
    });
    const { ticks } = await play([world(one), clock], { outcome, at: burst(3) });
    expect(calls).toBe(3);
    const mine = ticks.filter((tick) => tick.name === "watch");
    expect(mine.map((tick) => tick.status).sort()).toContain("failed");
    expect(mine.find((tick) => tick.status === "failed")!.error).toMatch(/^run \w+: slack is down$/);
  });
  test.each([
    ["a job", { on: ["succeeded"], job: "j" }, 0],
    ["a selection", { selection: "fine" }, 0],
    ["another location", { locations: ["clock"], on: ["succeeded"] }, 6],
    ["all locations", { locations: "all", on: ["succeeded", "failed"] }, 9],
  ] as const)("can be told of the runs of %s", async (_, more, expected) => {
    let calls = 0;
    await play([world(watcher(more, () => void calls++)), clock], { outcome, at: burst(3) });
    expect(calls).toBe(expected);
  });
  test("runs they ask for are made once for each run, though the tick is made again", async () => {
    const one = watcher({ selection: "fails", target: "fine" }, () => ({ runs: [{}] }));
    const result = await play([world(one), clock], { outcome, at: burst(2) });
    expect(result.runs.filter((run) => run.plan.assets[0] === "fine")).toHaveLength(2);
  });
  test.each([
    ["with its target", { on: ["succeeded"], target: "fine" }],
    ["with the job it watches", { on: ["succeeded"], job: "j", target: watched }],
    ["within its selection", { on: ["failed"], selection: "fails or fine", target: "fine" }],
    ["among all locations", { on: ["failed"], locations: "all", target: "fine" }],
  ] as const)("one that would trigger itself %s is refused at load", (_, more) => {
    expect(() => assembleLocation(world(watcher(more, () => ({}))))).toThrow(
      /sensor "watch" would trigger itself with its target/,
    );
  });
  test("one whose target is of another job or location than it watches is not refused", () => {
    assembleLocation(world(watcher({ job: "j", target: job({ name: "other", selection: "fails" }) }, () => ({}))));
    assembleLocation(world(watcher({ locations: ["clock"], target: "fine" }, () => ({}))));
  });
  test("one that asks at the tick for what would trigger it fails that tick and gets no run", async () => {
    const one = watcher({}, () => ({ runs: [{ selection: "fails" }] }));
    const result = await play([world(one), clock], { outcome, at: burst(1) });
    expect(result.runs.filter((run) => run.location === "team")).toHaveLength(1);
    expect(result.ticks.find((tick) => tick.name === "watch")!.error).toContain("would trigger itself");
  });
});

describe("multi-asset sensors", () => {
  const world = (require: "all" | "any", run: (latest: object, call: number) => unknown) => {
    let calls = 0;
    return defineLocation({
      name: "team",
      assets: [made("a"), made("b"), made("c")],
      sensors: [
        multiAssetSensor({
          name: "both",
          assets: ["a", "b"],
          require,
          target: "c",
          defaultStatus: on,
          run: ({ latest }) => run(latest, calls++) as never,
        }),
      ],
      // a at every hour, b at every second hour, one after the other.
      schedules: [
        schedule({ name: "sa", cron: "0 * * * *", target: "a", defaultStatus: on }),
        schedule({ name: "sb", cron: "30 */2 * * *", target: "b", defaultStatus: on }),
      ],
    });
  };
  const ofC = (result: Simulation) => runsOf(result).filter((text) => text.endsWith(" c"));
  test("fire once all are newer than what was consumed, once", async () => {
    const result = await play([world("all", () => ({ runs: [{}] }))]);
    expect(ofC(result)).toEqual(["01:00 c", "02:30 c", "04:30 c"]);
  });
  test("or with any of them", async () => {
    const result = await play([world("any", (latest) => ({ runs: [{ tags: { n: String(Object.keys(latest)) } }] }))]);
    expect(ofC(result)).toHaveLength(9);
  });
  test("a skip consumes nothing and is asked again with the next materialization", async () => {
    const seen: string[] = [];
    const result = await play([
      world("all", (latest, call) => {
        seen.push(Object.keys(latest).sort().join());
        return call === 0 ? { skip: "not yet" } : { runs: [{}] };
      }),
    ]);
    expect(seen[0]).toBe("a,b");
    expect(ofC(result)).toEqual(["02:00 c", "03:00 c", "04:30 c"]);
  });
  test("one that makes what it waits for is refused at load", () => {
    const loop = (target: string, require: "all" | "any") =>
      defineLocation({
        name: "team",
        assets: [made("a"), made("b")],
        sensors: [multiAssetSensor({ name: "m", selection: "a or b", require, target, run: () => {} })],
      });
    expect(() => assembleLocation(loop("a", "any"))).toThrow(/would trigger itself with its target "a"/);
    expect(() => assembleLocation(loop("a or b", "all"))).toThrow(/makes everything it waits for/);
    assembleLocation(loop("a", "all"));
  });
});

describe("asset sensors", () => {
  test("are fired by a materialization of another location", async () => {
    const a = defineLocation({
      name: "a",
      assets: [made("raw")],
      schedules: [schedule({ name: "load", cron: "0 */3 * * *", target: "raw", defaultStatus: on })],
    });
    const b = defineLocation({
      name: "b",
      assets: [made("report")],
      jobs: [job({ name: "reports", selection: "report" })],
      sensors: [assetSensor({ name: "new", selection: "raw", target: "report", defaultStatus: on, run: () => ({ runs: [{}] }) })],
    });
    const result = await play([a, b]);
    expect(result.runs.map((run) => `${time(run.createdAt)} ${run.location} ${run.plan.assets}`)).toEqual([
      "03:00 a raw",
      "03:00 b report",
      "06:00 a raw",
      "06:00 b report",
    ]);
  });
});

describe("any sensor", () => {
  const poll = (run: () => unknown, more: object = {}) =>
    defineLocation({
      name: "team",
      assets: [made("a"), made("b")],
      sensors: [sensor({ name: "p", interval: "1h", target: "a", defaultStatus: on, ...more, run: run as never })],
    });
  test("that only looks has ticks that were skipped and no runs", async () => {
    const { ticks, runs } = await play([poll(() => ({ skip: "all is well" }))]);
    expect(new Set(ticks.map((tick) => `${tick.status} ${tick.skip}`))).toEqual(new Set(["skipped all is well"]));
    expect(runs).toEqual([]);
  });
  test("that asks for more runs than a tick may fails it, naming the number", async () => {
    const { ticks, runs } = await play([poll(() => ({ runs: Array.from({ length: 11 }, () => ({})) }))], {
      ticks: { maxRuns: 10 },
    });
    expect(ticks[0]!.error).toBe("it asked for 11 runs in one tick, more than ticks.max_runs of kc.yaml allows (10)");
    expect(runs).toEqual([]);
  });
  test("that listens to what its target makes is refused at load, with its place", () => {
    const definition = defineLocation({
      name: "team",
      assets: [made("a"), made("b", ["a"])],
      sensors: [assetSensor({ name: "echo", selection: "a", target: "a+", run: () => {} })],
    });
    expect(() => assembleLocation(definition)).toThrow(
      'sensor "echo" would trigger itself with its target "a+": its run makes a',
    );
  });
  test.each([
    ["an interval under a second", () => sensor({ name: "p", interval: "999ms", run: make }), "at least 1s"],
    ["an unknown status", () => runStatusSensor({ name: "p", on: ["broken" as never], run: make }), 'no run status "broken"'],
    ["no status", () => runStatusSensor({ name: "p", on: [], run: make }), "names no status"],
    ["neither assets nor selection", () => multiAssetSensor({ name: "p", run: make }), "needs assets or a selection"],
    ["a former name that is its own", () => sensor({ name: "p", formerly: ["p"], run: make }), "its present name"],
    ["catching up nothing", () => schedule({ name: "p", cron: "* * * * *", target: "a", missed: { catchUp: 0 } }), "1 to 1000"],
    ["a timeout that is none", () => sensor({ name: "p", timeout: "5 minutes" as never, run: make }), "not a duration"],
  ])("with %s is refused", (_, define, message) => {
    expect(define).toThrow(message);
  });
  test("that watches a job that is not there, or takes a living name, is refused at load", () => {
    const named = (more: object) => poll(() => {}, more);
    const watch = runStatusSensor({ name: "w", on: ["failed"], job: "nigthly", run: make });
    expect(() =>
      assembleLocation(
        defineLocation({ name: "team", assets: [made("a")], jobs: [job({ name: "nightly", selection: "a" })], sensors: [watch] }),
      ),
    ).toThrow('watches job "nigthly", which location team does not define. Did you mean "nightly"?');
    const living = { ...named({}), sensors: [...named({}).sensors, ...named({ name: "q", formerly: ["p"] }).sensors] };
    expect(() => assembleLocation(living)).toThrow(/formerly "p", but sensor "p" is defined/);
    const twice = {
      ...named({}),
      sensors: [...named({ name: "q", formerly: ["o"] }).sensors, ...named({ name: "r", formerly: ["o"] }).sensors],
    };
    expect(() => assembleLocation(twice)).toThrow('"q" and "r" both say that they were formerly "o"');
  });
});
