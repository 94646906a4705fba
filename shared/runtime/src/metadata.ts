import { errorText, UserError } from "./errors.ts";
import { type ColumnLineage, type ColumnSchema, checkTyped, type MetadataType } from "./metadata-types.ts";

export type { ColumnLineage, ColumnSchema, MetadataType } from "./metadata-types.ts";

type Cell = string | number | boolean | null;

/** A metadata value with a type that the UI can show and the API can carry. */
export type MetadataValue =
  | { type: "text"; value: string }
  | { type: "number"; value: number }
  | { type: "bool"; value: boolean }
  | { type: "path"; value: string }
  | { type: "url"; value: string }
  | { type: "markdown"; value: string }
  | { type: "json"; value: unknown }
  | { type: "timestamp"; value: string }
  | { type: "table"; value: { columns: string[]; rows: Cell[][] } }
  | { type: "row_count"; value: number }
  | { type: "column_schema"; value: ColumnSchema[] }
  | { type: "column_lineage"; value: ColumnLineage }
  | { type: "code"; value: string };

/** What an author may write: a plain value, or one made by `md`. */
export type Metadata = Record<string, string | number | boolean | null | MetadataValue | undefined>;

/**
 * Makers of the typed metadata values that are not plain text, numbers or booleans. The names `row_count`, `column_schema` and
 * `column_lineage` are the standard ones: the UI, checks and OpenLineage look there.
 */
export const md = {
  /** A file or folder. */
  path: (value: string): MetadataValue => made("path", value),
  /** An address; the UI links those of the web. */
  url: (value: string): MetadataValue => made("url", value),
  markdown: (value: string): MetadataValue => made("markdown", value),
  json: (value: unknown): MetadataValue => ({ type: "json", value }),
  timestamp: (value: Date | string): MetadataValue => {
    const at = new Date(value);
    if (Number.isNaN(at.getTime())) throw new UserError(`md.timestamp: "${String(value)}" is no instant`);
    return { type: "timestamp", value: at.toISOString() };
  },
  table: (columns: string[], rows: Cell[][]): MetadataValue => made("table", { columns, rows }),
  /** How many rows the asset has; a bigint or its text, as databases count, is taken too. */
  rowCount: (value: number | bigint | string): MetadataValue =>
    made("row_count", typeof value === "number" ? value : value === "" ? Number.NaN : Number(value)),
  /** The columns of a table, with their types as the database writes them. */
  columnSchema: (columns: readonly ColumnSchema[]): MetadataValue => made("column_schema", [...columns]),
  /** From which columns of which assets each column comes. */
  columnLineage: (lineage: ColumnLineage): MetadataValue => made("column_lineage", lineage),
  /** A place in code: `file:line`, or the address of it. */
  code: (where: string): MetadataValue => made("code", where),
};

/** A value whose form is checked where the author wrote it. */
function made(type: MetadataType, value: unknown): MetadataValue {
  const one = { type, value } as MetadataValue;
  checkTyped(`md.${type}`, one);
  return one;
}

/**
 * Metadata as it is stored: every value typed, nulls and undefined left out.
 * @throws UserError naming a value that is no metadata: it must not reach the log, whose JSON could not carry it.
 */
export function typedMetadata(metadata: Metadata = {}): Record<string, MetadataValue> {
  const out: Record<string, MetadataValue> = {};
  for (const [name, value] of Object.entries(metadata) as [string, unknown][]) {
    if (value === null || value === undefined) continue;
    if (name.length === 0 || name.length > 200)
      throw new UserError(`metadata name "${name.slice(0, 40)}${name.length > 40 ? "…" : ""}" must have 1 to 200 characters`);
    out[name] = typed(name, value);
  }
  return out;
}

function typed(name: string, value: unknown): MetadataValue {
  const plain = plainJson(name, value);
  if (typeof plain === "string") return { type: "text", value: plain };
  if (typeof plain === "number") return { type: "number", value: plain };
  if (typeof plain === "boolean") return { type: "bool", value: plain };
  if (plain && typeof plain === "object" && "type" in plain && "value" in plain) {
    checkTyped(`metadata "${name}"`, plain);
    return plain as MetadataValue;
  }
  throw new UserError(`metadata "${name}" has no type: it is ${Array.isArray(value) ? "a list" : `of type ${typeof value}`}`, {
    hint: "Write md.json(value) for lists and objects.",
  });
}

/**
 * A value as JSON carries it. A bigint (what databases count in) is a number while that is exact and text beyond; so is a
 * number that JSON has no spelling for.
 * @throws UserError naming a value that refers to itself.
 */
export function plainJson(name: string, value: unknown): unknown {
  if (typeof value === "string" || typeof value === "boolean") return value;
  try {
    const text = JSON.stringify(value, (_, one: unknown) => {
      if (typeof one === "bigint") return Number.isSafeInteger(Number(one)) ? Number(one) : String(one);
      return typeof one === "number" && !Number.isFinite(one) ? String(one) : one;
    });
    return text === undefined ? undefined : JSON.parse(text);
  } catch (error) {
    throw new UserError(`"${name}" cannot be kept as JSON: ${errorText(error).split("\n")[0]}`);
  }
}

/** The plain values behind typed metadata: what `upstream[n].metadata` shows an author. */
export function plainMetadata(metadata: Record<string, MetadataValue>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, value.value]));
}
