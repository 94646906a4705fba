import { didYouMean, UserError } from "./errors.ts";

/** A column of a table. */
export interface ColumnSchema {
  name: string;
  /** As the database writes it. */
  type?: string;
  description?: string;
  nullable?: boolean;
}
/** By column: the columns that it comes from. */
export type ColumnLineage = Record<string, { asset: string; column: string }[]>;

/** Says what is wrong with a value, or nothing. Plain code: every location loads this file, few need a schema library. */
type Shape = (value: unknown) => string | undefined;

const isText = (value: unknown): value is string => typeof value === "string";
const text: Shape = (value) => (isText(value) ? undefined : "expected text");
const textOf =
  (least: number, most: number): Shape =>
  (value) =>
    isText(value) && value.length >= least && value.length <= most
      ? undefined
      : `expected text of ${least} to ${most} characters`;
const address = /^(?!javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*:\S+$/i;
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCell = (value: unknown) => value === null || ["string", "number", "boolean"].includes(typeof value);
/** The first thing that is wrong among the items of a list, with its place. */
const inList = (value: unknown, most: number, item: Shape): string | undefined => {
  if (!Array.isArray(value)) return "expected a list";
  if (value.length > most) return `expected at most ${most} items`;
  for (const [at, one] of value.entries()) {
    const wrong = item(one);
    if (wrong) return `${at}: ${wrong}`;
  }
  return undefined;
};
const named = (value: unknown, names: readonly string[]): string | undefined => {
  if (!isObject(value)) return "expected an object";
  const missing = names.find((name) => !isText(value[name]) || value[name] === "");
  return missing === undefined ? undefined : `${missing}: expected text`;
};
const optional = (value: Record<string, unknown>, name: string, type: "string" | "boolean") =>
  value[name] === undefined || typeof value[name] === type
    ? undefined
    : `${name}: expected ${type === "string" ? "text" : "a boolean"}`;

function table(value: unknown): string | undefined {
  if (!isObject(value)) return "expected an object";
  const columns = inList(value.columns, 1_000, text);
  if (columns) return `columns: ${columns}`;
  const count = (value.columns as unknown[]).length;
  const rows = inList(value.rows, 10_000, (row) => {
    const cells = inList(row, count, (one) => (isCell(one) ? undefined : "expected text, a number, a boolean or null"));
    if (Array.isArray(row) && row.length !== count) return "a row has more or fewer cells than columns";
    return cells;
  });
  return rows && (rows.endsWith("than columns") ? rows.replace(/^\d+: /, "") : `rows.${rows}`);
}

const column: Shape = (value) =>
  named(value, ["name"]) ??
  optional(value as Record<string, unknown>, "type", "string") ??
  optional(value as Record<string, unknown>, "description", "string") ??
  optional(value as Record<string, unknown>, "nullable", "boolean");

function lineage(value: unknown): string | undefined {
  if (!isObject(value)) return "expected an object";
  for (const [name, from] of Object.entries(value)) {
    const wrong = inList(from, 10_000, (one) => named(one, ["asset", "column"]));
    if (wrong) return `${name}: ${wrong}`;
  }
  return undefined;
}

/** What each type of metadata must look like. */
const shapes = {
  text,
  // What JSON has no number for comes as text.
  number: (value) => (typeof value === "number" || isText(value) ? undefined : "expected a number"),
  bool: (value) => (typeof value === "boolean" ? undefined : "expected a boolean"),
  path: textOf(1, 4_096),
  url: (value) =>
    isText(value) && value.length <= 8_192 && address.test(value) ? undefined : "must be an address such as https://…",
  markdown: text,
  json: () => undefined,
  timestamp: (value) =>
    isText(value) && !Number.isNaN(Date.parse(value)) ? undefined : "must be an instant such as 2026-01-31T00:00:00Z",
  table,
  row_count: (value) => (Number.isInteger(value) && (value as number) >= 0 ? undefined : "expected a whole number from 0"),
  column_schema: (value) => inList(value, 10_000, column),
  column_lineage: lineage,
  code: textOf(1, 4_096),
} as const satisfies Record<string, Shape>;

export type MetadataType = keyof typeof shapes;
export const metadataTypes = Object.keys(shapes) as MetadataType[];

/** @throws UserError when the type is none, or the value does not have its form. */
export function checkTyped(what: string, { type, value }: { type?: unknown; value?: unknown }): void {
  const shape = typeof type === "string" && Object.hasOwn(shapes, type) ? shapes[type as MetadataType] : undefined;
  if (!shape)
    throw new UserError(`${what}: there is no metadata type "${String(type)}".${didYouMean(String(type), metadataTypes)}`, {
      hint: `There are ${metadataTypes.join(", ")}.`,
    });
  const wrong = shape(value);
  if (wrong) throw new UserError(`${what} is no ${type}: ${wrong}`);
}
