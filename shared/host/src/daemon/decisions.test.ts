import {
  type AssetSnapshot,
  anyDepsUpdated,
  buildGraph,
  type Clock,
  dailyPartitions,
  type LocationSnapshot,
  type ScheduleResult,
  type SensorEvent,
  type SensorResult,
  type Storage,
  staticPartitions,
  UserError,
} from "@kc/runtime/internal";
import { openSqlite } from "@kc/storage/sqlite";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Workspace } from "../locations/workspace.ts";
import { type EventLog, eventLog } from "../log.ts";
import { livePartitions } from "../partitions.ts";
import { submitter } from "../runs/submit.ts";
import { tickAutomation } from "./automation.ts";
import { type DaemonContext, defaultAutomationSettings, defaultTickSettings } from "./context.ts";
import { tickFreshness } from "./freshness.ts";
import * as schedules from "./schedules.ts";
import { tickSensors } from "./sensors.ts";

// The daemon's decisions over a real storage and a clock that is turned by hand; only the location's code is a function here.

/** One look at the schedules and at what its ticks wake, until none goes on: a host of its own, as after a start. */
async function tickSchedules(context: DaemonContext): Promise<number | undefined> {
  const inFlight: schedules.SchedulesInFlight = new Set();
  for (;;) {
    const next = await schedules.tickSchedules(context, inFlight, () => {});
    if (inFlight.size === 0) return next;
    while (inFlight.size > 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

const minute = 60_000;
const start = Date.parse("2026-01-01T12:00:30Z");
const assetOf = (key: string, more: Partial<AssetSnapshot> = {}): AssetSnapshot => ({
  key,
  step: key,
  deps: [],
  group: "default",
  owners: [],
  kinds: [],
  tags: {},
  metadata: {},
  checks: [],
  external: false,
  subset: true,
  resources: [],
  ...more,
});
type Question = { name: string; now: number; cursor: string | undefined; events: SensorEvent[] };
type Answer = SensorResult & ScheduleResult;

let storage: Storage;
let log: EventLog;
let now: number;
let answer: (question: Question) => Promise<Answer> | Answer;
let reports: string[];
let snapshot: LocationSnapshot;
let status: "loaded" | "error";
let inFlight: Set<string>;

beforeEach(() => {
  storage = openSqlite(":memory:");
  log = eventLog(storage);
  now = start;
  answer = () => ({});
  reports = [];
  status = "loaded";
  inFlight = new Set();
  snapshot = {
    name: "team",
    assets: [assetOf("a"), assetOf("b")],
    jobs: [],
    schedules: [],
    sensors: [],
    components: [],
    warnings: [],
  };
});
afterEach(() => storage.close());

/** A daemon as after a start of the host: it knows only what the storage holds. */
function context(): DaemonContext {
  const { graph } = buildGraph([snapshot]);
  const location = {
    entry: { name: "team" },
    status,
    snapshot,
    error: status === "error" ? { message: "a syntax error" } : undefined,
    process:
      status === "error"
        ? undefined
        : { evaluateTick: async (question: Question) => ({ result: await answer(question), logs: [] }) },
  };
  const workspace = { graph: () => graph, locations: () => [location], location: () => location } as unknown as Workspace;
  const clock: Clock = { now: () => now, sleep: async () => {} };
  const partitions = livePartitions({ workspace, storage, log, clock });
  const requests = submitter({ workspace, log, clock, pools: { check() {} }, partitions });
  return {
    workspace,
    storage,
    log,
    clock,
    requests,
    ticks: { ...defaultTickSettings, timeoutMs: 1_000 },
    automation: defaultAutomationSettings,
    partitions,
    report: (line) => void reports.push(line),
  };
}
const settled = async () => {
  while (inFlight.size > 0) await new Promise((resolve) => setImmediate(resolve));
};
const sensors = async (wake = () => {}) => {
  const next = await tickSensors(context(), inFlight, wake);
  await settled();
  return next;
};
const runs = async () => (await storage.listRuns({ order: "oldest" })).map((run) => run.plan.assets.join(" "));
const ticks = async () => (await storage.listTicks()).map((tick) => tick.status).reverse();
const made = (...keys: string[]) => storage.appendEvents(keys.map((key) => ({ type: "materialization", at: now, asset: key })));

describe("schedules", () => {
  const every = (more: object = {}) => ({
    name: "s",
    cron: "* * * * *",
    timezone: "UTC",
    target: "a",
    tags: {},
    defaultStatus: "running" as const,
    decides: false,
    ...more,
  });
  beforeEach(() => {
    snapshot.schedules = [every()];
  });

  test("turned on now, what is past does not count; then every tick makes one run", async () => {
    expect(await tickSchedules(context())).toBe(start + 30_000);
    expect(await runs()).toEqual([]);
    now = start + 30_000;
    expect(await tickSchedules(context())).toBe(start + 90_000);
    await tickSchedules(context());
    expect(await runs()).toEqual(["a"]);
    now += minute;
    await tickSchedules(context());
    expect(await runs()).toEqual(["a", "a"]);
    expect((await storage.listRuns())[0]!.tags).toMatchObject({
      "kc/schedule": "s",
      "kc/scheduled_at": "2026-01-01T12:02:00.000Z",
    });
  });
  test("of other times than before, of which one has passed already, counts from now on", async () => {
    await tickSchedules(context());
    now = start + 30_000;
    await tickSchedules(context());
    now += 10 * minute;
    snapshot.schedules = [every({ cron: "5 * * * *" })];
    // 12:05 has passed, 13:05 is to come.
    expect(await tickSchedules(context())).toBe(start + 64 * minute + 30_000);
    expect(await runs()).toEqual(["a"]);
    now = start + 65 * minute;
    await tickSchedules(context());
    expect(await runs()).toEqual(["a", "a"]);
  });
  test("of the ticks that nobody was there for only the latest is made", async () => {
    await tickSchedules(context());
    now += 180 * minute;
    await tickSchedules(context());
    expect((await storage.listTicks()).map((tick) => tick.at)).toEqual([start + 180 * minute - 30_000]);
    expect(await runs()).toHaveLength(1);
  });
  test.each(["before its run was stored", "after its run was stored"])(
    "a kill in the middle of a tick, %s, makes exactly one run",
    async (when) => {
      await tickSchedules(context());
      now += 40_000;
      const due = start + 30_000;
      const dying = context();
      const dead = new Promise<never>(() => {});
      if (when.startsWith("before")) dying.requests = { ...dying.requests, submit: () => dead };
      else dying.storage = { ...dying.storage, endTick: () => dead };
      void tickSchedules(dying);
      while ((await ticks())[0] !== "started" || (when.startsWith("after") && (await runs()).length === 0))
        await new Promise((resolve) => setImmediate(resolve));
      await tickSchedules(context());
      await tickSchedules(context());
      expect(await runs()).toEqual(["a"]);
      expect((await storage.listTicks()).map((tick) => [tick.at, tick.status])).toEqual([[due, "success"]]);
    },
  );
  test("a function that throws fails its own tick only; one that asks for nothing skips with its reason", async () => {
    snapshot.schedules = [every({ decides: true }), every({ name: "other" })];
    await tickSchedules(context());
    now += 40_000;
    answer = () => {
      throw new Error("no vendor");
    };
    await tickSchedules(context());
    expect(await runs()).toEqual(["a"]);
    now += minute;
    answer = () => ({ skip: "a holiday" });
    await tickSchedules(context());
    expect((await storage.listTicks({ name: "s" })).map((tick) => [tick.status, tick.skip, tick.error])).toEqual([
      ["skipped", "a holiday", null],
      ["failed", null, "no vendor"],
    ]);
  });
  test("one function may ask for several runs, each once", async () => {
    snapshot.schedules = [every({ decides: true })];
    answer = () => ({ runs: [{ selection: "a" }, { selection: "b", runKey: "b-of-today" }] });
    await tickSchedules(context());
    now += 40_000;
    await tickSchedules(context());
    now += minute;
    await tickSchedules(context());
    expect(await runs()).toEqual(["a", "b", "a"]);
  });
  test("of a location that does not load waits for it as long as it takes; a newer tick takes its place", async () => {
    await tickSchedules(context());
    now += 40_000;
    status = "error";
    for (let at = 0; at < 10; at++, now += minute) await tickSchedules(context());
    expect((await storage.listTicks())[0]).toMatchObject({ status: "started", error: expect.stringContaining("a syntax error") });
    status = "loaded";
    await tickSchedules(context());
    expect(new Set((await ticks()).slice(0, -1))).toEqual(new Set(["skipped"]));
    expect(await ticks()).toHaveLength(11);
    expect(await runs()).toHaveLength(1);
  });
  test("one that was turned off makes nothing", async () => {
    await storage.setInstigator({ location: "team", name: "s", type: "schedule", status: "stopped", lastTickAt: start });
    now += 10 * minute;
    expect(await tickSchedules(context())).toBeUndefined();
    expect(await runs()).toEqual([]);
  });
});

describe("poll sensors", () => {
  const poll = (more: object = {}) => ({
    name: "p",
    type: "poll" as const,
    intervalMs: 5_000,
    selection: "*",
    target: "a",
    defaultStatus: "running" as const,
    ...more,
  });
  beforeEach(() => {
    snapshot.sensors = [poll()];
  });

  test("tick at once and then from start to start", async () => {
    await sensors();
    expect(await sensors()).toBe(start + 5_000);
    now += 4_999;
    await sensors();
    expect(await ticks()).toHaveLength(1);
    now += 1;
    await sensors();
    expect(await ticks()).toEqual(["skipped", "skipped"]);
  });
  test("the cursor is kept on success and on skip, not on failure", async () => {
    const seen: unknown[] = [];
    const tick = async (result: () => Answer) => {
      answer = ({ cursor }) => {
        seen.push(cursor);
        return result();
      };
      await sensors();
      now += 5_000;
    };
    await tick(() => ({ cursor: "1", runs: [{}] }));
    await tick(() => ({ cursor: "2", skip: "nothing" }));
    await tick(() => {
      throw new UserError("the disk is gone");
    });
    await tick(() => ({}));
    expect(seen).toEqual([undefined, "1", "2", "2"]);
    expect((await storage.listTicks())[1]).toMatchObject({ status: "failed", error: "the disk is gone" });
    expect(reports).toEqual(["sensor team/p: the disk is gone"]);
  });
  test("a run key makes one run for ever, also once the cursor is gone", async () => {
    answer = () => ({ runs: [{ runKey: "file.csv" }] });
    for (let at = 0; at < 3; at++) {
      await sensors();
      now += 5_000;
    }
    await storage.setInstigator({ location: "team", name: "p", type: "sensor", cursor: null });
    await sensors();
    expect(await runs()).toEqual(["a"]);
  });
  test("a slow one never overlaps itself and holds no other up", async () => {
    snapshot.sensors = [poll(), poll({ name: "quick" })];
    let finish = () => {};
    let calls = 0;
    answer = ({ name }) => {
      if (name === "quick") return {};
      calls++;
      return new Promise((resolve) => {
        finish = () => resolve({});
      });
    };
    await tickSensors(context(), inFlight, () => {});
    while (calls === 0 || inFlight.has("team/quick")) await new Promise((resolve) => setImmediate(resolve));
    now += 20_000;
    await tickSensors(context(), inFlight, () => {});
    while (inFlight.has("team/quick")) await new Promise((resolve) => setImmediate(resolve));
    expect(calls).toBe(1);
    expect(await storage.listTicks({ name: "quick" })).toHaveLength(2);
    finish();
    await settled();
  });
  test("one whose ticks take longer than its interval ticks again as soon as it has ended, never twice at once", async () => {
    snapshot.sensors = [poll({ intervalMs: 1_000 })];
    const began: number[] = [];
    let going = 0;
    let most = 0;
    let finish = () => {};
    answer = () => {
      began.push(now - start);
      most = Math.max(most, ++going);
      return new Promise((resolve) => {
        finish = () => {
          going--;
          resolve({});
        };
      });
    };
    // A look at every second; each tick is answered three seconds after it began.
    for (let second = 0; second <= 9; second++, now += 1_000) {
      if (going > 0 && now - start - began.at(-1)! >= 3_000) {
        finish();
        await settled();
      }
      await tickSensors(context(), inFlight, () => {});
      while (inFlight.size > 0 && going === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    finish();
    await settled();
    expect(began).toEqual([0, 3_000, 6_000, 9_000]);
    expect(most).toBe(1);
    expect(await ticks()).toEqual(["skipped", "skipped", "skipped", "skipped"]);
  });
  test("a kill in the middle of a tick redoes that tick and makes its run once", async () => {
    answer = () => ({ runs: [{}] });
    const dying = context();
    dying.storage = { ...dying.storage, endTick: () => new Promise(() => {}) };
    await tickSensors(dying, new Set(), () => {});
    while ((await runs()).length === 0) await new Promise((resolve) => setImmediate(resolve));
    now += 5_000;
    await sensors();
    expect(await runs()).toEqual(["a"]);
    expect(await ticks()).toEqual(["success"]);
  });
  test("a tick that a kill interrupted is finished, also once its sensor was turned off; of one that is gone it fails", async () => {
    answer = () => ({ runs: [{}] });
    const dying = context();
    dying.storage = { ...dying.storage, endTick: () => new Promise(() => {}) };
    await tickSensors(dying, new Set(), () => {});
    while ((await runs()).length === 0) await new Promise((resolve) => setImmediate(resolve));
    await storage.setInstigator({ location: "team", name: snapshot.sensors[0]!.name, type: "sensor", status: "stopped" });
    await storage.startTick({ location: "team", name: "gone", type: "sensor", at: now });
    now += 5_000;
    await sensors();
    expect(await runs()).toEqual(["a"]);
    expect(await ticks()).toEqual(["success", "failed"]);
    now += 60_000;
    await sensors();
    expect(await ticks()).toEqual(["success", "failed"]);
  });
  test("the tick of a sensor without a function that a kill left open is ended, not while it may still be told", async () => {
    snapshot.sensors = [{ name: "auto", type: "automation", intervalMs: 0, selection: "*", defaultStatus: "running" }];
    await storage.startTick({ location: "team", name: "auto", type: "sensor", at: now });
    now += 5_000;
    expect(await sensors()).toBe(start + 10_000);
    expect(await ticks()).toEqual(["started"]);
    now += 5_000;
    await sensors();
    expect(await storage.listTicks()).toMatchObject([
      { status: "success", logs: [{ message: expect.stringContaining("kc ended") }] },
    ]);
  });
  test("what a sensor reports is in the log", async () => {
    snapshot.assets = [assetOf("a", { checks: [{ name: "n", blocking: false, by: "code" }] })];
    answer = () => ({
      events: [
        { type: "materialization", asset: "a", metadata: { rows: 5 } },
        { type: "check", asset: "a", name: "n", passed: false },
      ],
    });
    await sensors();
    expect((await storage.assetStates()).get("a")).toMatchObject({
      materialization: { metadata: { rows: { type: "number", value: 5 } } },
      checks: { n: { passed: false, severity: "ERROR" } },
    });
  });
});

test("what a sensor reports may be of partitions; of one that is none the tick fails and nothing is reported", async () => {
  snapshot.sensors = [{ name: "pushed", type: "poll", intervalMs: 1_000, selection: "*", target: "b", defaultStatus: "running" }];
  const checks = [{ name: "n", blocking: false, by: "code" as const }];
  snapshot.assets = [assetOf("a", { partitions: staticPartitions(["x", "y"]), checks }), assetOf("b")];
  const report = (partition: string) => ({ type: "check" as const, asset: "a", name: "n", passed: false, partition });
  answer = () => ({ events: [report("x")] });
  await sensors();
  expect((await storage.checkRows("a")).map(({ check, partition, passed }) => [check, partition, passed])).toEqual([
    ["n", "x", false],
  ]);
  answer = () => ({ events: [report("y"), report("z")] });
  now += 1_000;
  await sensors();
  expect((await storage.listTicks({ limit: 1 }))[0]).toMatchObject({
    status: "failed",
    error: expect.stringContaining('there is no partition "z"'),
  });
  expect(await storage.checkRows("a")).toHaveLength(1);
});

describe("asset sensors", () => {
  let seen: string[][];
  beforeEach(() => {
    snapshot.sensors = [{ name: "pushed", type: "asset", intervalMs: 0, selection: "a", target: "b", defaultStatus: "running" }];
    seen = [];
    answer = ({ events }) => {
      seen.push(events.map((event) => event.asset!));
      return { runs: [{}] };
    };
  });

  test("are pushed by the selected assets' materializations, each once", async () => {
    await made("a");
    await sensors();
    expect(seen).toEqual([]);
    await made("a", "b", "a");
    await sensors();
    await sensors();
    expect(seen).toEqual([["a", "a"]]);
    await made("a");
    await sensors();
    expect(seen).toEqual([["a", "a"], ["a"]]);
    expect(await runs()).toEqual(["b", "b"]);
  });
  test("thousands of events of other assets hold nothing up", async () => {
    await sensors();
    for (let at = 0; at < 3; at++) await made(...Array.from({ length: 999 }, () => "b"));
    await made("a");
    for (let at = 0; at < 6; at++) await sensors();
    expect(seen).toEqual([["a"]]);
  });
  test("a tick that fails gets its events again, later and not at once", async () => {
    await sensors();
    await made("a");
    const good = answer;
    answer = () => {
      throw new Error("not now");
    };
    let woken = 0;
    await sensors(() => void woken++);
    const next = await sensors();
    await sensors();
    expect(await ticks()).toEqual(["failed"]);
    expect(next).toBeGreaterThan(now);
    now = next!;
    answer = good;
    await sensors();
    expect(seen).toEqual([["a"]]);
    expect(await ticks()).toEqual(["failed", "success"]);
  });
  test("keep the author's own cursor beside the log's", async () => {
    const cursors: unknown[] = [];
    answer = ({ cursor }) => {
      cursors.push(cursor);
      return { cursor: `${cursor ?? ""}x` };
    };
    await sensors();
    for (let at = 0; at < 2; at++) {
      await made("a");
      await sensors();
    }
    expect(cursors).toEqual([undefined, "x"]);
  });
});

describe("automation", () => {
  const automation = anyDepsUpdated();
  const automate = () => tickAutomation(context(), new Map());

  test("a step that makes its assets together is requested whole", async () => {
    snapshot.assets = [
      assetOf("a"),
      assetOf("m1", { step: "m", subset: false, deps: ["a"], automation }),
      assetOf("m2", { step: "m", subset: false }),
    ];
    await automate();
    await made("a");
    await automate();
    expect((await storage.listRuns()).map((run) => [...run.plan.assets].sort())).toEqual([["m1", "m2"]]);
  });
  test("what cannot be planned is told once and holds up nothing else", async () => {
    snapshot.assets = [
      assetOf("a"),
      assetOf("c", { deps: ["d", "a"], automation }),
      assetOf("d", { deps: ["c"], automation }),
      assetOf("e", { deps: ["c"], automation }),
    ];
    await automate();
    await made("a");
    await automate();
    await automate();
    expect(reports).toHaveLength(1);
    expect(reports[0]).toContain("circle");
    snapshot.assets = [assetOf("a"), assetOf("b", { deps: ["a"], automation })];
    await automate();
    await made("a");
    await automate();
    expect(await runs()).toEqual(["b"]);
  });
  test("what is due while its location does not load is requested once it does", async () => {
    snapshot.assets = [assetOf("a"), assetOf("b", { deps: ["a"], automation })];
    await automate();
    await made("a");
    status = "error";
    await automate();
    await automate();
    expect(await runs()).toEqual([]);
    expect(reports).toEqual([expect.stringContaining("b is due, but location team does not load")]);
    status = "loaded";
    await automate();
    await automate();
    expect(await runs()).toEqual(["b"]);
  });
});

describe("freshness", () => {
  test("each change of state is one event, at its instant", async () => {
    snapshot.assets = [assetOf("a", { freshness: { warnMs: minute, failMs: 2 * minute } })];
    expect(await tickFreshness(context())).toBeUndefined();
    await made("a");
    expect(await tickFreshness(context())).toBe(start + minute);
    for (const at of [1, minute - 1, minute, minute + 1, 2 * minute - 1, 2 * minute, 5 * minute]) {
      now = start + at;
      await tickFreshness(context());
    }
    expect((await storage.readEvents({ types: ["freshness"] })).map((event) => [event.state, event.at - start])).toEqual([
      ["fresh", 0],
      ["warn", minute],
      ["fail", 2 * minute],
    ]);
    await made("a");
    await tickFreshness(context());
    expect((await storage.assetStates()).get("a")!.freshness).toBe("fresh");
  });
  test.each([
    ["none: all are watched", [], "ab"],
    ["one of all, off", [["*", "stopped"]], ""],
    ["one of some, off: the others are watched", [["key:a", "stopped"]], "b"],
    [
      "two of the same, one of them on",
      [
        ["*", "stopped"],
        ["key:a", "running"],
      ],
      "a",
    ],
  ] as const)("freshness sensors switch what they select: %s", async (_, sensors, expected) => {
    const freshness = { failMs: minute };
    snapshot.assets = [assetOf("a", { freshness }), assetOf("b", { freshness })];
    snapshot.sensors = sensors.map(([selection, defaultStatus], at) => ({
      name: `f${at}`,
      type: "freshness" as const,
      selection,
      defaultStatus,
    })) as typeof snapshot.sensors;
    await made("a", "b");
    await tickFreshness(context());
    const told = (await storage.readEvents({ types: ["freshness"] })).map((event) => event.asset);
    expect(told.toSorted().join("")).toBe(expected);
    // Turned on by hand they are watched again.
    for (const { name } of snapshot.sensors)
      await storage.setInstigator({ location: "team", name, type: "sensor", status: "running" });
    await tickFreshness(context());
    expect(await storage.readEvents({ types: ["freshness"] })).toHaveLength(2);
  });
  test("a backfill of an old partition does not make an asset fresh: the latest window does, by itself or in a range", async () => {
    const partitions = dailyPartitions({ start: "2025-12-01" });
    snapshot.assets = [assetOf("a", { partitions, freshness: { failMs: 26 * 60 * minute, of: "latestPartition" } })];
    const at = async (instant: string, partition?: string, type: "materialization" | "wiped" = "materialization") => {
      now = Date.parse(`2026-01-${instant}:00Z`);
      if (partition) await log.append([{ type, at: now, asset: "a", partition }]);
      await tickFreshness(context());
      return (await storage.assetStates()).get("a")?.freshness;
    };
    expect(await at("05T01:00", "2026-01-04")).toBe("fresh");
    expect(await at("06T02:59")).toBe("fresh");
    expect(await at("06T03:00")).toBe("fail");
    expect(await at("06T12:00", "2025-12-24...2026-01-03")).toBe("fail");
    expect(await at("06T12:01", "2026-01-01")).toBe("fail");
    // The window of the 5th has been missing since midnight: made anew, the one before it is as old as that.
    expect(await at("06T12:02", "2026-01-04")).toBe("fresh");
    expect(await at("07T02:00")).toBe("fail");
    expect(await at("07T04:00", "2026-01-04...2026-01-06")).toBe("fresh");
    expect(await at("07T05:00", "2026-01-04...2026-01-06", "wiped")).toBe("fail");
  });
});
