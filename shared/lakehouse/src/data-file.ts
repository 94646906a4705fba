import { randomUUID } from "node:crypto";
import { mkdir, stat, unlink } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Add } from "./actions.ts";
import type { DeltaField } from "./delta-type.ts";
import { queryRows, quoteIdentifier, quoteLiteral } from "./duck.ts";
import { LakehouseError } from "./errors.ts";
import { syncPath } from "./log.ts";
import { type ColumnStatistics, fileStats } from "./stats.ts";

export interface WrittenFiles {
  adds: Add[];
  rows: number;
}

interface CopyResult {
  filename: string;
  count: string;
  file_size_bytes: string;
  column_statistics: { key: string; value: { key: string; value: string }[] }[] | null;
  partition_keys: { key: string; value: string | null }[] | null;
}

/**
 * Writes the rows of a SELECT (already in the table's columns and types) as new data files, synced and not yet part of the table.
 * An empty string in a partition column is stored as null: the log cannot tell the two apart.
 */
export async function writeDataFiles(
  connection: DuckDBConnection,
  dir: string,
  sql: string,
  schema: DeltaField[],
  partitionColumns: string[],
): Promise<WrittenFiles> {
  await mkdir(dir, { recursive: true });
  const single = join(dir, `part-00000-${randomUUID()}-c000.snappy.parquet`);
  const results =
    partitionColumns.length === 0
      ? await copySingle(connection, sql, single)
      : await copyPartitioned(connection, dir, sql, schema, partitionColumns);
  const adds: Add[] = [];
  let rows = 0;
  try {
    for (const result of results) {
      const count = Number(result.count);
      rows += count;
      if (count === 0) await unlink(result.filename);
      else adds.push(await addOf(dir, result, schema, partitionColumns));
    }
  } catch (error) {
    for (const result of results) await unlink(result.filename).catch(() => undefined);
    throw error;
  }
  return { adds, rows };
}

async function copySingle(connection: DuckDBConnection, sql: string, path: string): Promise<CopyResult[]> {
  try {
    return (await queryRows(
      connection,
      `COPY (${sql}) TO ${quoteLiteral(path)} (FORMAT parquet, COMPRESSION snappy, RETURN_STATS)`,
    )) as unknown as CopyResult[];
  } catch (error) {
    await unlink(path).catch(() => undefined);
    throw error;
  }
}

async function copyPartitioned(
  connection: DuckDBConnection,
  dir: string,
  sql: string,
  schema: DeltaField[],
  partitionColumns: string[],
): Promise<CopyResult[]> {
  const select = schema.map((field) => {
    const name = quoteIdentifier(field.name);
    return partitionColumns.includes(field.name) && field.type === "string" ? `nullif(${name}, '') AS ${name}` : name;
  });
  const options = `FORMAT parquet, COMPRESSION snappy, RETURN_STATS, PARTITION_BY (${partitionColumns.map(quoteIdentifier).join(", ")}), FILENAME_PATTERN 'part-{uuid}', APPEND`;
  const copy = `COPY (SELECT ${select.join(", ")} FROM (${sql})) TO ${quoteLiteral(dir)} (${options})`;
  return (await queryRows(connection, copy)) as unknown as CopyResult[];
}

async function addOf(dir: string, result: CopyResult, schema: DeltaField[], partitionColumns: string[]): Promise<Add> {
  const columns = new Map<string, ColumnStatistics>();
  for (const { key, value } of result.column_statistics ?? []) {
    const name = /^"((?:[^"]|"")*)"$/.exec(key)?.[1]?.replaceAll('""', '"');
    if (name !== undefined) columns.set(name, Object.fromEntries(value.map((entry) => [entry.key, entry.value])));
  }
  const partitionValues: Record<string, string | null> = {};
  for (const name of partitionColumns)
    partitionValues[name] = result.partition_keys?.find((entry) => entry.key === name)?.value ?? null;
  assertNotNull(schema, columns, partitionValues, Number(result.count), dir);
  await syncPath(result.filename);
  await syncPath(dirname(result.filename));
  const info = await stat(result.filename);
  const path = relative(dir, result.filename).split(sep).map(encodeSegment).join("/");
  const stats = fileStats(Number(result.count), schema, columns);
  return { path, partitionValues, size: info.size, modificationTime: Math.round(info.mtimeMs), dataChange: true, stats };
}

/** Percent-encodes what a URI may not hold and leaves `=` of partition folders readable. */
const encodeSegment = (segment: string): string => encodeURIComponent(segment).replaceAll("%3D", "=");

function assertNotNull(
  schema: DeltaField[],
  columns: Map<string, ColumnStatistics>,
  partitionValues: Record<string, string | null>,
  rows: number,
  where: string,
): void {
  for (const field of schema) {
    if (field.nullable || rows === 0) continue;
    const nulls =
      field.name in partitionValues ? partitionValues[field.name] === null : columns.get(field.name)?.null_count !== "0";
    if (nulls)
      throw new LakehouseError("NOT_NULL_VIOLATION", `The column ${field.name} is NOT NULL, and the data has a null in it.`, {
        where,
      });
  }
}
