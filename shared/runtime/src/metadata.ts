import { errorText, UserError } from "./errors.ts";

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
  | { type: "table"; value: { columns: string[]; rows: (string | number | boolean | null)[][] } };

/** What an author may write: a plain value, or one made by `md`. */
export type Metadata = Record<string, string | number | boolean | null | MetadataValue | undefined>;

/** Makers of the typed metadata values that are not plain text, numbers or booleans. */
export const md = {
  path: (value: string): MetadataValue => ({ type: "path", value }),
  url: (value: string): MetadataValue => ({ type: "url", value }),
  markdown: (value: string): MetadataValue => ({ type: "markdown", value }),
  json: (value: unknown): MetadataValue => ({ type: "json", value }),
  timestamp: (value: Date | string): MetadataValue => ({ type: "timestamp", value: new Date(value).toISOString() }),
  table: (columns: string[], rows: (string | number | boolean | null)[][]): MetadataValue => ({
    type: "table",
    value: { columns, rows },
  }),
};

/**
 * Metadata as it is stored: every value typed, nulls and undefined left out.
 * @throws UserError naming a value that is no metadata: it must not reach the log, whose JSON could not carry it.
 */
export function typedMetadata(metadata: Metadata = {}): Record<string, MetadataValue> {
  const out: Record<string, MetadataValue> = {};
  for (const [name, value] of Object.entries(metadata) as [string, unknown][]) {
    if (value === null || value === undefined) continue;
    out[name] = typed(name, value);
  }
  return out;
}

function typed(name: string, value: unknown): MetadataValue {
  const plain = plainJson(name, value);
  if (typeof plain === "string") return { type: "text", value: plain };
  if (typeof plain === "number") return { type: "number", value: plain };
  if (typeof plain === "boolean") return { type: "bool", value: plain };
  if (plain && typeof plain === "object" && "type" in plain && "value" in plain) return plain as MetadataValue;
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
