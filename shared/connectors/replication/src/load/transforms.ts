import type { ColumnType } from "../types/column-type.ts";

/** The functions a stream's `transforms` may name, as PostgreSQL expressions of a text. */
const functions: Record<string, (text: string) => string> = {
  trim: (text) => `btrim(${text}, E' \\t\\r\\n')`,
  trim_space: (text) => `btrim(${text}, E' \\t\\r\\n')`,
  trim_left: (text) => `ltrim(${text}, E' \\t\\r\\n')`,
  trim_right: (text) => `rtrim(${text}, E' \\t\\r\\n')`,
  lower: (text) => `lower(${text})`,
  upper: (text) => `upper(${text})`,
  empty_as_null: (text) => `nullif(${text}, '')`,
  hash_md5: (text) => `md5(${text})`,
  hash_sha256: (text) => `encode(sha256(convert_to(${text}, 'UTF8')), 'hex')`,
  hash_sha512: (text) => `encode(sha512(convert_to(${text}, 'UTF8')), 'hex')`,
  remove_newlines: (text) => `regexp_replace(${text}, E'[\\n\\r]+', ' ', 'g')`,
};

export const transformNames = Object.keys(functions);

/** An expression with the functions applied in order. A transformed column is text; without functions it is what it was. */
export function transformed(expression: string, names: string[], type: ColumnType): { expression: string; type: ColumnType } {
  if (names.length === 0) return { expression, type };
  const start = type.kind === "text" ? expression : `${expression}::text`;
  return { expression: names.reduce((text, name) => functions[name]!(text), start), type: { kind: "text" } };
}
