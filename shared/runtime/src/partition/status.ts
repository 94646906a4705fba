import { isCancelled, type StoredEvent } from "../event.ts";
import { type PartitionSet, subtractSets, unionSets } from "./partition-set.ts";
import type { PartitionSpace } from "./space.ts";

/** What the log knows of one partition of an asset, or of a range of them that one event was about. */
export interface PartitionRow {
  /** A key or a range `first...last`. */
  partition: string;
  /** Its latest materialization. */
  materialized: { eventId: number; at: number; runId: string | null } | null;
  /** Id of the event of its latest failure, null when it never failed. */
  failedEventId: number | null;
  failedRunId: string | null;
  /** Id of the event by which it was last forgotten; absent when it never was. */
  wipedEventId?: number;
}

/** Keys and ranges of an event or a run: its partition is a list joined by commas. */
export const partitionTexts = (partition: string | null | undefined): string[] => (partition ? partition.split(",") : []);

/** The row of a partition after an event about it; undefined when the event says nothing of it. */
export function projectPartition(row: PartitionRow, event: StoredEvent): PartitionRow | undefined {
  if (event.type === "materialization")
    return { ...row, materialized: { eventId: event.id, at: event.at, runId: event.runId ?? null } };
  if (event.type === "step_failed" && !isCancelled(event))
    return { ...row, failedEventId: event.id, failedRunId: event.runId ?? null };
  if (event.type === "wiped")
    return { ...row, materialized: null, failedEventId: null, failedRunId: null, wipedEventId: event.id };
  return undefined;
}

export const emptyPartitionRow = (partition: string): PartitionRow => ({
  partition,
  materialized: null,
  failedEventId: null,
  failedRunId: null,
});

/** Which partitions have been made, and of which the latest try failed (whether made before or not). */
export interface PartitionStatus {
  materialized: PartitionSet;
  failed: PartitionSet;
}

/** Joins the rows of an asset. Rows of ranges and of keys may overlap: for each partition the latest event counts. */
export function partitionStatus(space: PartitionSpace, rows: readonly PartitionRow[]): PartitionStatus {
  if (rows.some((row) => row.wipedEventId !== undefined)) return inOrder(space, rows);
  const changes = rows.flatMap((row) => [
    ...(row.materialized ? [{ id: row.materialized.eventId, text: row.partition, good: true }] : []),
    ...(row.failedEventId === null ? [] : [{ id: row.failedEventId, text: row.partition, good: false }]),
  ]);
  const materialized = space.read(changes.filter((one) => one.good).map((one) => one.text));
  // What failed is mostly little: only there does the order matter.
  const lastFailure = new Map<string, number>();
  for (const { id, text, good } of changes) if (!good) lastFailure.set(text, Math.max(id, lastFailure.get(text) ?? 0));
  if (lastFailure.size === 0) return { materialized, failed: new Map() };
  const suspects = space.read([...lastFailure.keys()]);
  const healing = changes.filter((one) => one.good);
  let failed: PartitionSet = new Map();
  const order = [...lastFailure]
    .map(([text, id]) => ({ text, id, good: false }))
    .concat(healing.filter((one) => touches(space, one.text, suspects)));
  order.sort((a, b) => a.id - b.id);
  for (let at = 0; at < order.length; ) {
    const { good } = order[at]!;
    let end = at;
    while (end < order.length && order[end]!.good === good) end++;
    const set = space.read(order.slice(at, end).map((one) => one.text));
    failed = good ? subtractSets(failed, set) : unionSets(failed, set);
    at = end;
  }
  return { materialized, failed };
}

/** Where something was forgotten every row counts in its order: a range may have been made after a key of it was wiped. */
function inOrder(space: PartitionSpace, rows: readonly PartitionRow[]): PartitionStatus {
  type Change = { id: number; text: string; what: "made" | "failed" | "wiped" };
  const changes = rows.flatMap(({ partition: text, materialized, failedEventId, wipedEventId }): Change[] => [
    ...(materialized ? [{ id: materialized.eventId, text, what: "made" as const }] : []),
    ...(failedEventId === null ? [] : [{ id: failedEventId, text, what: "failed" as const }]),
    ...(wipedEventId === undefined ? [] : [{ id: wipedEventId, text, what: "wiped" as const }]),
  ]);
  changes.sort((a, b) => a.id - b.id);
  let materialized: PartitionSet = new Map();
  let failed: PartitionSet = new Map();
  for (let at = 0; at < changes.length; ) {
    const { what } = changes[at]!;
    let end = at;
    while (end < changes.length && changes[end]!.what === what) end++;
    const set = space.read(changes.slice(at, end).map((one) => one.text));
    materialized =
      what === "made" ? unionSets(materialized, set) : what === "wiped" ? subtractSets(materialized, set) : materialized;
    failed = what === "failed" ? unionSets(failed, set) : subtractSets(failed, set);
    at = end;
  }
  return { materialized, failed };
}

function touches(space: PartitionSpace, text: string, suspects: PartitionSet): boolean {
  for (const [row, ranges] of space.read([text]))
    for (const [from, to] of ranges) if (suspects.get(row)?.some(([start, end]) => from < end && start < to)) return true;
  return false;
}
