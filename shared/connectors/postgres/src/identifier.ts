import { UserError } from "@kc/runtime";

/** A name as a SQL identifier. PostgreSQL cuts names at 63 bytes silently, so a longer one is refused. */
export function quoteIdentifier(name: string): string {
  if (name.length === 0 || name.includes("\0")) throw new UserError(`"${name}" cannot be a PostgreSQL name`);
  if (Buffer.byteLength(name) > 63)
    throw new UserError(`the PostgreSQL name "${name}" is longer than 63 bytes`, { hint: "Choose a shorter name." });
  return `"${name.replaceAll('"', '""')}"`;
}

/** A schema-qualified table. */
export interface TableName {
  schema: string;
  table: string;
}

/** `schema.table` as written by a person, parts optionally in double quotes; the schema defaults to public. */
export function parseTableName(text: string, defaultSchema = "public"): TableName {
  const parts = [...text.trim().matchAll(/"((?:[^"]|"")*)"|([^."]+)/g)].map(
    (match) => match[1]?.replaceAll('""', '"') ?? match[2]!.trim(),
  );
  const [first, second, third] = parts;
  if (!first || third !== undefined) throw new UserError(`"${text}" is no table name`, { hint: "Write schema.table." });
  return second === undefined ? { schema: defaultSchema, table: first } : { schema: first, table: second };
}

export const quoteTable = ({ schema, table }: TableName): string => `${quoteIdentifier(schema)}.${quoteIdentifier(table)}`;

/** A text as a SQL string literal, for the few statements that take no parameters. */
export function quoteLiteral(text: string): string {
  if (text.includes("\0")) throw new UserError("a PostgreSQL text cannot hold a NUL character");
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? ` E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}
