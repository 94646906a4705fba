import type { PartitionsDefinition, TimePartitions } from "./definition.ts";
import { keyOfWindow, timeWindows, windowOfKey } from "./time-windows.ts";

/** Place of the dimension of time among those of a key, and its definition. */
function timeOf(definition: PartitionsDefinition): { at: number; time: TimePartitions } | undefined {
  const all = definition.type === "multi" ? Object.values(definition.dimensions) : [definition];
  const at = all.findIndex((one) => one.type === "time");
  return at < 0 ? undefined : { at, time: all[at] as TimePartitions };
}

/** Start of the first window and end of the last (ms) that texts name, text by text. */
function spans(definition: PartitionsDefinition, texts: readonly string[]) {
  const found = timeOf(definition);
  if (!found) return [];
  const { at, time } = found;
  return texts.map((text) => {
    const [first, last = first] = text.split("...") as [string, string?];
    const [from, to] = [first, last!].map((key) => windowOfKey(time, key.split("|")[at] ?? "")) as [number, number];
    return { parts: first.split("|"), at, time, from, to: timeWindows(time).shift(to, 1)! };
  });
}

/** All keys of keys and ranges as `PartitionSpace.kept` writes them: needs nothing but the definition. */
export function expandPartitions(definition: PartitionsDefinition, texts: readonly string[]): string[] {
  if (!texts.some((text) => text.includes("..."))) return [...texts];
  return spans(definition, texts).flatMap(({ parts, at, time, from, to }) => {
    const keys: string[] = [];
    for (let start: number | undefined = from; start !== undefined && start < to; start = timeWindows(time).shift(start, 1))
      keys.push(parts.with(at, keyOfWindow(time, start)).join("|"));
    return keys;
  });
}

/** From the start of the first window to the end of the last, in ms; undefined without a dimension of time. */
export function windowOfTexts(
  definition: PartitionsDefinition,
  texts: readonly string[],
): { start: number; end: number } | undefined {
  const all = spans(definition, texts);
  if (all.length === 0) return undefined;
  return { start: Math.min(...all.map(({ from }) => from)), end: Math.max(...all.map(({ to }) => to)) };
}
