import { inRanges, intersectRanges, noRanges, type Ranges, subtractRanges, unionRanges } from "./ranges.ts";

/**
 * A set of partitions of one definition. A definition of several dimensions has a row for each combination of its other
 * dimensions' keys and ranges along its first (its time dimension when it has one); every other definition has the one row
 * `""`. Rows without ranges are left out. Positions have a meaning within one `PartitionSpace` only: what is kept or sent is
 * its text (`PartitionSpace.text`).
 */
export type PartitionSet = ReadonlyMap<string, Ranges>;

export const noPartitions: PartitionSet = new Map();

export const partitionSet = (rows: Iterable<readonly [string, Ranges]>): PartitionSet =>
  new Map([...rows].filter(([, ranges]) => ranges.length > 0));

export const isEmptySet = (set: PartitionSet): boolean => set.size === 0;

export function unionSets(a: PartitionSet, b: PartitionSet): PartitionSet {
  if (a.size === 0 || a === b) return b;
  if (b.size === 0) return a;
  const out = new Map(a);
  for (const [row, ranges] of b) out.set(row, unionRanges(out.get(row) ?? noRanges, ranges));
  return out;
}

export const intersectSets = (a: PartitionSet, b: PartitionSet): PartitionSet =>
  a === b || a.size === 0
    ? a
    : b.size === 0
      ? b
      : partitionSet([...a].map(([row, ranges]) => [row, intersectRanges(ranges, b.get(row) ?? noRanges)] as const));

/** What is in `a` and not in `b`. */
export const subtractSets = (a: PartitionSet, b: PartitionSet): PartitionSet =>
  b.size === 0 || a.size === 0
    ? a
    : a === b
      ? noPartitions
      : partitionSet([...a].map(([row, ranges]) => [row, subtractRanges(ranges, b.get(row) ?? noRanges)] as const));

/** Whether every partition of `a` is in `b`. */
export const isSubset = (a: PartitionSet, b: PartitionSet): boolean => subtractSets(a, b).size === 0;

export const hasPosition = (set: PartitionSet, row: string, position: number): boolean =>
  inRanges(set.get(row) ?? noRanges, position);
