import type { Axis } from "./axis.ts";
import { type AxisMapping, defaultAxisMapping, downstreamRanges, type PartitionMapping, upstreamRanges } from "./mapping.ts";
import { type PartitionSet, partitionSet } from "./partition-set.ts";
import { noRanges, type Ranges, unionRanges } from "./ranges.ts";
import type { PartitionSpace } from "./space.ts";

/** Partitions of the dependency that a set of the own partitions needs; only what exists. */
export const upstreamOf = (
  mapping: PartitionMapping,
  own: PartitionSpace,
  upstream: PartitionSpace,
  set: PartitionSet,
): PartitionSet => mapSet(mapping, own, upstream, set, "up");

/** The own partitions that need any of a set of the dependency's. */
export const downstreamOf = (
  mapping: PartitionMapping,
  own: PartitionSpace,
  upstream: PartitionSpace,
  set: PartitionSet,
): PartitionSet => mapSet(mapping, own, upstream, set, "down");

type Direction = "up" | "down";

function mapSet(
  mapping: PartitionMapping,
  own: PartitionSpace,
  upstream: PartitionSpace,
  set: PartitionSet,
  direction: Direction,
): PartitionSet {
  if (set.size === 0) return set;
  const target = direction === "up" ? upstream : own;
  if (mapping.type === "all") return target.all();
  if (mapping.type === "latest") {
    if (direction === "up") return upstream.latest();
    const latest = upstream.latest();
    return [...set].some(([row, ranges]) => overlap(ranges, latest.get(row) ?? noRanges)) ? own.all() : new Map();
  }
  if (own.others.length === 0 && upstream.others.length === 0 && mapping.type !== "dimensions")
    return partitionSet([["", along(mapping, own.primary, upstream.primary, set.get("") ?? noRanges, direction)]]);
  if (mapping.type === "identity")
    return partitionSet([...set].map(([row, ranges]) => [row, along(mapping, own.primary, upstream.primary, ranges, direction)]));
  if (mapping.type === "keys") return byKeys(mapping, direction === "up" ? own : upstream, target, set, direction);
  if (mapping.type === "window") throw new Error("a window mapping joins one dimension of time with another");
  return byDimensions(mapping, own, upstream, set, direction);
}

const along = (mapping: AxisMapping, own: Axis, upstream: Axis, ranges: Ranges, direction: Direction): Ranges =>
  direction === "up" ? upstreamRanges(mapping, own, upstream, ranges) : downstreamRanges(mapping, own, upstream, ranges);

const overlap = (a: Ranges, b: Ranges): boolean => a.some(([from, to]) => b.some(([start, end]) => from < end && start < to));

function byKeys(
  mapping: PartitionMapping & { type: "keys" },
  source: PartitionSpace,
  target: PartitionSpace,
  set: PartitionSet,
  direction: Direction,
): PartitionSet {
  const keys = new Set(source.keys(set));
  const found =
    direction === "up"
      ? [...keys].flatMap((key) => mapping.upstream[key] ?? [])
      : Object.entries(mapping.upstream).flatMap(([key, needs]) => (needs.some((need) => keys.has(need)) ? [key] : []));
  return target.read([...new Set(found)]);
}

/** Joins the dimensions pair by pair; those without a partner are free: every key of theirs fits. */
function byDimensions(
  mapping: PartitionMapping & { type: "dimensions" },
  own: PartitionSpace,
  upstream: PartitionSpace,
  set: PartitionSet,
  direction: Direction,
): PartitionSet {
  const [source, target] = direction === "up" ? [own, upstream] : [upstream, own];
  const sourceAxes = axesOf(source);
  const targetAxes = axesOf(target);
  // For each dimension of the target: how positions of its partner in the source lead to its own.
  const links = new Map<string, { from: string; map(ranges: Ranges): Ranges }>();
  for (const [name, { dimension, mapping: given }] of Object.entries(mapping.dimensions)) {
    const ownAxis = axesOf(own).get(name)!;
    const upAxis = axesOf(upstream).get(dimension)!;
    const used = given ?? defaultAxisMapping(ownAxis.definition!, upAxis.definition!)!;
    const [from, to] = direction === "up" ? [name, dimension] : [dimension, name];
    links.set(to, { from, map: (ranges) => along(used, ownAxis, upAxis, ranges, direction) });
  }
  const out = new Map<string, Ranges>();
  for (const [row, ranges] of set) {
    const rowParts = row.split("|");
    const rangesOf = (dimension: string): Ranges => {
      if (dimension === source.primaryName) return ranges;
      const at = source.others.findIndex(({ name }) => name === dimension);
      const range = sourceAxes.get(dimension)!.rangeOf(rowParts[at]!);
      return range ? [range] : noRanges;
    };
    const reached = new Map([...links].map(([dimension, { from, map }]) => [dimension, map(rangesOf(from))]));
    const primary = reached.get(target.primaryName) ?? target.primary.all;
    if (primary.length === 0) continue;
    let rows: string[][] = [[]];
    for (const { name } of target.others) {
      const axis = targetAxes.get(name)!;
      const keys = [...axis.positions(reached.get(name) ?? axis.all)].map((position) => axis.keyOf(position));
      rows = rows.flatMap((parts) => keys.map((key) => [...parts, key]));
    }
    for (const parts of rows) {
      const key = target.others.length === 0 ? "" : parts.join("|");
      out.set(key, unionRanges(out.get(key) ?? noRanges, primary));
    }
  }
  return out;
}

const axesOf = (space: PartitionSpace): Map<string, Axis> =>
  new Map([[space.primaryName, space.primary] as const, ...space.others.map(({ name, axis }) => [name, axis] as const)]);
