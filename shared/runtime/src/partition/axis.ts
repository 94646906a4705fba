import type { DynamicPartitions, StaticPartitions, TimePartitions } from "./definition.ts";
import { noRanges, type Ranges } from "./ranges.ts";
import { keyOfWindow, type TimeWindows, timeWindows, windowOfKey } from "./time-windows.ts";

/** What definitions cannot say by themselves. */
export interface PartitionContext {
  /** Milliseconds: a window of time is a partition once it has ended. */
  now: number;
  /** The keys of a dynamic definition, in the order they were added. */
  dynamicKeys(name: string): readonly string[];
}

/** One dimension's partitions as positions on a line: starts of windows in ms, or places in a list of keys. */
export interface Axis {
  definition: TimePartitions | StaticPartitions | DynamicPartitions | undefined;
  all: Ranges;
  count(ranges: Ranges): number;
  /** Positions in the ranges, first to last; from the end when `reverse`. */
  positions(ranges: Ranges, reverse?: boolean): Iterable<number>;
  keyOf(position: number): string;
  /** All keys of ranges at once, where they stand in a list. */
  listed?(ranges: Ranges): string[];
  /** The range of one key that exists, or undefined; with `ahead` also of a window that has not ended yet. */
  rangeOf(key: string, ahead?: boolean): readonly [number, number] | undefined;
  /** The latest window; everything where there is no time. */
  latest: Ranges;
  windows: TimeWindows | undefined;
}

export function axisOf(definition: Axis["definition"], context: PartitionContext): Axis {
  if (definition?.type === "time") return timeAxis(definition, context);
  // An asset without partitions has one, without a name.
  return listAxis(definition, definition === undefined ? [""] : keysOf(definition, context));
}

const keysOf = (definition: StaticPartitions | DynamicPartitions, context: PartitionContext): readonly string[] =>
  definition.type === "static" ? definition.keys : context.dynamicKeys(definition.name);

const places = new WeakMap<readonly string[], ReadonlyMap<string, number>>();

function listAxis(definition: Axis["definition"], keys: readonly string[]): Axis {
  let at = places.get(keys);
  if (!at) {
    at = new Map(keys.map((key, position) => [key, position]));
    places.set(keys, at);
  }
  const all: Ranges = keys.length > 0 ? [[0, keys.length]] : noRanges;
  return {
    definition,
    all,
    latest: all,
    windows: undefined,
    count: (ranges) => ranges.reduce((sum, [from, to]) => sum + to - from, 0),
    *positions(ranges, reverse = false) {
      for (const [from, to] of reverse ? ranges.toReversed() : ranges)
        if (reverse) for (let position = to - 1; position >= from; position--) yield position;
        else for (let position = from; position < to; position++) yield position;
    },
    keyOf: (position) => keys[position]!,
    listed: (ranges) => ranges.flatMap(([from, to]) => keys.slice(from, to)),
    rangeOf(key) {
      const position = at.get(key);
      return position === undefined ? undefined : [position, position + 1];
    },
  };
}

function timeAxis(definition: TimePartitions, { now }: PartitionContext): Axis {
  const windows = timeWindows(definition);
  const { first } = windows;
  // The window that goes on has not ended: what exists ends where it starts, moved by the offset.
  const open = windows.floor(Math.min(now, definition.endAt ?? Number.POSITIVE_INFINITY));
  let end = open === undefined ? first : (windows.shift(open, definition.endOffset) ?? first);
  if (open === undefined && definition.endOffset > 0 && now >= first) end = windows.shift(first, definition.endOffset) ?? first;
  if (definition.endAt !== undefined) end = Math.min(end, windows.floor(definition.endAt) ?? first);
  const all: Ranges = end > first ? [[first, end]] : noRanges;
  const last = all.length > 0 ? windows.shift(end, -1) : undefined;
  return {
    definition,
    all,
    latest: last === undefined ? noRanges : [[last, end]],
    windows,
    count: (ranges) => ranges.reduce((sum, [from, to]) => sum + windows.count(from, to), 0),
    *positions(ranges, reverse = false) {
      for (const [from, to] of reverse ? ranges.toReversed() : ranges)
        if (reverse) for (let at = windows.shift(to, -1); at !== undefined && at >= from; at = windows.shift(at, -1)) yield at;
        else for (let at: number | undefined = from; at !== undefined && at < to; at = windows.shift(at, 1)) yield at;
    },
    keyOf: (position) => keyOfWindow(definition, position),
    rangeOf(key, ahead = false) {
      const start = windowOfKey(definition, key);
      return start === undefined || (start >= end && !ahead) ? undefined : [start, windows.shift(start, 1)!];
    },
  };
}
