import { describe, expect, test } from "vitest";
import type { RunStatus } from "../event.ts";
import { freshnessState } from "./freshness.ts";
import { decideQueue, type TagLimit } from "./queue.ts";

const run = (id: string, needs: string[] = [], createdAt = 0) => ({ id, needs, location: "team", createdAt });
const decide = (queued: ReturnType<typeof run>[], statuses: Record<string, RunStatus> = {}, active = 0, max = 10) =>
  decideQueue({ queued, active, maxConcurrentRuns: max, statusOf: (id) => statuses[id] });

describe("decideQueue()", () => {
  test("the oldest start first, up to the limit; the others wait and say for what", () => {
    const decision = decide([run("late", [], 2), run("early", [], 1), run("last", [], 3)], {}, 1, 3);
    expect(decision.launch).toEqual(["early", "late"]);
    expect(decision.waiting.get("last")).toBe("waits for one of 3 places (runs.max_concurrent)");
  });
  test("of 25 that are asked for never more than ten go on, whatever ends first, and all get their turn", () => {
    let queued = Array.from({ length: 25 }, (_, at) => run(`r${at}`, [], at));
    const going: string[] = [];
    const order: string[] = [];
    for (let step = 0; queued.length + going.length > 0; step++) {
      const { launch } = decide(queued, {}, going.length);
      queued = queued.filter((one) => !launch.includes(one.id));
      going.push(...launch);
      order.push(...launch);
      expect(going.length).toBe(Math.min(10, queued.length + going.length));
      going.splice((step * 7) % going.length, 1);
    }
    expect(order).toEqual(Array.from({ length: 25 }, (_, at) => `r${at}`));
  });
  test("a run waits for the runs it needs", () => {
    const decision = decide([run("c", ["a", "b"])], { a: "succeeded", b: "running" });
    expect(decision.launch).toEqual([]);
    expect(decision.waiting.get("c")).toBe("waits for run b");
    expect(decide([run("c", ["a"])], { a: "succeeded" }).launch).toEqual(["c"]);
  });
  test.each(["failed", "cancelled", "skipped"] as const)("a run that needs one that %s is skipped, naming it", (status) => {
    expect(decide([run("c", ["a", "b"])], { a: "running", b: status }).skip).toEqual([{ id: "c", because: "b", status }]);
  });
  test("a waiting run holds no place: a later one that may start does", () => {
    expect(decide([run("a", ["x"], 1), run("b", [], 2)], { x: "running" }, 0, 1).launch).toEqual(["b"]);
  });
  test("runs of one instant keep the order in which they were stored", () => {
    expect(decide([run("z"), run("a"), run("m")]).launch).toEqual(["z", "a", "m"]);
  });
  test("a needed run of which nothing is known is waited for", () => {
    expect(decide([run("a", ["gone"])]).waiting.has("a")).toBe(true);
  });
});

describe("freshnessState()", () => {
  const policy = { warnMs: 600_000, failMs: 3_600_000 };
  const at = 1_000_000;
  test.each([
    ["just made", 0, "fresh", 600_000],
    ["a millisecond before the warning", 599_999, "fresh", 600_000],
    ["at the warning", 600_000, "warn", 3_600_000],
    ["a millisecond before the failure", 3_599_999, "warn", 3_600_000],
    ["at the failure", 3_600_000, "fail", undefined],
    ["a day later", 86_400_000, "fail", undefined],
  ] as const)("%s", (_, age, state, changes) => {
    expect(freshnessState(policy, at, at + age)).toEqual({ state, changesAt: changes === undefined ? undefined : at + changes });
  });
  test("without a warning it is fresh until it fails", () => {
    expect(freshnessState({ failMs: 10 }, at, at + 9)).toEqual({ state: "fresh", changesAt: at + 10 });
    expect(freshnessState({ failMs: 10 }, at, at + 10).state).toBe("fail");
  });
  test("what was never made is unknown", () => {
    expect(freshnessState(policy, null, at)).toEqual({ state: "unknown", changesAt: undefined });
  });
});

describe("tag limits", () => {
  const run = (id: string, tags: Record<string, string>, more: { location?: string; createdAt?: number } = {}) => ({
    id,
    needs: [],
    location: "team",
    createdAt: 0,
    tags,
    ...more,
  });
  const decide = (
    tagLimits: TagLimit[],
    queued: ReturnType<typeof run>[],
    going: { id: string; location: string; tags: Record<string, string> }[] = [],
    now = 0,
  ) => decideQueue({ queued, going, active: going.length, maxConcurrentRuns: 100, tagLimits, statusOf: () => undefined, now });
  const ten = Array.from({ length: 10 }, (_, index) => run(`r${index}`, { team: index % 2 ? "a" : "b" }, { createdAt: index }));

  test("of any value: the limit counts all of them together", () => {
    expect(decide([{ key: "team", limit: 3 }], ten).launch).toEqual(["r0", "r1", "r2"]);
  });
  test("of one value: others are not counted", () => {
    expect(decide([{ key: "team", value: "a", limit: 1 }], ten).launch).toEqual(["r0", "r1", "r2", "r4", "r6", "r8"]);
  });
  test("of each value by itself", () => {
    expect(decide([{ key: "team", value: { applyLimitPerUniqueValue: true }, limit: 2 }], ten).launch).toEqual([
      "r0",
      "r1",
      "r2",
      "r3",
    ]);
  });
  test("a waiting run says which limit it waits for and who holds it", () => {
    const { launch, waiting } = decide(
      [{ key: "team", value: "a", limit: 1 }],
      [run("r2", { team: "a" })],
      [{ id: "r1", location: "team", tags: { team: "a" } }],
    );
    expect(launch).toEqual([]);
    expect(waiting.get("r2")).toBe("waits for one of 1 places for tag team=a, held by run r1");
  });
  test("every run has its location as a tag", () => {
    const two = [run("x", {}, { location: "dbt" }), run("y", {}, { location: "dbt", createdAt: 1 })];
    expect(decide([{ key: "kc/location", value: "dbt", limit: 1 }], two).launch).toEqual(["x"]);
  });
  test("a higher priority goes first, and a run that has waited long enough overtakes it", () => {
    const one: TagLimit[] = [{ key: "team", limit: 1 }];
    const low = run("low", { team: "a" }, { createdAt: 0 });
    const high = run("high", { team: "a", "kc/priority": "3" }, { createdAt: 1 });
    expect(decide(one, [low, high]).launch).toEqual(["high"]);
    const later = run("later", { team: "a", "kc/priority": "3" }, { createdAt: 40 * 60_000 });
    expect(decide(one, [low, later], [], 41 * 60_000).launch).toEqual(["low"]);
  });
});
