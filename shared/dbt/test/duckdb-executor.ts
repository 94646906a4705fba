import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import type { SqlExecutor } from "../src/index.ts";

/** Runs the runner's SQL on DuckDB: the quoting and the escapes of Databricks are all that has to change. */
export async function duckdbExecutor(): Promise<
  SqlExecutor & { statements: string[]; connection: DuckDBConnection; close(): void }
> {
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  await connection.run("attach ':memory:' as test");
  const statements: string[] = [];
  return {
    statements,
    connection,
    async execute(sql, options) {
      options?.signal?.throwIfAborted();
      statements.push(sql);
      const reader = await connection.runAndReadAll(toDuckdb(sql));
      const names = reader.deduplicatedColumnNames();
      const types = reader.columnTypes();
      const columns = names.map((name, index) => ({ name, type: String(types[index]).toLowerCase() }));
      const rows = reader.getRows().map((row) => row.map((cell) => (cell === null ? null : String(cell))));
      return { columns, rows };
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}

const toDuckdb = (sql: string): string =>
  sql
    .replaceAll("`", '"')
    .replaceAll("\\'", "''")
    .replace(
      /^show (table|view)s in "(\w+)"\."(\w+)"$/,
      "select table_name as $1Name from information_schema.tables where table_catalog = '$2' and table_schema = '$3' and ('$1' = 'table' or table_type = 'VIEW')",
    )
    .replace(/^alter table (\S+) add columns \((.*)\)$/is, "alter table $1 add column $2");
