import type { DuckDBConnection } from "@duckdb/node-api";
import { type Action, type Add, removeOf } from "./actions.ts";
import { assertUnchanged, type Commit, retryOnConflict } from "./commit.ts";
import { writeDataFiles } from "./data-file.ts";
import { duckType } from "./delta-type.ts";
import { queryRows, quoteIdentifier } from "./duck.ts";
import { assertWritable } from "./protocol.ts";
import { dataPath, fileColumn, scanSql } from "./scan.ts";
import { readSnapshot, type Snapshot } from "./snapshot.ts";
import { added, publish } from "./table.ts";

export interface RowChange {
  /** Condition in DuckDB's SQL over the table's columns. Default: every row. */
  where?: string;
  /** Name by which the condition and the expressions may call the table. */
  alias?: string;
}

/** Deletes rows by rewriting the files that hold one (copy-on-write). A condition that is null keeps the row. */
export async function deleteRows(connection: DuckDBConnection, dir: string, change: RowChange = {}): Promise<Commit> {
  return retryOnConflict(async () => {
    const read = await readSnapshot(connection, dir);
    assertWritable(read.protocol, read.metadata, dir, true);
    const alias = quoteIdentifier(change.alias ?? "t");
    const touched = await touchedFiles(connection, read, alias, change.where ?? "true");
    const keep = `SELECT ${alias}.* FROM ${scanSql(read, { files: touched.files })} AS ${alias} WHERE (${change.where ?? "true"}) IS NOT TRUE`;
    const version = await replaceFiles(
      connection,
      read,
      touched.files,
      keep,
      "DELETE",
      { predicate: change.where ?? "true" },
      { numDeletedRows: touched.rows },
    );
    return { version, inserted: 0, updated: 0, deleted: touched.rows };
  });
}

/** Updates rows; `set` maps a column to an expression over the row as it was. */
export async function updateRows(
  connection: DuckDBConnection,
  dir: string,
  set: Record<string, string>,
  change: RowChange = {},
): Promise<Commit> {
  return retryOnConflict(async () => {
    const read = await readSnapshot(connection, dir);
    assertWritable(read.protocol, read.metadata, dir, true);
    const alias = quoteIdentifier(change.alias ?? "t");
    const where = change.where ?? "true";
    const touched = await touchedFiles(connection, read, alias, where);
    const columns = read.schema.map((field) => {
      const name = quoteIdentifier(field.name);
      const value = set[field.name];
      const old = `${alias}.${name}`;
      return value === undefined
        ? old
        : `CAST(CASE WHEN (${where}) THEN ${value} ELSE ${old} END AS ${duckType(field.type, field.name)}) AS ${name}`;
    });
    const rows = `SELECT ${columns.join(", ")} FROM ${scanSql(read, { files: touched.files })} AS ${alias}`;
    const version = await replaceFiles(
      connection,
      read,
      touched.files,
      rows,
      "UPDATE",
      { predicate: where },
      { numUpdatedRows: touched.rows },
    );
    return { version, inserted: 0, updated: touched.rows, deleted: 0 };
  });
}

async function touchedFiles(
  connection: DuckDBConnection,
  read: Snapshot,
  alias: string,
  where: string,
): Promise<{ files: Add[]; rows: number }> {
  const sql = `SELECT ${fileColumn} AS f, count(*) AS n FROM ${scanSql(read, { withRowIds: true })} AS ${alias} WHERE (${where}) GROUP BY ALL`;
  const found = await queryRows(connection, sql);
  const names = new Set(found.map((row) => String(row.f)));
  return { files: filesByPath(read, names), rows: found.reduce((sum, row) => sum + Number(row.n), 0) };
}

export function filesByPath(read: Snapshot, paths: Set<string>): Add[] {
  return [...read.files.values()].filter((add) => paths.has(dataPath(read.dir, add.path)));
}

/** Commits new rows in place of whole files, provided that nobody changed the table meanwhile. Nothing to replace and nothing to add: no commit. */
export async function replaceFiles(
  connection: DuckDBConnection,
  read: Snapshot,
  files: Add[],
  rows: string | undefined,
  operation: string,
  parameters: Record<string, unknown>,
  metrics: Record<string, number>,
): Promise<number | undefined> {
  if (rows === undefined || (files.length === 0 && operation !== "MERGE")) return undefined;
  const written = await writeDataFiles(connection, read.dir, rows, read.schema, read.metadata.partitionColumns);
  return publish(connection, read.dir, written, (snapshot, now) => {
    assertUnchanged(read, snapshot);
    const removes = files.map((add): Action => ({ remove: removeOf(add, now) }));
    if (removes.length + written.adds.length === 0) return undefined;
    return { actions: [...removes, ...added(written.adds)], operation, parameters, metrics };
  });
}
