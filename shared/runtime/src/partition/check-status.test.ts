import { describe, expect, test } from "vitest";
import { type CheckRow, checkStatus, countChecks } from "./check-status.ts";
import { dailyPartitions, staticPartitions } from "./definition.ts";
import { partitionSpace } from "./space.ts";
import type { PartitionRow } from "./status.ts";

const context = { now: Date.parse("2026-01-10T00:00:00Z"), dynamicKeys: () => [] };
const days = partitionSpace(dailyPartitions({ start: "2026-01-01" }), context);
const day = (number: number) => `2026-01-0${number}`;
let id = 0;
/** Rows in the order in which their events came. */
const row = (
  partition: string,
  said: "passed" | "warned" | "failed" | "wiped",
  check = said === "wiped" ? "" : "rows",
): CheckRow => ({
  ...{ check, partition, eventId: ++id, at: id, runId: "r", passed: said === "passed" || said === "wiped" },
  severity: said === "warned" ? "WARN" : "ERROR",
});
const made = (partition: string): PartitionRow => ({
  partition,
  materialized: { eventId: ++id, at: id, runId: "r" },
  failedEventId: null,
  failedRunId: null,
});
const read = (rows: CheckRow[], parts?: PartitionRow[], space = days) => {
  const status = checkStatus(space, rows, parts).get("rows");
  if (!status) return undefined;
  const { passed, warned, failed, whole, latest } = status;
  const texts = Object.fromEntries(
    Object.entries({ passed, warned, failed }).map(([kind, set]) => [kind, space.text(set).join()]),
  );
  return { ...texts, whole: whole !== undefined, latest: latest?.partition };
};

describe("of each partition the latest result counts", () => {
  test("a pass of one hides no failure of another", () => {
    const rows = [row(day(1), "failed"), row(day(2), "warned"), row(day(3), "passed")];
    expect(read(rows)).toEqual({ passed: day(3), warned: day(2), failed: day(1), whole: false, latest: day(2) });
  });
  test("a range and a key of it: whichever came later", () => {
    expect(read([row(`${day(1)}...${day(4)}`, "failed"), row(day(2), "passed")])).toMatchObject({
      passed: day(2),
      failed: `${day(1)},${day(3)}...${day(4)}`,
    });
    const range = `${day(1)}...${day(4)}`;
    expect(read([row(range, "passed"), row(day(2), "failed")])).toMatchObject({ failed: day(2), latest: day(2) });
    expect(read([row(day(2), "failed"), row(range, "passed")])).toMatchObject({ failed: "", latest: undefined });
  });
  test("a pass of the whole asset mends what failed before it, not what fails after it", () => {
    const rows = [row(day(1), "failed"), row("", "passed"), row(day(2), "failed")];
    expect(read(rows)).toMatchObject({ failed: day(2), whole: false });
  });
  test("a failure of the whole asset stands until the whole passes, whatever its partitions do", () => {
    expect(read([row("", "failed"), row(day(1), "passed")])).toMatchObject({ passed: day(1), whole: true, latest: "" });
  });
  test("a wiped partition has no result, by itself or in a range; one that came after it counts", () => {
    expect(read([row(day(1), "failed"), row(day(1), "wiped")])).toMatchObject({ failed: "", latest: undefined });
    expect(read([row(`${day(1)}...${day(3)}`, "failed"), row(day(2), "wiped")])).toMatchObject({ failed: `${day(1)},${day(3)}` });
    const rows = [row(day(2), "wiped"), row(`${day(1)}...${day(3)}`, "failed")];
    expect(read(rows)).toMatchObject({ failed: `${day(1)}...${day(3)}` });
  });
  test("where what is made counts, a result from before it does not", () => {
    const old = row(day(1), "failed");
    const parts = [made(day(1)), made(day(2))];
    expect(read([old, row(day(2), "failed")], parts)).toMatchObject({ failed: day(2) });
    const range = row(`${day(3)}...${day(5)}`, "failed");
    expect(read([range], [made(day(4))])).toMatchObject({ failed: `${day(3)},${day(5)}` });
  });
  test("where what is made counts, a result about the whole is that of all that had been made by then", () => {
    const before = [made(day(1)), made(day(2)), made(day(3))];
    const own = row(day(2), "failed");
    const whole = row("", "passed");
    const after = made(day(3));
    const later = row(day(1), "warned");
    expect(read([own, whole, later], [...before.slice(0, 2), after])).toMatchObject({
      passed: day(2),
      warned: day(1),
      failed: "",
    });
    expect(read([row("", "failed")], before)).toMatchObject({ failed: `${day(1)}...${day(3)}` });
  });
  test("in numbers: by check, and partitions for which any of them fails", () => {
    const rows = [row(day(1), "failed"), row(day(2), "warned"), row(day(2), "failed", "ids"), row(day(4), "failed", "gone")];
    const { byName, failed, warned } = countChecks(days, checkStatus(days, rows), ["rows", "ids", "never"]);
    expect([failed, warned]).toEqual([
      { count: 2, texts: [`${day(1)}...${day(2)}`] },
      { count: 0, texts: [] },
    ]);
    expect([...byName].map(([name, one]) => [name, one.failed, one.warned, one.failing])).toEqual([
      ["rows", 1, 1, [`${day(1)}...${day(2)}`]],
      ["ids", 1, 0, [day(2)]],
    ]);
  });
  test("partitions that are no more, or not yet, and checks of which nothing is known say nothing", () => {
    expect(read([row("2026-02-01", "passed"), row("gone", "failed")])).toMatchObject({ failed: "" });
    const keys = partitionSpace(staticPartitions(["a", "b"]), context);
    expect(read([row("a", "failed"), row("gone", "failed")], undefined, keys)).toMatchObject({ failed: "a", latest: "a" });
    expect(read([row("a", "wiped")])).toBeUndefined();
  });
  test("a hundred thousand partitions, half of them failing, are joined at once", () => {
    const hours = partitionSpace({ ...dailyPartitions({ start: "1730-01-01" }) }, context);
    const keys = hours.keys(hours.all());
    expect(keys.length).toBeGreaterThan(100_000);
    const status = checkStatus(
      hours,
      keys.map((key, at) => row(key, at % 2 ? "passed" : "failed")),
    ).get("rows")!;
    expect(hours.count(status.failed) + hours.count(status.passed)).toBe(keys.length);
  });
});
