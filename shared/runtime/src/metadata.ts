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

/** Metadata as it is stored: every value typed, nulls and undefined left out. */
export function typedMetadata(metadata: Metadata = {}): Record<string, MetadataValue> {
  const out: Record<string, MetadataValue> = {};
  for (const [name, value] of Object.entries(metadata)) {
    if (value === null || value === undefined) continue;
    if (typeof value === "object") out[name] = value;
    else if (typeof value === "number") out[name] = { type: "number", value };
    else if (typeof value === "boolean") out[name] = { type: "bool", value };
    else out[name] = { type: "text", value };
  }
  return out;
}

/** The plain values behind typed metadata: what `upstream[n].metadata` shows an author. */
export function plainMetadata(metadata: Record<string, MetadataValue>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, value.value]));
}
