import { describe, expect, test } from "vitest";
import { dailyPartitions } from "./definition.ts";
import { partitionSpace } from "./space.ts";
import { type PartitionRow, partitionStatus } from "./status.ts";

const space = partitionSpace(dailyPartitions({ start: "2026-01-01" }), {
  now: Date.parse("2026-02-01T00:00:00Z"),
  dynamicKeys: () => [],
});
const row = (partition: string, made: number | null, failed: number | null): PartitionRow => ({
  partition,
  materialized: made === null ? null : { eventId: made, at: made, runId: null },
  failedEventId: failed,
  failedRunId: null,
});
const status = (...rows: PartitionRow[]) => {
  const { materialized, failed } = partitionStatus(space, rows);
  return [space.text(materialized), space.text(failed)];
};

describe("the status of an asset's partitions", () => {
  test("neighbours are joined", () => {
    expect(status(row("2026-01-02", 1, null), row("2026-01-01", 2, null), row("2026-01-05", 3, null))).toEqual([
      ["2026-01-01...2026-01-02", "2026-01-05"],
      [],
    ]);
  });
  test("a failure counts until the partition is made; what was made stays made when a later try fails", () => {
    expect(status(row("2026-01-01", 5, 4), row("2026-01-02", 4, 5), row("2026-01-03", null, 6))).toEqual([
      ["2026-01-01...2026-01-02"],
      ["2026-01-02...2026-01-03"],
    ]);
  });
  test("of a range that began before the partitions do now what is left of it counts; it is no partition to ask for", () => {
    expect(
      status(row("2025-12-25...2026-01-03", 1, null), row("2025-12-20...2025-12-24", 2, null), row("2025-12-31", 3, null)),
    ).toEqual([["2026-01-01...2026-01-03"], []]);
    expect(() => space.parse(["2025-12-25...2026-01-03"])).toThrow('there is no partition "2025-12-25"');
  });
  test("of a range and a key within it the later event counts", () => {
    expect(status(row("2026-01-01...2026-01-10", 3, null), row("2026-01-04", null, 5))[1]).toEqual(["2026-01-04"]);
    expect(status(row("2026-01-01...2026-01-10", 7, null), row("2026-01-04", null, 5))[1]).toEqual([]);
    expect(status(row("2026-01-01...2026-01-10", null, 7), row("2026-01-04", 8, null))[1]).toEqual([
      "2026-01-01...2026-01-03",
      "2026-01-05...2026-01-10",
    ]);
  });
  test("what was wiped is neither made nor failed, until it is made again by itself or within a range", () => {
    const wiped = (partition: string, made: number | null, at: number) => ({ ...row(partition, made, null), wipedEventId: at });
    const range = row("2026-01-01...2026-01-03", 3, null);
    expect(status(range, wiped("2026-01-02", null, 5))).toEqual([["2026-01-01", "2026-01-03"], []]);
    expect(status(range, wiped("2026-01-02", 6, 5))[0]).toEqual(["2026-01-01...2026-01-03"]);
    expect(status({ ...range, materialized: { eventId: 7, at: 7, runId: null } }, wiped("2026-01-02", null, 5))[0]).toEqual([
      "2026-01-01...2026-01-03",
    ]);
    expect(status(row("2026-01-02", null, 4), wiped("2026-01-01...2026-01-31", null, 5))).toEqual([[], []]);
  });
  test("keys that exist no more are left out", () => {
    expect(status(row("gone", 1, null))).toEqual([[], []]);
  });
});
