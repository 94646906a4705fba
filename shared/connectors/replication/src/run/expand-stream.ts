import { glob } from "node:fs/promises";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseTableName, quoteTable, type TableName } from "@kc/connector-postgres";
import { UserError } from "@kc/runtime";
import type { StreamSpec } from "../language/parse.ts";
import { type Environment, expandEnv } from "../language/variables.ts";
import type { OpenConnection } from "./connection.ts";

/** One file, table or query that a stream stands for. */
export type StreamSource =
  | { kind: "file"; name: string; path: string }
  | { kind: "table"; name: string; table: TableName }
  | { kind: "sql"; name: string; sql: string };

/**
 * What a stream's name stands for at this moment: one thing, or all that match its wildcard except those that a stream of their own names.
 * @throws UserError for relative paths, unset variables and wildcards without a match.
 */
export async function expandStream(
  stream: StreamSpec,
  source: OpenConnection,
  env: Environment,
  others: readonly string[],
): Promise<StreamSource[]> {
  const name = expandEnv(stream.name, env, stream.at);
  if (source.type === "file") {
    if (stream.settings.sql)
      throw new UserError(`stream "${stream.name}": sql needs a database as its source`, { where: stream.at });
    const path = filePath(name, stream);
    if (!/[*?]/.test(path)) return [{ kind: "file", name, path }];
    const explicit = new Set(
      others.filter((other) => !/[*?]/.test(other)).map((other) => filePath(expandEnv(other, env, stream.at), stream)),
    );
    const found: string[] = [];
    for await (const match of glob(path)) found.push(resolve(match));
    return matches(found.filter((file) => !explicit.has(file)).sort(), name, stream).map((file) => ({
      kind: "file",
      name: file,
      path: file,
    }));
  }
  if (source.type !== "postgres")
    throw new UserError(`reading from Databricks is not supported by a replication`, {
      where: stream.at,
      hint: "Sources are files and PostgreSQL.",
    });
  if (stream.settings.sql) return [{ kind: "sql", name, sql: expandEnv(stream.settings.sql, env, stream.at) }];
  if (!/[*?]/.test(name)) return [{ kind: "table", name, table: parseTableName(name) }];
  const [schema = "", pattern = ""] = name.split(".");
  if (/[*?]/.test(schema) || !pattern)
    throw new UserError(`the wildcard "${name}" must name its schema`, {
      where: stream.at,
      hint: "Write schema.* or schema.prefix_*.",
    });
  const { rows } = await source.client.query<{ table: string }>(
    "select c.relname as table from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind in ('r', 'p', 'v', 'm') and c.relname like $2 and c.relname not like '\\_kc\\_%' and c.relname not like '\\_\\_stg\\_%' order by 1",
    [
      schema,
      pattern
        .replaceAll(/[\\%_]/g, "\\$&")
        .replaceAll("*", "%")
        .replaceAll("?", "_"),
    ],
  );
  const explicit = new Set(others.filter((other) => !/[*?]/.test(other)).map((other) => quoteTable(parseTableName(other))));
  const tables = rows.map(({ table }) => ({ schema, table })).filter((table) => !explicit.has(quoteTable(table)));
  return matches(tables, name, stream).map((table) => ({ kind: "table", name: `${table.schema}.${table.table}`, table }));
}

function matches<T>(found: T[], name: string, stream: StreamSpec): T[] {
  if (found.length === 0)
    throw new UserError(`nothing matches the wildcard "${name}"`, {
      where: stream.at,
      hint: "Correct the pattern, or set disabled: true.",
    });
  return found;
}

function filePath(name: string, stream: StreamSpec): string {
  const text = name.startsWith("file://")
    ? name.startsWith("file:///")
      ? fileURLToPath(name)
      : name.slice("file://".length)
    : name;
  if (!isAbsolute(text))
    throw new UserError(`the path "${text}" of stream "${stream.name}" is relative`, {
      where: stream.at,
      hint: "Make it absolute, for example with ${CSV_DATA_PATH}, which must itself be an absolute path.",
    });
  return text;
}
