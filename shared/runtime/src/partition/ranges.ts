/**
 * Positions of partitions on one axis as sorted, disjoint, half-open ranges `[from, to)` that do not touch. A million
 * neighbours cost as much as one.
 */
export type Ranges = readonly (readonly [from: number, to: number])[];

export const noRanges: Ranges = [];

/** Any ranges in any order, put in order: sorted, joined where they overlap or touch, empty ones left out. */
export function normalRanges(ranges: Iterable<readonly [number, number]>): Ranges {
  const sorted = [...ranges].filter(([from, to]) => to > from).sort((a, b) => a[0] - b[0]);
  const out: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = out.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else out.push([from, to]);
  }
  return out;
}

export function unionRanges(a: Ranges, b: Ranges): Ranges {
  if (a.length === 0) return b;
  return b.length === 0 ? a : normalRanges([...a, ...b]);
}

export function intersectRanges(a: Ranges, b: Ranges): Ranges {
  const out: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const from = Math.max(a[i]![0], b[j]![0]);
    const to = Math.min(a[i]![1], b[j]![1]);
    if (to > from) out.push([from, to]);
    if (a[i]![1] < b[j]![1]) i++;
    else j++;
  }
  return out;
}

/** What is in `a` and not in `b`. */
export function subtractRanges(a: Ranges, b: Ranges): Ranges {
  if (b.length === 0) return a;
  const out: [number, number][] = [];
  let j = 0;
  for (const [start, end] of a) {
    let from = start;
    while (j < b.length && b[j]![1] <= from) j++;
    for (let k = j; k < b.length && b[k]![0] < end && from < end; k++) {
      if (b[k]![0] > from) out.push([from, b[k]![0]]);
      from = Math.max(from, b[k]![1]);
    }
    if (from < end) out.push([from, end]);
  }
  return out;
}

/** Whether a position is in the ranges; by halving, so that a check costs little among many. */
export function inRanges(ranges: Ranges, position: number): boolean {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle]![1] <= position) low = middle + 1;
    else high = middle;
  }
  return low < ranges.length && ranges[low]![0] <= position;
}
