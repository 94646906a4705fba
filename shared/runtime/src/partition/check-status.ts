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
  /** The latest pass that stands. */
  latestPass: CheckRow | undefined;
}

/**
 * Joins the rows of an asset, by check. A pass of the whole asset has seen all of its partitions: what failed before it
 * stands no more.
 * @param made Rows of partitions: then a result counts only for the materialization that it came after, and one about the
 * whole asset for all that had been made by then.
 */
export function checkStatus(
  space: PartitionSpace,
  rows: readonly CheckRow[],
  made?: readonly PartitionRow[],
): Map<string, CheckStatus> {
  const builds = (made ?? []).flatMap(({ partition: text, materialized }) =>
    materialized ? [{ text, id: materialized.eventId }] : [],
  );
  const ends = [...rows.filter((row) => row.check === "").map(({ partition: text, eventId: id }) => ({ text, id })), ...builds];
  const byCheck = Map.groupBy(
    rows.filter((row) => row.check !== ""),
    (row) => row.check,
  );
  return new Map(
    [...byCheck].map(([name, own]) => {
      const status = statusOf(space, own, ends, made !== undefined);
      return [name, made ? withWhole(space, status, own, builds) : status];
    }),
  );
}

type Kind = "passed" | "warned" | "failed";
type End = { text: string; id: number };

const kindOf = ({ passed, severity }: CheckRow): Kind => (passed ? "passed" : severity === "WARN" ? "warned" : "failed");

function statusOf(space: PartitionSpace, rows: readonly CheckRow[], ends: readonly End[], sinceMade: boolean): CheckStatus {
  const whole = rows.find((row) => row.partition === "");
  const cleared = whole && (whole.passed || sinceMade) ? whole.eventId : 0;
  const ended = new Map<string, number>();
  for (const { text, id } of ends) ended.set(text, Math.max(id, ended.get(text) ?? 0));
  const standing = rows.filter(
    (row) => row.partition !== "" && row.eventId > cleared && row.eventId > (ended.get(row.partition) ?? 0),
  );
  const sets = overlap(standing, ended) ? inOrder(space, standing, ends) : apart(space, standing);
  const newest = [...standing, ...(whole ? [whole] : [])].sort((a, b) => b.eventId - a.eventId);
  const stands = (row: CheckRow, of: readonly PartitionSet[]) => row === whole || touches(space, row, of);
  return {
    ...sets,
    whole: whole && !whole.passed ? whole : undefined,
    latest: newest.find((row) => !row.passed && stands(row, [sets.failed, sets.warned])),
    latestPass: newest.find((row) => row.passed && stands(row, [sets.passed])),
  };
}

/** What was made before the latest result about the whole asset, and not anew since, has that result unless one of its own. */
function withWhole(space: PartitionSpace, status: CheckStatus, rows: readonly CheckRow[], builds: readonly End[]): CheckStatus {
  const whole = rows.find((row) => row.partition === "");
  if (!whole) return status;
  const read = (some: readonly End[]) => space.read(some.map((one) => one.text));
  let set = subtractSets(
    read(builds.filter(({ id }) => id < whole.eventId)),
    read(builds.filter(({ id }) => id > whole.eventId)),
  );
  for (const own of [status.passed, status.warned, status.failed]) set = subtractSets(set, own);
  const kind = kindOf(whole);
  return { ...status, [kind]: unionSets(status[kind], set) };
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

/** Whether anything that a row speaks of is in one of the sets. */
function touches(space: PartitionSpace, row: CheckRow, sets: readonly PartitionSet[]): boolean {
  const own = space.read([row.partition]);
  return sets.some((set) => intersectSets(own, set).size > 0);
}

/** A check's standing in numbers, for people. */
export interface CheckCounts {
  passed: number;
  warned: number;
  failed: number;
  /** Keys and ranges that fail with any severity. */
  failing: string[];
  whole: CheckRow | undefined;
  /** The latest failure that stands, else the latest pass. */
  latest: CheckRow | undefined;
}

/** The standing of the checks of a partitioned asset. */
export interface PartitionedChecks {
  byName: ReadonlyMap<string, CheckCounts>;
  /** Partitions for which any check fails with severity ERROR, and those for which one only warns. */
  failed: { count: number; texts: string[] };
  warned: { count: number; texts: string[] };
}

/** Counts of the checks with these names; others are no more. */
export function countChecks(
  space: PartitionSpace,
  status: ReadonlyMap<string, CheckStatus>,
  names: readonly string[],
): PartitionedChecks {
  const byName = new Map<string, CheckCounts>();
  let failed = noPartitions;
  let warned = noPartitions;
  for (const name of names) {
    const one = status.get(name);
    if (!one) continue;
    failed = unionSets(failed, one.failed);
    warned = unionSets(warned, one.warned);
    byName.set(name, {
      ...{ passed: space.count(one.passed), warned: space.count(one.warned), failed: space.count(one.failed) },
      ...{ failing: space.text(unionSets(one.failed, one.warned)), whole: one.whole, latest: one.latest ?? one.latestPass },
    });
  }
  const view = (set: PartitionSet) => ({ count: space.count(set), texts: space.text(set) });
  return { byName, failed: view(failed), warned: view(subtractSets(warned, failed)) };
}

/**
 * The latest result of a check that speaks of any of these partitions; one about the whole asset speaks of all. Undefined
 * when there is none, or they were wiped since.
 */
export function checkRowAt(
  space: PartitionSpace,
  rows: readonly CheckRow[],
  name: string,
  set: PartitionSet,
): CheckRow | undefined {
  const latest = rows
    .filter((row) => row.check === name || row.check === "")
    .sort((a, b) => b.eventId - a.eventId)
    .find((row) => row.partition === "" || intersectSets(space.read([row.partition]), set).size > 0);
  return latest?.check === "" ? undefined : latest;
}
