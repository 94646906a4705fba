import { describe, expect, test } from "vitest";
import { graphOf } from "../../test/build.ts";
import * as automation from "../automation-algebra.ts";
import { type CheckRow, checkStatus } from "../partition/check-status.ts";
import {
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  multiPartitions,
  staticPartitions,
} from "../partition/definition.ts";
import type { PartitionSet } from "../partition/partition-set.ts";
import { workspacePartitions } from "../partition/workspace-partitions.ts";
import type { AssetSnapshot } from "../snapshot.ts";
import { type AutomationCursor, evaluateAutomation, type Update } from "./automation.ts";
import { automationRequests } from "./automation-requests.ts";

const { anyDepsUpdated, eager, newlyUpdated, missing, not, onCron, withLabel } = automation;
const at = (text: string) => Date.parse(`${text}Z`);

/** A workspace of partitioned assets, stepped by hand. */
function world(lines: string[], more: Record<string, Partial<AssetSnapshot>>) {
  let graph = graphOf({ team: lines }, more);
  let cursor: AutomationCursor = { eventId: 0, at: 0, assets: {} };
  let updates: Update[] = [];
  const made = new Map<string, string[]>();
  const results = new Map<string, CheckRow[]>();
  const self = {
    now: 0,
    looked: 0,
    most: undefined as number | undefined,
    stopped: [] as string[],
    dynamic: [] as string[],
    failed: [] as string[],
    paused: [] as string[],
    partitions: () => workspacePartitions(graph, { now: self.now, dynamicKeys: () => self.dynamic }),
    /** A check's result about partitions; without any, about the whole. */
    check(key: string, said: "passed" | "warned" | "failed", partition = "") {
      const rows = results.get(key) ?? [];
      const severity = said === "warned" ? ("WARN" as const) : ("ERROR" as const);
      const eventId = 1_000 + rows.length;
      results.set(key, [...rows, { check: "rows", partition, eventId, at: 1, runId: null, passed: said === "passed", severity }]);
      return self;
    },
    redefine(next: Record<string, Partial<AssetSnapshot>>) {
      graph = graphOf({ team: lines }, next);
      return self;
    },
    make(key: string, ...partitions: string[]) {
      made.set(key, [...(made.get(key) ?? []), ...partitions]);
      updates.push({ key, at: self.now, partition: partitions.join(",") || null, targets: new Set([key]) });
      return self;
    },
    /** What is asked for now: `asset partition…`, with the text of the sets. */
    look(time: string, touched: string[] = []) {
      self.now = at(time);
      for (const update of updates) if (update.at === 0) update.at = self.now;
      const partitions = self.partitions();
      const setOf = (key: string): PartitionSet => partitions.spaceOf(key).read(made.get(key) ?? []);
      const result = evaluateAutomation({
        graph,
        partitions,
        enabled: () => true,
        paused: (key) => self.paused.includes(key),
        updates,
        touched,
        materializedAt: (key) => (made.has(key) ? 1 : null),
        materialized: setOf,
        checkStatus: (key) => {
          const space = partitions.spaceOf(key);
          const rows = (made.get(key) ?? []).map((partition, at) => ({
            ...{ partition, materialized: { eventId: at + 1, at: 1, runId: null } },
            ...{ failedEventId: null, failedRunId: null },
          }));
          return checkStatus(space, results.get(key) ?? [], rows);
        },
        inProgress: () => undefined,
        ...(self.most === undefined ? {} : { maxRequestsPerMinute: self.most }),
        cursor: JSON.parse(JSON.stringify(cursor)) as AutomationCursor,
        eventId: 0,
        now: self.now,
      });
      cursor = result.cursor;
      updates = [];
      self.looked = result.evaluations.size;
      self.stopped = result.stopped;
      self.failed = result.failed.map(({ key, message }) => `${key}: ${message}`);
      return [...result.requested].map(([key, set]) => [key, ...partitions.spaceOf(key).text(set)].join(" ").trim());
    },
  };
  return self;
}

const hourly = hourlyPartitions({ start: "2026-01-01" });
const daily = dailyPartitions({ start: "2026-01-01" });

describe("partitions that change in code", () => {
  test("a static key that is new is missing at once", () => {
    const keys = (...names: string[]) => ({ a: { partitions: staticPartitions(names), automation: automation.onMissing() } });
    const one = world(["a"], keys("x"));
    expect(one.look("2026-01-01T00:00")).toEqual([]);
    expect(one.redefine(keys("x", "y")).look("2026-01-01T00:02")).toEqual(["a y"]);
  });
  test("a static key that is new upstream is looked at downstream, once", () => {
    const condition = anyDepsUpdated();
    const keys = (...names: string[]) => ({ a: { partitions: staticPartitions(names) }, b: { automation: condition } });
    const one = world(["a", "b <- a"], keys("x"));
    one.look("2026-01-01T00:00");
    one.redefine(keys("x", "y")).look("2026-01-01T00:01");
    expect(one.looked).toBe(1);
    one.look("2026-01-01T00:02");
    expect(one.looked).toBe(0);
  });
  test("what became due of an asset as a whole is not due of partitions that it gets meanwhile, nor of others than it had", () => {
    const condition = { automation: anyDepsUpdated() };
    for (const [before, after] of [
      [{}, { partitions: daily }],
      [{ partitions: daily }, {}],
      [{ partitions: daily }, { partitions: hourly }],
    ] as const) {
      const one = world(["a", "b <- a"], { a: {}, b: { ...before, ...condition } });
      one.look("2026-02-01T00:00");
      one.paused = ["b"];
      expect(one.make("a").look("2026-02-01T00:01")).toEqual([]);
      one.redefine({ a: {}, b: { ...after, ...condition } }).look("2026-02-01T00:02");
      one.paused = [];
      expect(one.look("2026-02-01T00:03")).toEqual([]);
    }
    const same = world(["a", "b <- a"], { a: {}, b: condition });
    same.look("2026-02-01T00:00");
    same.paused = ["b"];
    same.make("a").look("2026-02-01T00:01");
    same.paused = [];
    expect(same.look("2026-02-01T00:02")).toEqual(["b"]);
  });
});

describe("over mappings", () => {
  test("an hour that is made updates its day, once the day has ended", () => {
    const one = world(["h", "d <- h"], { h: { partitions: hourly }, d: { partitions: daily, automation: anyDepsUpdated() } });
    one.look("2026-01-03T00:30");
    expect(one.make("h", "2026-01-02-05:00").look("2026-01-03T00:40")).toEqual(["d 2026-01-02"]);
    expect(one.make("h", "2026-01-03-00:00").look("2026-01-03T01:30")).toEqual([]);
  });

  test("an asset whose keys have grown beyond what can be laid out holds up none of the others", () => {
    const many = staticPartitions(Array.from({ length: 400 }, (_, at) => `k${at}`));
    const partitions = multiPartitions({ day: daily, many, file: dynamicPartitions("files") });
    const condition = { automation: anyDepsUpdated() };
    const one = world(["a", "big <- a", "fine <- a"], { big: { partitions, ...condition }, fine: condition });
    one.look("2026-01-03T00:30");
    one.dynamic = Array.from({ length: 300 }, (_, at) => `f${at}`);
    expect(one.make("a", "").look("2026-01-03T00:40")).toEqual(["fine"]);
    expect(one.failed).toEqual([expect.stringContaining("big: partitions: over 100000 combinations")]);
  });

  test("an asset without partitions is updated by any of its dependency's", () => {
    const one = world(["s", "u <- s"], { s: { partitions: staticPartitions(["x", "y"]) }, u: { automation: anyDepsUpdated() } });
    one.look("2026-01-03T00:30");
    expect(one.make("s", "y").look("2026-01-03T00:40")).toEqual(["u"]);
  });

  test("onCron waits for the update of every dependency that its window needs, after the tick", () => {
    const one = world(["a", "x", "d <- a, x"], {
      a: { partitions: daily },
      x: {},
      d: { partitions: daily, automation: onCron("0 6 * * *") },
    });
    one.look("2026-01-03T05:00");
    expect(one.look("2026-01-03T06:00")).toEqual([]);
    expect(one.make("a", "2026-01-02").look("2026-01-03T07:00")).toEqual([]);
    expect(one.make("x").look("2026-01-03T08:00")).toEqual([]);
  });
});

describe("checks by partition", () => {
  const keys = staticPartitions(["a", "b", "c", "d"]);
  const check = { name: "rows", by: "code" as const, blocking: true };
  /** Which partitions a condition is true for: it asks for them. */
  const holds = (
    condition: ReturnType<typeof automation.checkFailed>,
    blocking: boolean,
    steps: (one: ReturnType<typeof world>) => unknown,
  ) => {
    const one = world(["s"], { s: { partitions: keys, checks: [{ ...check, blocking }], automation: condition } });
    one.make("s", "a", "b", "c");
    steps(one);
    return one.look("2026-01-03T00:30", ["s"]);
  };
  const { anyChecksMatch, checkPassed, checkFailed, checkMissing } = automation;
  const said = (one: ReturnType<typeof world>) =>
    one.check("s", "failed", "a").check("s", "warned", "b").check("s", "passed", "c");
  test.each([
    ["failed", checkFailed(), true, ["s a"]],
    ["failed, also where it only warns and blocks nothing", checkFailed(), false, ["s a...b"]],
    ["passed, also where it warns and could block", checkPassed(), true, ["s b...c"]],
    ["passed", checkPassed(), false, ["s c"]],
    ["missing", checkMissing(), true, ["s d"]],
  ])("%s", (_, condition, blocking, asked) => {
    expect(holds(anyChecksMatch(condition), blocking, said)).toEqual(asked);
  });
  test("a result about the whole is that of all that had been made", () => {
    expect(holds(anyChecksMatch(checkPassed()), true, (one) => said(one).check("s", "passed"))).toEqual(["s a...c"]);
    expect(holds(anyChecksMatch(checkFailed()), true, (one) => said(one).check("s", "failed"))).toEqual(["s a...c"]);
  });
});

describe("ranges", () => {
  test("a hundred thousand windows are one range: an update of all of them asks for all downstream, quickly", () => {
    const minutes = hourlyPartitions({ start: "2014-01-01" });
    const one = world(["h", "k <- h"], { h: { partitions: minutes }, k: { partitions: minutes, automation: anyDepsUpdated() } });
    one.look("2026-01-03T00:30");
    expect(one.make("h", "2014-01-01-00:00...2026-01-02-23:00").look("2026-01-03T00:40")).toEqual([
      "k 2014-01-01-00:00...2026-01-02-23:00",
    ]);
  });
  test("only the latest window is newly missing for eager, though all older ones are missing", () => {
    const one = world(["d"], { d: { partitions: daily, automation: eager() } });
    expect(one.look("2026-03-03T00:30")).toEqual([]);
    expect(one.look("2026-03-04T00:00")).toEqual(["d 2026-03-03"]);
    expect(one.look("2026-03-04T00:01", ["d"])).toEqual([]);
  });
});

describe("operands", () => {
  test("a changed code version is true once, also of a dependency", () => {
    const condition = automation.or(automation.codeVersionChanged(), automation.anyDepsMatch(automation.codeVersionChanged()));
    const assets = (a: string, b: string) => ({ a: { codeVersion: a }, b: { codeVersion: b, automation: condition } });
    const one = world(["a", "b <- a"], assets("1", "1"));
    expect(one.look("2026-01-01T00:00")).toEqual([]);
    expect(one.redefine(assets("1", "2")).look("2026-01-01T00:01")).toEqual(["b"]);
    expect(one.look("2026-01-01T00:02")).toEqual([]);
    expect(one.redefine(assets("2", "2")).look("2026-01-01T00:03")).toEqual(["b"]);
    one.look("2026-01-01T00:04");
    expect(one.look("2026-01-01T00:05")).toEqual([]);
    expect(one.looked).toBe(0);
  });
  test("a code version that nobody knows, as while its location is not loaded, is no other one", () => {
    const condition = automation.anyDepsMatch(automation.codeVersionChanged());
    const assets = (a: string | undefined) => ({ a: a ? { codeVersion: a } : {}, b: { automation: condition } });
    const one = world(["a", "b <- a"], assets("1"));
    expect(one.look("2026-01-01T00:00")).toEqual([]);
    expect(one.redefine(assets(undefined)).look("2026-01-01T00:01")).toEqual([]);
    expect(one.redefine(assets("1")).look("2026-01-01T00:02")).toEqual([]);
    one.redefine(assets(undefined)).look("2026-01-01T00:03");
    expect(one.redefine(assets("2")).look("2026-01-01T00:04")).toEqual(["b"]);
  });
  test("filters choose the dependencies that count", () => {
    const lines = ["a", "x", "b <- a, x"];
    const only = world(lines, { b: { automation: anyDepsUpdated({ only: "key:a" }) } });
    only.look("2026-01-01T00:00");
    expect(only.make("x").look("2026-01-01T00:01")).toEqual([]);
    expect(only.make("a").look("2026-01-01T00:02")).toEqual(["b"]);
    const without = world(lines, { b: { automation: automation.ignore(anyDepsUpdated(), "key:a") } });
    without.look("2026-01-01T00:00");
    expect(without.make("a").look("2026-01-01T00:01")).toEqual([]);
    expect(without.make("x").look("2026-01-01T00:02")).toEqual(["b"]);
  });
  test("a condition may look at dependencies of dependencies", () => {
    const one = world(["a", "b <- a", "c <- b"], {
      c: { automation: automation.anyDepsMatch(automation.anyDepsMatch(newlyUpdated())) },
    });
    one.look("2026-01-01T00:00");
    expect(one.make("a").look("2026-01-01T00:01")).toEqual(["c"]);
    expect(one.make("b").look("2026-01-01T00:02")).toEqual([]);
  });
});

describe("a runaway", () => {
  test("is stopped within the minute, told once, and goes on with news from upstream", () => {
    const condition = automation.or(withLabel(not(missing()), "always"), anyDepsUpdated());
    const one = world(["a", "b <- a"], { b: { automation: condition } });
    one.most = 3;
    one.make("b");
    const looks = [0, 1, 2, 3, 4].map((second) => one.look(`2026-01-01T00:00:0${second}`, ["b"]).length);
    expect(looks).toEqual([1, 1, 1, 0, 0]);
    expect(one.look("2026-01-01T00:00:30", ["b"])).toEqual([]);
    // Told when it was stopped, not again.
    expect(one.stopped).toEqual([]);
    expect(one.make("a").look("2026-01-01T00:00:31")).toEqual(["b"]);
  });
  test("updates from upstream, however many, are no runaway", () => {
    const one = world(["a", "b <- a"], { b: { automation: anyDepsUpdated() } });
    one.most = 2;
    one.look("2026-01-01T00:00:00");
    for (let second = 10; second < 30; second++) expect(one.make("a").look(`2026-01-01T00:00:${second}`)).toEqual(["b"]);
  });
  test("two assets that depend on each other are stopped, for their updates come from themselves", () => {
    const one = world(["a <- b", "b <- a"], { a: { automation: anyDepsUpdated() }, b: { automation: anyDepsUpdated() } });
    one.most = 3;
    one.look("2026-01-01T00:00:00");
    let asked = 0;
    for (let second = 10; second < 40; second++)
      asked += one.make(second % 2 === 0 ? "a" : "b").look(`2026-01-01T00:00:${second}`).length;
    expect(asked).toBeLessThan(12);
  });
});

describe("what is asked for together", () => {
  const three = staticPartitions(["x", "y", "z"]);
  const graph = graphOf(
    { team: ["a", "b <- a", "c", "d", "u <- d"] },
    { a: { partitions: three }, b: { partitions: three }, c: { partitions: three }, d: { partitions: three } },
  );
  const partitions = workspacePartitions(graph, { now: 0, dynamicKeys: () => [] });
  const ask = (wanted: Record<string, string[]>) =>
    automationRequests(
      graph,
      partitions,
      new Map(
        Object.entries(wanted).map(([key, keys]) => {
          const space = partitions.spaceOf(key);
          return [key, space.definition ? space.read(keys) : space.all()];
        }),
      ),
    );
  test.each<[string, Record<string, string[]>, unknown]>([
    [
      "one partition of all is one run",
      { a: ["x"], b: ["x"], c: ["x"] },
      [{ type: "run", assets: ["a", "c", "b"], partition: "x" }],
    ],
    [
      "other partitions of assets that do not depend on each other are a run each",
      { a: ["x"], c: ["y"] },
      [
        { type: "run", assets: ["a"], partition: "x" },
        { type: "run", assets: ["c"], partition: "y" },
      ],
    ],
    [
      "other partitions of assets that do are one backfill",
      { a: ["x"], b: ["y"] },
      [{ type: "backfill", targets: { a: ["x"], b: ["y"] } }],
    ],
    [
      "an asset without partitions goes with what it needs",
      { d: ["x"], u: [] },
      [{ type: "run", assets: ["d", "u"], partition: "x" }],
    ],
    [
      "several partitions take what needs them along",
      { d: ["x", "z"], u: [] },
      [{ type: "backfill", targets: { d: ["x", "z"], u: [] } }],
    ],
    [
      "what has one partition is a run beside the backfill of what has more",
      { a: ["x", "y"], c: ["x"] },
      [
        { type: "run", assets: ["c"], partition: "x" },
        { type: "backfill", targets: { a: ["x", "y"] } },
      ],
    ],
  ])("%s", (_, wanted, expected) => {
    expect(ask(wanted)).toEqual(expected);
  });
});
