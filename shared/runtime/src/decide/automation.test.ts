import { describe, expect, test } from "vitest";
import { graphOf } from "../../test/build.ts";
import { type AutomationCondition, anyDepsUpdated, eager, onCron } from "../automation.ts";
import { workspacePartitions } from "../partition/workspace-partitions.ts";
import type { AssetSnapshot } from "../snapshot.ts";
import { type AutomationCursor, evaluateAutomation } from "./automation.ts";

/** A workspace whose automation is stepped by hand: what happens between two looks is told, then `look()`. */
function world(
  lines: string[],
  conditions: Record<string, AutomationCondition>,
  more: Record<string, Partial<AssetSnapshot>> = {},
) {
  let graph = graphOf(
    { team: lines },
    Object.fromEntries(
      Object.keys({ ...conditions, ...more }).map((key) => [
        key,
        { ...more[key], ...(conditions[key] ? { automation: conditions[key] } : {}) },
      ]),
    ),
  );
  let cursor: AutomationCursor = { eventId: 0, at: 0, assets: {} };
  let updates: { key: string; at: number; targets: ReadonlySet<string> }[] = [];
  let touched: string[] = [];
  const made = new Map<string, number>();
  const going = new Set<string>();
  const off = new Set<string>();
  const self = {
    now: 0,
    last: undefined as ReturnType<typeof evaluateAutomation> | undefined,
    /** A request made these assets. */
    make(...keys: string[]) {
      for (const key of keys) {
        made.set(key, self.now);
        updates.push({ key, at: self.now, targets: new Set(keys) });
      }
      return self;
    },
    exists(...keys: string[]) {
      for (const key of keys) made.set(key, self.now);
      return self;
    },
    going(key: string, yes = true) {
      if (yes) going.add(key);
      else going.delete(key);
      touched.push(key);
      return self;
    },
    lose(key: string) {
      made.delete(key);
      touched.push(key);
      return self;
    },
    turn(key: string, on: boolean) {
      if (on) off.delete(key);
      else off.add(key);
      return self;
    },
    redefine(next: typeof graph) {
      graph = next;
      return self;
    },
    at(ms: number) {
      self.now = ms;
      return self;
    },
    look() {
      self.last = evaluateAutomation({
        graph,
        partitions: workspacePartitions(graph, { now: self.now, dynamicKeys: () => [] }),
        enabled: (key) => !off.has(key),
        updates,
        touched,
        materializedAt: (key) => made.get(key) ?? null,
        inProgress: (key) => (going.has(key) ? new Map([["", [[0, 1]]]]) : undefined),
        cursor: JSON.parse(JSON.stringify(cursor)) as AutomationCursor,
        eventId: 0,
        now: self.now,
      });
      cursor = self.last.cursor;
      updates = [];
      touched = [];
      // A request of automation is a run of these assets that is queued at once.
      return self.last.request.join(" ");
    },
  };
  return self;
}

describe("anyDepsUpdated()", () => {
  const chain = () => world(["a", "b <- a", "c <- b"], { b: anyDepsUpdated(), c: anyDepsUpdated() });
  test("an update of the first of a chain requests all of the rest, together, once", () => {
    const one = chain();
    expect(one.look()).toBe("");
    expect(one.make("a").look()).toBe("b c");
    expect(one.make("b", "c").look()).toBe("");
  });
  test("an update whose request targets the dependant too triggers nothing more", () => {
    const one = chain();
    one.look();
    expect(one.make("a", "b", "c").look()).toBe("");
    expect(one.make("a", "b").look()).toBe("c");
  });
  test("of several updates one that does not target it is enough", () => {
    const one = chain();
    one.look();
    expect(one.make("a", "b", "c").make("a").look()).toBe("b c");
  });
  test("it has no guard: a missing or running dependency holds nothing up", () => {
    const one = world(["a", "x", "b <- a, x"], { b: anyDepsUpdated() });
    one.look();
    expect(one.going("x").make("a").look()).toBe("b");
  });
  test("an update seen in the first look counts: it is an event, not a state", () => {
    expect(chain().make("a").look()).toBe("b c");
  });
  test("looks without news ask for nothing and look at nothing", () => {
    const one = chain();
    one.make("a").look();
    expect(one.look()).toBe("");
    expect(one.last!.evaluations.size).toBe(0);
  });
  test("the truth of every part can be read", () => {
    const one = chain();
    one.make("a").look();
    expect(one.last!.evaluations.get("b")).toEqual({
      label: "any_deps_updated",
      value: true,
      parts: [
        {
          label: "a",
          value: true,
          parts: [
            { label: "newlyUpdated", value: true, parts: [] },
            { label: "willBeRequested", value: false, parts: [] },
          ],
        },
      ],
    });
  });
});

describe("eager()", () => {
  const pair = () => {
    const one = world(["a", "x", "b <- a, x"], { b: eager() }).exists("a", "x", "b");
    one.look();
    return one;
  };
  test("the first look requests nothing, whatever is missing", () => {
    expect(world(["a", "b <- a"], { b: eager() }).look()).toBe("");
    expect(world(["a", "b <- a"], { b: eager() }).exists("a").look()).toBe("");
    expect(world(["a", "b <- a"], { b: eager() }).make("a").look()).toBe("");
  });
  test.each([
    // updated, missing dep, dep in progress, itself in progress -> requested
    [true, false, false, false, true],
    [false, false, false, false, false],
    [true, true, false, false, false],
    [true, false, true, false, false],
    [true, false, false, true, false],
    [true, true, true, true, false],
  ])(
    "dependency updated %s, another missing %s, another running %s, itself running %s: requested %s",
    (updated, missing, depGoing, going, requested) => {
      const one = pair();
      if (missing) one.lose("x");
      if (depGoing) one.going("x");
      if (going) one.going("b");
      if (updated) one.make("a");
      expect(one.look()).toBe(requested ? "b" : "");
    },
  );
  test("a pending update waits until the hindrance is gone, then fires once", () => {
    const one = pair();
    expect(one.going("x").make("a").look()).toBe("");
    expect(one.look()).toBe("");
    expect(one.going("x", false).look()).toBe("b");
    expect(one.make("b").look()).toBe("");
    expect(one.going("x", false).look()).toBe("");
  });
  test("a requested run that fails is not requested again before the next update", () => {
    const one = pair();
    expect(one.make("a").look()).toBe("b");
    expect(one.going("b").look()).toBe("");
    expect(one.going("b", false).look()).toBe("");
    expect(one.make("a").look()).toBe("b");
  });
  test("a materialization by hand clears a pending trigger", () => {
    const one = pair();
    one.going("x").make("a").look();
    one.make("b").look();
    expect(one.going("x", false).look()).toBe("");
  });
  test("becoming missing later fires", () => {
    const one = pair();
    expect(one.lose("b").look()).toBe("b");
  });
  test("an external dependency is never missing", () => {
    const one = world(["a", "x", "b <- a, x"], { b: eager() }, { x: { external: true } }).exists("a", "b");
    one.look();
    expect(one.make("a").look()).toBe("b");
  });
  test("a chain is one request, also where the middle is missing but about to be made", () => {
    const one = world(["a", "b <- a", "c <- b"], { b: eager(), c: eager() }).exists("a");
    one.look();
    expect(one.make("a").look()).toBe("b c");
  });
  test("a changed condition is a first look again", () => {
    const one = pair();
    one.going("x").make("a").look();
    one.redefine(
      graphOf({ team: ["a", "x", "b <- a, x"] }, { b: { automation: { ...eager(), label: "other" } as AutomationCondition } }),
    );
    expect(one.going("x", false).look()).toBe("");
    expect(one.make("a").look()).toBe("b");
  });
});

describe("onCron()", () => {
  const hour = 3_600_000;
  const start = Date.parse("2026-01-01T00:30:00Z");
  const hourly = () => {
    const one = world(["a", "x", "b <- a, x"], { b: onCron("0 * * * *") })
      .at(start)
      .exists("a", "x", "b");
    one.look();
    return one;
  };
  test("after a tick it waits for every dependency, then fires once", () => {
    const one = hourly();
    expect(one.at(start + 0.5 * hour).look()).toBe("");
    expect(
      one
        .at(start + 0.6 * hour)
        .make("a")
        .look(),
    ).toBe("");
    expect(
      one
        .at(start + 2.4 * hour)
        .make("x")
        .look(),
    ).toBe("");
    expect(
      one
        .at(start + 2.45 * hour)
        .make("a")
        .look(),
    ).toBe("b");
    one.exists("b");
    expect(one.make("b").look()).toBe("");
    expect(
      one
        .at(start + 2.49 * hour)
        .make("a", "x")
        .look(),
    ).toBe("");
  });
  test("updates before the tick do not count", () => {
    const one = hourly();
    one
      .at(start + 0.4 * hour)
      .make("a", "x")
      .look();
    expect(one.at(start + 0.5 * hour).look()).toBe("");
  });
  test("it says when to look again", () => {
    const one = hourly();
    expect(one.last!.nextAt).toBe(start + 0.5 * hour);
  });
  test("a tick that passed while nobody looked is not lost", () => {
    const one = hourly();
    expect(
      one
        .at(start + 5 * hour)
        .make("a", "x")
        .look(),
    ).toBe("b");
  });
});

describe("parts that remember", () => {
  const updated: AutomationCondition = { type: "newlyUpdated" };
  const going: AutomationCondition = { type: "inProgress" };
  test("since is true from its trigger until its reset; together the trigger wins", () => {
    const one = world(["a"], { a: { type: "since", trigger: updated, reset: going } });
    expect(one.look()).toBe("");
    expect(one.make("a").look()).toBe("a");
    expect(one.going("a", false).look()).toBe("a");
    expect(one.going("a").look()).toBe("");
    expect(one.going("a", false).look()).toBe("");
    expect(one.going("a").make("a").look()).toBe("a");
  });
  test("newlyTrue is true for one look, and not at the first", () => {
    const one = world(["a"], { a: { type: "newlyTrue", condition: going } });
    expect(one.going("a").look()).toBe("");
    expect(one.going("a", false).look()).toBe("");
    expect(one.going("a").look()).toBe("a");
    expect(one.going("a").look()).toBe("");
  });
  test("two parts of one kind remember each for itself", () => {
    const part: AutomationCondition = { type: "newlyTrue", condition: going };
    const one = world(["x", "y", "a <- x, y"], { a: { type: "anyDeps", condition: part } });
    one.look();
    expect(one.going("x").look()).toBe("a");
    expect(one.going("y").look()).toBe("a");
    expect(one.going("y").look()).toBe("");
  });
});

describe("which assets are looked at", () => {
  test("only enabled ones are requested, and one that is off keeps nothing pending from then", () => {
    const one = world(["a", "b <- a"], { b: anyDepsUpdated() });
    one.look();
    expect(one.turn("b", false).make("a").look()).toBe("");
    expect(one.turn("b", true).look()).toBe("");
    expect(one.make("a").look()).toBe("b");
  });
  test("of 10,000 assets one event touches only what depends on it", () => {
    const lines = ["root"];
    const conditions: Record<string, AutomationCondition> = {};
    for (let at = 0; at < 10_000; at++) {
      lines.push(at % 100 === 0 ? `n${at} <- root` : `n${at} <- n${at - 1}`);
      conditions[`n${at}`] = eager();
    }
    const one = world(lines, conditions).exists("root", ...Object.keys(conditions));
    one.look();
    expect(one.last!.evaluations.size).toBe(10_000);
    expect(one.make("n150").look().split(" ")).toHaveLength(49);
    expect(one.last!.evaluations.size).toBe(50);
    // Those that were requested see that they were, once.
    one.look();
    expect(one.last!.evaluations.size).toBe(49);
    one.look();
    expect(one.last!.evaluations.size).toBe(0);
  });
});
