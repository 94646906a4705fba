import type { DeltaField, DeltaType } from "./delta-type.ts";

/** Statistics of one leaf column as DuckDB's `COPY … RETURN_STATS` gives them: everything as text. */
export type ColumnStatistics = Record<string, string>;

declare global {
  interface JSON {
    rawJSON(text: string): unknown;
  }
}

const indexedColumns = 32;
const prefixLength = 32;

/**
 * The `stats` of an add action. A bound that is too narrow makes other readers drop rows silently, so that a bound is left out whenever it is not
 * certain: booleans, binaries, NaN, lists, maps, nested columns and long strings' maxima.
 */
export function fileStats(rows: number, schema: DeltaField[], columns: Map<string, ColumnStatistics>): string {
  const minValues: Record<string, unknown> = {};
  const maxValues: Record<string, unknown> = {};
  const nullCount: Record<string, unknown> = {};
  for (const field of schema.slice(0, indexedColumns)) {
    const column = columns.get(field.name);
    if (column === undefined || typeof field.type !== "string") continue;
    if (/^\d+$/.test(column.null_count ?? "")) nullCount[field.name] = Number(column.null_count);
    if (column.has_nan === "true") continue;
    const lower = bound(field.type, column.min, "min");
    const upper = bound(field.type, column.max, "max");
    if (lower === undefined) continue;
    minValues[field.name] = lower;
    if (upper !== undefined) maxValues[field.name] = upper;
  }
  return JSON.stringify({ numRecords: rows, minValues, maxValues, nullCount });
}

function bound(type: DeltaType, text: string | undefined, side: "min" | "max"): unknown {
  if (text === undefined || typeof type !== "string") return undefined;
  if (["byte", "short", "integer", "long"].includes(type)) return /^-?\d+$/.test(text) ? JSON.rawJSON(text) : undefined;
  if (type.startsWith("decimal")) return /^-?\d+(\.\d+)?$/.test(text) ? JSON.rawJSON(text) : undefined;
  if (type === "double" || type === "float") return Number.isFinite(Number(text)) && text !== "" ? Number(text) : undefined;
  if (type === "date") return /^\d{4}-\d{2}-\d{2}$/.test(text) ? text : undefined;
  if (type === "timestamp") return instant(text, side);
  if (type === "string") return prefix(text, side);
  return undefined;
}

/** Bounds have milliseconds: a minimum is cut, a maximum goes up to the next one. */
function instant(text: string, side: "min" | "max"): string | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}) (\d{2}:\d{2}:\d{2})(?:\.(\d{1,6}))?\+00$/.exec(text);
  if (match === null) return undefined;
  const micros = (match[3] ?? "").padEnd(6, "0");
  const cut = Date.parse(`${match[1]}T${match[2]}.${micros.slice(0, 3)}Z`);
  return new Date(side === "max" && micros.slice(3) !== "000" ? cut + 1 : cut).toISOString();
}

function prefix(text: string, side: "min" | "max"): string | undefined {
  const characters = [...text];
  if (characters.some((character) => character === "\uFFFD")) return undefined;
  if (characters.length <= prefixLength) return text;
  return side === "min" ? characters.slice(0, prefixLength).join("") : undefined;
}
