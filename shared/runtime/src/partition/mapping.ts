import { didYouMean, UserError } from "../errors.ts";
import type { Axis } from "./axis.ts";
import { checkPartitionKey, type PartitionsDefinition, sameKeys } from "./definition.ts";
import { intersectRanges, noRanges, normalRanges, type Ranges } from "./ranges.ts";

/**
 * Which partitions of a dependency a partition needs. Plain JSON. `keys` lists them key by key: what a function of the
 * author's says is asked once, when the location loads.
 */
export type PartitionMapping =
  | { type: "identity" }
  | { type: "window"; startOffset: number; endOffset: number }
  | { type: "all" }
  | { type: "latest" }
  | { type: "keys"; upstream: Readonly<Record<string, readonly string[]>> }
  | { type: "dimensions"; dimensions: Readonly<Record<string, { dimension: string; mapping?: AxisMapping }>> };

/** A mapping along one dimension. */
export type AxisMapping = Exclude<PartitionMapping, { type: "dimensions" }>;

/** A mapping as an author writes it: data, or a pure function from a key to the keys of the dependency that it needs. */
export type AuthoredMapping = PartitionMapping | ((key: string) => string | readonly string[]);

/** Makers of mappings; without one a dependency is mapped by what fits both definitions (`defaultMapping`). */
export const mapping = {
  /** The partition of the same key. */
  identity: (): PartitionMapping => ({ type: "identity" }),
  /**
   * The windows that overlap this one, its start and end moved by whole partitions of the dependent asset: `{ startOffset: -1 }`
   * is this window and the one before.
   */
  window: ({ startOffset = 0, endOffset = 0 }: { startOffset?: number; endOffset?: number } = {}): PartitionMapping => {
    if (!Number.isInteger(startOffset) || !Number.isInteger(endOffset) || endOffset < startOffset)
      throw new UserError("partition mapping: offsets are whole numbers, endOffset not below startOffset");
    return { type: "window", startOffset, endOffset };
  },
  /** All partitions of the dependency. */
  all: (): PartitionMapping => ({ type: "all" }),
  /** The latest partition of the dependency. */
  latest: (): PartitionMapping => ({ type: "latest" }),
  /** By list: the keys of the dependency that each key needs; a key that is not listed needs none. */
  keys: (upstream: Readonly<Record<string, string | readonly string[]>>): PartitionMapping => ({
    type: "keys",
    upstream: Object.fromEntries(
      Object.entries(upstream).map(([key, needs]) => [key, typeof needs === "string" ? [needs] : needs]),
    ),
  }),
  /** Dimension by dimension: the own one's name, and the dependency's that it is mapped to. */
  dimensions: (
    dimensions: Readonly<Record<string, string | { dimension: string; mapping?: AxisMapping }>>,
  ): PartitionMapping => ({
    type: "dimensions",
    dimensions: Object.fromEntries(
      Object.entries(dimensions).map(([name, to]) => [name, typeof to === "string" ? { dimension: to } : to]),
    ),
  }),
};

/**
 * The table of an author's function over keys.
 * @throws UserError when it throws or answers something else than keys.
 */
export function tabulate(
  fn: (key: string) => string | readonly string[],
  keys: readonly string[],
  what: string,
): PartitionMapping {
  const upstream: Record<string, readonly string[]> = {};
  for (const key of keys) {
    let needs: unknown;
    try {
      needs = fn(key);
    } catch (error) {
      throw new UserError(`${what}: the partition mapping threw at key "${key}": ${(error as Error)?.message ?? error}`);
    }
    const list = typeof needs === "string" ? [needs] : needs;
    if (!Array.isArray(list)) throw new UserError(`${what}: the partition mapping answered no keys at key "${key}"`);
    for (const one of list)
      if (typeof one !== "string") throw new UserError(`${what}: the partition mapping answered ${typeof one} at key "${key}"`);
      else for (const part of one.split("|")) checkPartitionKey(part);
    upstream[key] = list as string[];
  }
  return { type: "keys", upstream };
}

type Dimensions = Readonly<Record<string, PartitionsDefinition | undefined>>;

/** The dimensions of a definition by name; `""` is the one of a definition that has no names. */
export const dimensionsOf = (definition: PartitionsDefinition | undefined): Dimensions =>
  definition?.type === "multi" ? definition.dimensions : { "": definition };

/**
 * The mapping of a dependency that names none: same keys, the overlapping windows, everything where one side is without
 * partitions, the dimension that both have. Undefined when nothing fits.
 */
export function defaultMapping(
  own: PartitionsDefinition | undefined,
  upstream: PartitionsDefinition | undefined,
): PartitionMapping | undefined {
  if (!own || !upstream) return { type: "all" };
  if (own.type !== "multi" && upstream.type !== "multi") return defaultAxisMapping(own, upstream);
  if (sameKeys(own, upstream)) return { type: "identity" };
  const pairs: Record<string, { dimension: string }> = {};
  for (const [name, one] of Object.entries(dimensionsOf(own))) {
    const fits = Object.entries(dimensionsOf(upstream)).filter(([, other]) => defaultAxisMapping(one!, other!));
    const found = fits.find(([other]) => other === name) ?? (fits.length === 1 ? fits[0] : undefined);
    if (found && !Object.values(pairs).some((pair) => pair.dimension === found[0])) pairs[name] = { dimension: found[0] };
  }
  return Object.keys(pairs).length > 0 ? { type: "dimensions", dimensions: pairs } : undefined;
}

export function defaultAxisMapping(own: PartitionsDefinition, upstream: PartitionsDefinition): AxisMapping | undefined {
  if (sameKeys(own, upstream)) return { type: "identity" };
  return own.type === "time" && upstream.type === "time" ? { type: "window", startOffset: 0, endOffset: 0 } : undefined;
}

/** Why a mapping cannot join two definitions, or undefined when it can. */
export function mappingProblem(
  one: PartitionMapping,
  own: PartitionsDefinition | undefined,
  upstream: PartitionsDefinition | undefined,
): string | undefined {
  if (one.type === "identity" && !(own && upstream && sameKeys(own, upstream)))
    return "identity needs the same partitions on both sides";
  if (one.type === "window" && !(own?.type === "time" && upstream?.type === "time"))
    return "window needs time partitions on both sides";
  if (one.type === "keys")
    return (
      unknownKey(own, Object.keys(one.upstream)) ??
      unknownKey(upstream, Object.values(one.upstream).flat(), "the dependency has no partition")
    );
  if (one.type !== "dimensions")
    return mappingTypes.includes(one.type) ? undefined : `there is no mapping "${String((one as PartitionMapping).type)}"`;
  for (const [name, { dimension, mapping: axis }] of Object.entries(one.dimensions)) {
    const mine = dimensionsOf(own)[name];
    const other = dimensionsOf(upstream)[dimension];
    if (!mine) return `there is no dimension "${name}"`;
    if (!other) return `the dependency has no dimension "${dimension}"`;
    const used = axis ?? defaultAxisMapping(mine, other);
    const problem = used ? mappingProblem(used, mine, other) : "their keys differ";
    if (problem) return `dimension "${name}" does not fit "${dimension}": ${problem}`;
  }
  return undefined;
}

const mappingTypes: readonly string[] = ["identity", "window", "all", "latest"] satisfies PartitionMapping["type"][];

/** Keys of a list are known for good; those of time and dynamic ones come and go. */
function unknownKey(of: PartitionsDefinition | undefined, keys: readonly string[], none = "there is no partition") {
  if (of?.type !== "static") return undefined;
  const known = new Set(of.keys);
  const unknown = keys.find((key) => !known.has(key));
  return unknown === undefined ? undefined : `${none} "${unknown}".${didYouMean(unknown, of.keys)}`;
}

/** Positions of the dependency's axis that positions of the own axis need. */
export function upstreamRanges(one: AxisMapping, own: Axis, upstream: Axis, ranges: Ranges): Ranges {
  if (ranges.length === 0) return noRanges;
  switch (one.type) {
    case "all":
      return upstream.all;
    case "latest":
      return upstream.latest;
    case "identity":
      return own.windows ? intersectRanges(ranges, upstream.all) : ranges;
    case "keys":
      return rangesOf(
        upstream,
        [...own.positions(ranges)].flatMap((position) => one.upstream[own.keyOf(position)] ?? []),
      );
    case "window":
      return intersectRanges(overlapping(own, upstream, ranges, one.startOffset, one.endOffset), upstream.all);
  }
}

/** Positions of the own axis that need any of these positions of the dependency's axis. */
export function downstreamRanges(one: AxisMapping, own: Axis, upstream: Axis, ranges: Ranges): Ranges {
  if (ranges.length === 0) return noRanges;
  switch (one.type) {
    case "all":
      return own.all;
    case "latest":
      return intersectRanges(ranges, upstream.latest).length > 0 ? own.all : noRanges;
    case "identity":
      return own.windows ? intersectRanges(ranges, own.all) : ranges;
    case "keys": {
      const wanted = new Set([...upstream.positions(ranges)].map((position) => upstream.keyOf(position)));
      return rangesOf(
        own,
        Object.entries(one.upstream)
          .filter(([, needs]) => needs.some((need) => wanted.has(need)))
          .map(([key]) => key),
      );
    }
    case "window":
      // A window needs u when it, moved by its offsets, overlaps u: so it lies between u moved the other way round.
      return intersectRanges(movedBack(own, ranges, one.startOffset, one.endOffset), own.all);
  }
}

const rangesOf = (axis: Axis, keys: readonly string[]): Ranges =>
  normalRanges(keys.map((key) => axis.rangeOf(key)).filter((range) => range !== undefined));

function overlapping(own: Axis, upstream: Axis, ranges: Ranges, startOffset: number, endOffset: number): Ranges {
  const windows = upstream.windows!;
  return normalRanges(
    ranges.map(([from, to]) => {
      const start = own.windows!.shift(from, startOffset) ?? own.windows!.first;
      const end = own.windows!.shift(to, endOffset) ?? own.windows!.first;
      if (end <= windows.first) return [0, 0] as const;
      const last = windows.floor(end - 1)!;
      return [windows.floor(start) ?? windows.first, windows.shift(last, 1)!] as const;
    }),
  );
}

function movedBack(own: Axis, ranges: Ranges, startOffset: number, endOffset: number): Ranges {
  const windows = own.windows!;
  return normalRanges(
    ranges.map(([from, to]) => {
      if (to <= windows.first) return [0, 0] as const;
      const low = windows.shift(windows.floor(from) ?? windows.first, -endOffset) ?? windows.first;
      const high = windows.shift(windows.floor(to - 1)!, -startOffset);
      return [low, high === undefined ? low : windows.shift(high, 1)!] as const;
    }),
  );
}
