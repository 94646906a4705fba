import type { StoredEvent } from "../event.ts";
import { intersectSets, noPartitions, type PartitionSet, subtractSets, unionSets } from "./partition-set.ts";
import type { PartitionSpace } from "./space.ts";
import { type PartitionRow, partitionTexts } from "./status.ts";

/** The latest result of a check about one partition, a range that one event was about, or the whole asset. */
export interface CheckRow {
  /** Name of the check; empty: the partition was wiped, with what all checks had said of it. */
  check: string;
  /** A key or a range `first...last`; empty: the whole asset. */
  partition: string;
  eventId: number;
  at: number;
  runId: string | null;
  passed: boolean;
  severity: "WARN" | "ERROR";
  description?: string;
}

/** The rows that an event about a check, or about a partition that is wiped, replaces. */
export function checkRowsOf(event: StoredEvent): CheckRow[] {
  const { id: eventId, at, runId = null, check, partition } = event;
  if (event.type === "wiped")
    return partitionTexts(partition).map((text) => ({
      ...{ check: "", partition: text, eventId, at, runId },
      ...{ passed: true, severity: "ERROR" as const },
    }));
  if (event.type !== "check_result" || !check) return [];
  const { name, passed, severity, description } = check;
  const texts = partition ? partitionTexts(partition) : [""];
  return texts.map((text) => ({
    ...{ check: name, partition: text, eventId, at, runId, passed, severity },
    ...(description ? { description } : {}),
  }));
}

/** Of which partitions a check passes and fails: for each the latest result counts. */
export interface CheckStatus {
  passed: PartitionSet;
  warned: PartitionSet;
  failed: PartitionSet;
  /** The latest result about the whole asset, while it is a failure: partitions that pass do not mend it. */
  whole: CheckRow | undefined;
  /** The latest failure that stands, about whichever partitions. */
  latest: CheckRow | undefined;
}

/**
 * Joins the rows of an asset, by check. A pass of the whole asset has seen all of its partitions: what failed before it
 * stands no more.
 * @param made Rows of partitions: results from before their latest materialization count no more.
 */
export function checkStatus(
  space: PartitionSpace,
  rows: readonly CheckRow[],
  made: readonly PartitionRow[] = [],
): Map<string, CheckStatus> {
  const ends = [
    ...rows.filter((row) => row.check === "").map(({ partition: text, eventId: id }) => ({ text, id })),
    ...made.flatMap(({ partition: text, materialized }) => (materialized ? [{ text, id: materialized.eventId }] : [])),
  ];
  const byCheck = Map.groupBy(
    rows.filter((row) => row.check !== ""),
    (row) => row.check,
  );
  return new Map([...byCheck].map(([name, own]) => [name, statusOf(space, own, ends)]));
}

type Kind = "passed" | "warned" | "failed";
type End = { text: string; id: number };

const kindOf = ({ passed, severity }: CheckRow): Kind => (passed ? "passed" : severity === "WARN" ? "warned" : "failed");

function statusOf(space: PartitionSpace, rows: readonly CheckRow[], ends: readonly End[]): CheckStatus {
  const whole = rows.find((row) => row.partition === "");
  const cleared = whole?.passed ? whole.eventId : 0;
  const ended = new Map<string, number>();
  for (const { text, id } of ends) ended.set(text, Math.max(id, ended.get(text) ?? 0));
  const standing = rows.filter(
    (row) => row.partition !== "" && row.eventId > cleared && row.eventId > (ended.get(row.partition) ?? 0),
  );
  const failing = [...standing, ...(whole ? [whole] : [])].filter((row) => !row.passed);
  const sets = overlap(standing, ended) ? inOrder(space, standing, ends) : apart(space, standing);
  failing.sort((a, b) => b.eventId - a.eventId);
  return {
    ...sets,
    whole: whole && !whole.passed ? whole : undefined,
    latest: failing.find((row) => row === whole || touches(space, row, sets)),
  };
}

/** Rows of keys are apart from each other; those of ranges may speak of the same partition. */
const overlap = (rows: readonly CheckRow[], ended: ReadonlyMap<string, number>): boolean =>
  rows.some((row) => row.partition.includes("...")) ||
  (rows.length > 0 && [...ended.keys()].some((text) => text.includes("...")));

function apart(space: PartitionSpace, rows: readonly CheckRow[]): Record<Kind, PartitionSet> {
  const of = (kind: Kind) => space.read(rows.filter((row) => kindOf(row) === kind).map((row) => row.partition));
  return { passed: of("passed"), warned: of("warned"), failed: of("failed") };
}

function inOrder(space: PartitionSpace, rows: readonly CheckRow[], ends: readonly End[]): Record<Kind, PartitionSet> {
  type Change = { id: number; text: string; kind: Kind | "ended" };
  const changes = [
    ...rows.map((row): Change => ({ id: row.eventId, text: row.partition, kind: kindOf(row) })),
    ...ends.map((end): Change => ({ ...end, kind: "ended" })),
  ].sort((a, b) => a.id - b.id);
  const sets: Record<Kind, PartitionSet> = { passed: noPartitions, warned: noPartitions, failed: noPartitions };
  for (let at = 0; at < changes.length; ) {
    const { kind } = changes[at]!;
    let end = at;
    while (end < changes.length && changes[end]!.kind === kind) end++;
    const set = space.read(changes.slice(at, end).map((one) => one.text));
    for (const other of ["passed", "warned", "failed"] as const)
      sets[other] = other === kind ? unionSets(sets[other], set) : subtractSets(sets[other], set);
    at = end;
  }
  return sets;
}

/** Whether anything of what a row failed for still fails. */
function touches(space: PartitionSpace, row: CheckRow, { warned, failed }: Record<Kind, PartitionSet>): boolean {
  const own = space.read([row.partition]);
  return intersectSets(own, warned).size > 0 || intersectSets(own, failed).size > 0;
}
