import type { Timeline } from "@kc/host/client";
import { describe, expect, test } from "vitest";
import { axisMarks, timelineRows } from "./rows.ts";

type Run = Timeline["runs"][number];
const run = (id: string, more: Partial<Run> = {}): Run => ({
  id,
  location: "team",
  status: "succeeded",
  tags: {},
  title: "orders",
  createdAt: "2026-01-01T00:00:00.000Z",
  startedAt: "2026-01-01T00:00:00.000Z",
  endedAt: "2026-01-01T00:00:01.000Z",
  reason: null,
  ...more,
});

describe("the rows of the timeline", () => {
  test("a job has one row for its runs, whatever launched them, and for the ticks that will", () => {
    const rows = timelineRows({
      runs: [
        run("a", { tags: { "kc/job": "nightly", "kc/schedule": "daily" } }),
        run("b", { tags: { "kc/job": "nightly" } }),
        run("c", { tags: { "kc/backfill": "x" } }),
        run("d", { tags: { "kc/backfill": "y" } }),
        run("e", { location: "another" }),
      ],
      ticks: [
        { location: "team", name: "daily", job: "nightly", at: "2026-01-01T06:00:00.000Z" },
        { location: "team", name: "other", job: null, at: "2026-01-01T06:00:00.000Z" },
      ],
    });
    expect(rows.map((row) => [row.location, row.name, row.runs.map((one) => one.id), row.ticks.length])).toEqual([
      ["another", "by hand", ["e"], 0],
      ["team", "backfills", ["c", "d"], 0],
      ["team", "job nightly", ["a", "b"], 1],
      ["team", "schedule other", [], 1],
    ]);
  });
  test.each([1, 6, 24, 168])("%i hours have a few marks, at whole steps, none outside", (hours) => {
    const from = Date.parse("2026-03-01T10:07:31Z");
    const to = from + hours * 3_600_000;
    const marks = axisMarks(from, to);
    expect(marks.length).toBeGreaterThanOrEqual(3);
    expect(marks.length).toBeLessThanOrEqual(11);
    expect(marks.every((at) => at >= from && at <= to && at % 60_000 === 0)).toBe(true);
    expect(new Set(marks.slice(1).map((at, index) => at - marks[index]!)).size).toBe(1);
  });
});
