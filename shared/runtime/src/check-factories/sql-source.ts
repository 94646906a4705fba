import { UserError } from "../errors.ts";
import type { Resource } from "../resource.ts";

type Options = { signal?: AbortSignal };

/** A database whose rows are objects, as the PostgreSQL resource answers. */
export interface SqlQuerying {
  query(sql: string, values?: unknown[], options?: Options): Promise<{ rows: Record<string, unknown>[] }>;
}
/** A warehouse whose rows are lists, as the Databricks resources answer. */
export interface SqlExecuting {
  execute(sql: string, options?: Options): Promise<{ rows: readonly (readonly unknown[])[] }>;
}
/** What checks over SQL read from: the connectors' resources are such, and any object with one of the two methods. */
export type SqlSource = SqlQuerying | SqlExecuting | { statements: SqlExecuting };

/** Where a check's table stands. */
export interface TableOptions {
  /** The resource it is read through. */
  source: Resource<SqlSource>;
  /** Its name, parts joined by dots; a list of parts when one of them holds a dot or other signs. */
  table: string | readonly string[];
  /** An SQL condition: only these rows count. Written by the team, as it is. */
  where?: string;
}

/** Rows as lists of values, in the order of the select. */
export async function readRows(source: SqlSource, sql: string, signal: AbortSignal): Promise<unknown[][]> {
  if ("query" in source) return (await source.query(sql, [], { signal })).rows.map((row) => Object.values(row));
  const { rows } = await ("execute" in source ? source : source.statements).execute(sql, { signal });
  return rows.map((row) => [...row]);
}

/** One row of numbers: databases answer counts as text where a number could lose digits. */
export async function readNumbers(source: SqlSource, sql: string, signal: AbortSignal): Promise<number[]> {
  const [row] = await readRows(source, sql, signal);
  return (row ?? []).map((value) => (value === null ? Number.NaN : Number(value)));
}

const quoteOf = (source: SqlSource): string => ("query" in source ? '"' : "`");

/** A name in the source's own quotes. */
export const quoted = (source: SqlSource, name: string): string => {
  const quote = quoteOf(source);
  return `${quote}${name.replaceAll(quote, quote + quote)}${quote}`;
};

/** @throws UserError when the name could not be one. */
export function tableParts(check: string, table: string | readonly string[]): string[] {
  if (!table) throw new UserError(`check "${check}" names no table`, { hint: 'Give it table: "schema.table".' });
  const parts = typeof table === "string" ? table.split(".") : [...table];
  for (const part of parts)
    if (part.length === 0 || part.includes("\0") || (typeof table === "string" && /["`\s;]/.test(part)))
      throw new UserError(`check "${check}": "${String(table)}" is no table name`, {
        hint: 'Write schema.table, or a list of its parts: ["schema", "my table"].',
      });
  return parts;
}

export const columnNames = (check: string, column: string | readonly string[] | undefined): string[] => {
  // Definitions that are not type-checked may leave it out.
  const columns: readonly unknown[] = [column ?? []].flat();
  if (
    columns.length === 0 ||
    !columns.every((one): one is string => typeof one === "string" && one !== "" && !one.includes("\0"))
  )
    throw new UserError(`check "${check.replace(/_(undefined)?$/, "")}" names no column`, {
      hint: 'Give it column: "id" or column: ["id", "day"].',
    });
  return columns as string[];
};

/** ` from <table>[ where <condition>]` */
export function fromClause(source: SqlSource, check: string, { table, where }: Omit<TableOptions, "source">): string {
  const name = tableParts(check, table)
    .map((part) => quoted(source, part))
    .join(".");
  return ` from ${name}${where ? ` where ${where}` : ""}`;
}
