import { nextTick } from "../cron.ts";
import { didYouMean, UserError } from "../errors.ts";
import { type Axis, axisOf, type PartitionContext } from "./axis.ts";
import { describePartitions, type PartitionsDefinition } from "./definition.ts";
import { isEmptySet, type PartitionSet, partitionSet } from "./partition-set.ts";
import { normalRanges } from "./ranges.ts";
import { readMemory } from "./read-memory.ts";
import { isBeforeFirst } from "./time-windows.ts";

/** Combinations of the keys of the dimensions that are not the first: each is a row. */
const mostRows = 100_000;

/** The partitions of one definition as they are at one moment: turns keys into sets and back. */
export interface PartitionSpace {
  definition: PartitionsDefinition | undefined;
  /** The dimension along which sets are ranges. */
  primary: Axis;
  /** The other dimensions in order, and the name of each with that of the primary in its place; `""` without dimensions. */
  others: readonly { name: string; axis: Axis }[];
  primaryName: string;
  all(): PartitionSet;
  count(set: PartitionSet): number;
  /** Keys in order, row by row; newest windows first when `reverse`. */
  keys(set: PartitionSet, options?: { offset?: number; limit?: number; reverse?: boolean }): string[];
  /** The set as a person reads it: keys and ranges `first...last`, both of them in it. */
  text(set: PartitionSet): string[];
  /** The set as it is kept: as `text`, with ranges of time only, since the places of other keys may change. */
  kept(set: PartitionSet): string[];
  /**
   * Reads keys and ranges.
   * @throws UserError at a key that does not exist, with the nearest one; at a range whose ends are in the wrong order.
   */
  parse(texts: readonly string[]): PartitionSet;
  /** As `parse`, for what was kept: leaves out what does not exist any more, and takes windows that have not ended yet. */
  read(texts: readonly string[]): PartitionSet;
  /** The latest window of every row; everything where there is no time. */
  latest(): PartitionSet;
  /** The keys of one partition by dimension; `""` where there are none. */
  dimensionsOf(key: string): Record<string, string>;
  /** Start and end (ms) of the windows of a set, or undefined without time. */
  windowOf(set: PartitionSet): { start: number; end: number } | undefined;
}

/**
 * What can be told before the partitions are asked for: all that is listed then, keys that are added later aside.
 * @throws UserError when windows never come or there are too many combinations of dimensions.
 */
export function checkSpace(key: string, definition: PartitionsDefinition): void {
  const dimensions = definition.type === "multi" ? Object.values(definition.dimensions) : [definition];
  for (const one of dimensions)
    if (one.type === "time" && nextTick(one.cron, one.timezone, one.startAt - 1) === undefined)
      throw new UserError(`asset "${key}": partitions: "${one.cron}" has no tick after the start`);
  const primary = Math.max(
    0,
    dimensions.findIndex((one) => one.type === "time"),
  );
  const others = dimensions.filter((_, index) => index !== primary);
  const rows = others.reduce((product, one) => product * (one.type === "static" ? one.keys.length : 1), 1);
  if (rows > mostRows) throw tooManyRows(`asset "${key}": `);
}

const tooManyRows = (whose = ""): UserError =>
  new UserError(`${whose}partitions: over ${mostRows} combinations of the dimensions beside the first (or that of time)`);

export function partitionSpace(definition: PartitionsDefinition | undefined, context: PartitionContext): PartitionSpace {
  const dimensions = definition?.type === "multi" ? Object.entries(definition.dimensions) : [["", definition] as const];
  const axes = dimensions.map(([name, one]) => ({ name, axis: axisOf(one as Axis["definition"], context) }));
  const at = Math.max(
    0,
    axes.findIndex(({ axis }) => axis.windows !== undefined),
  );
  const { name: primaryName, axis: primary } = axes[at]!;
  const others = axes.filter((_, index) => index !== at);
  const memory = definition && readMemory(definition, context);
  let rows: readonly string[] | undefined;
  const allRows = () => {
    rows ??= others.length === 0 ? [""] : rowsOf(others.map(({ axis }) => axis));
    return rows;
  };
  const keyIn = (row: string, position: number): string => {
    if (others.length === 0) return primary.keyOf(position);
    const parts = row.split("|");
    parts.splice(at, 0, primary.keyOf(position));
    return parts.join("|");
  };
  const split = (key: string): { row: string; own: string; parts: string[] } | undefined => {
    if (others.length === 0) return { row: "", own: key, parts: [key] };
    const parts = key.split("|");
    if (parts.length !== axes.length) return undefined;
    const rest = parts.filter((_, index) => index !== at);
    if (!rest.every((part, index) => others[index]!.axis.rangeOf(part))) return undefined;
    return { row: rest.join("|"), own: parts[at]!, parts };
  };
  const find = (key: string, ahead: boolean): { row: string; range: readonly [number, number] } | undefined => {
    const parts = split(key);
    const range = parts && primary.rangeOf(parts.own, ahead);
    return range && { row: parts.row, range };
  };
  /** Of a range that began before the definition does now what is left: its start was moved. */
  const cutOff = (key: string): { row: string; range: readonly [number, number] } | undefined => {
    const parts = split(key);
    const { definition: time, windows } = primary;
    if (!parts || !windows || time?.type !== "time" || !isBeforeFirst(time, parts.own)) return undefined;
    return { row: parts.row, range: [windows.first, windows.first] };
  };
  const readOne = (text: string, ahead: boolean): PartitionSet | string => {
    const [first, last, ...rest] = text.split("...");
    const from = find(first!, ahead) ?? (ahead && last !== undefined ? cutOff(first!) : undefined);
    if (!from) return first!;
    if (last === undefined) return new Map([[from.row, [from.range]]]);
    const to = find(last, ahead);
    if (!to || rest.length > 0 || to.row !== from.row) return last;
    return new Map([[from.row, [[from.range[0], to.range[1]]]]]);
  };
  const space: PartitionSpace = {
    definition,
    primary,
    primaryName,
    others,
    all: () => partitionSet(allRows().map((row) => [row, primary.all] as const)),
    latest: () => partitionSet(allRows().map((row) => [row, primary.latest] as const)),
    count: (set) => [...set.values()].reduce((sum, ranges) => sum + primary.count(ranges), 0),
    keys(set, { offset = 0, limit = Number.POSITIVE_INFINITY, reverse = false } = {}) {
      const out: string[] = [];
      let skip = offset;
      for (const [row, ranges] of set) {
        const size = primary.count(ranges);
        if (skip >= size) {
          skip -= size;
          continue;
        }
        for (const position of primary.positions(ranges, reverse)) {
          if (skip-- > 0) continue;
          if (out.length >= limit) return out;
          out.push(keyIn(row, position));
        }
        skip = Math.max(0, skip);
      }
      return out;
    },
    text: (set) =>
      [...set].flatMap(([row, ranges]) =>
        ranges.map(([from, to]) => {
          const last = primary.windows ? primary.windows.shift(to, -1)! : to - 1;
          return last === from ? keyIn(row, from) : `${keyIn(row, from)}...${keyIn(row, last)}`;
        }),
      ),
    kept(set) {
      const whole = others.length === 0 && primary.listed ? primary.listed(set.get("") ?? []) : undefined;
      const texts = whole ?? (primary.windows ? space.text(set) : space.keys(set));
      memory?.made(texts, set);
      return texts;
    },
    parse(texts) {
      return gather(
        texts.map((text) => {
          const one = readOne(text, false);
          if (typeof one === "string") throw unknownKey(one, text, space);
          for (const [[from, to]] of one.values() as Iterable<[[number, number]]>)
            if (to <= from)
              throw new UserError(`partition range "${text}" ends before it begins`, { hint: "Write the earlier key first." });
          return one;
        }),
      );
    },
    read(texts) {
      const known = memory?.find(texts);
      if (known) return known;
      const set = gather(texts.map((text) => readOne(text, true)).filter((one) => typeof one !== "string"));
      memory?.keep(texts, set);
      return set;
    },
    dimensionsOf(key) {
      const parts = split(key)?.parts ?? [key];
      return Object.fromEntries(axes.map(({ name }, index) => [name, parts[index] ?? ""]));
    },
    windowOf(set) {
      if (!primary.windows || isEmptySet(set)) return undefined;
      const ranges = [...set.values()].flat();
      return { start: Math.min(...ranges.map(([from]) => from)), end: Math.max(...ranges.map(([, to]) => to)) };
    },
  };
  return space;
}

/** Many small sets as one: each row is put in order once. */
function gather(sets: readonly PartitionSet[]): PartitionSet {
  const rows = new Map<string, (readonly [number, number])[]>();
  for (const set of sets)
    for (const [row, ranges] of set) {
      const own = rows.get(row);
      if (own) own.push(...ranges);
      else rows.set(row, [...ranges]);
    }
  return partitionSet([...rows].map(([row, ranges]) => [row, normalRanges(ranges)] as const));
}

function rowsOf(axes: readonly Axis[]): string[] {
  let rows: string[][] = [[]];
  for (const axis of axes) {
    const keys = [...axis.positions(axis.all)].map((position) => axis.keyOf(position));
    if (rows.length * keys.length > mostRows) throw tooManyRows();
    rows = rows.flatMap((row) => keys.map((key) => [...row, key]));
  }
  return rows.map((row) => row.join("|"));
}

function unknownKey(key: string, text: string, space: PartitionSpace): UserError {
  if (!space.definition) return new UserError(`partition "${text}": the asset has no partitions`);
  const all = space.all();
  const count = space.count(all);
  const near = space.keys(all, { limit: 1_000, reverse: true });
  const [newest] = near;
  const [oldest] = space.keys(all, { limit: 1 });
  return new UserError(
    `there is no partition "${key}"${key === text ? "" : ` (in "${text}")`} of ${describePartitions(space.definition)}.${didYouMean(key, near)}`,
    {
      hint:
        count === 0
          ? "It has no partitions yet."
          : count === 1
            ? `Its only partition is ${oldest}.`
            : `Its ${count} partitions go from ${oldest} to ${newest}.`,
    },
  );
}
