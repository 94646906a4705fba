import { isAbsolute, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Add } from "./actions.ts";
import { type DeltaField, duckType } from "./delta-type.ts";
import { quoteIdentifier, quoteLiteral, quotePath } from "./duck.ts";
import { LakehouseError } from "./errors.ts";
import type { Snapshot } from "./snapshot.ts";

/** Column that names the data file of a row, in a scan `withRowIds`. */
export const fileColumn = "__kc_file";
/** Column that counts the rows of a data file, in a scan `withRowIds`; DuckDB fixes its name. */
export const rowColumn = "file_row_number";

/** The absolute path of a data file. The log holds URI-encoded paths, relative to the table unless another writer chose otherwise. */
export function dataPath(dir: string, path: string): string {
  if (path.startsWith("file:")) return fileURLToPath(path);
  if (/^[a-z][a-z0-9+.-]*:/i.test(path)) {
    throw new LakehouseError("UNSUPPORTED_FEATURE", `A data file lies in another store: ${path}.`, { where: dir });
  }
  const decoded = decodeURIComponent(path);
  return isAbsolute(decoded) ? decoded : join(dir, decoded);
}

/**
 * A parenthesised SELECT over the rows of a snapshot, for the FROM clause of DuckDB. Columns have the table's names, types and order whatever the files
 * hold: files older than a column give null, partition values come from the log.
 */
export function scanSql(snapshot: Snapshot, options: { withRowIds?: boolean; files?: Iterable<Add> } = {}): string {
  const partitionColumns = new Set(snapshot.metadata.partitionColumns);
  const groups = new Map<string, Add[]>();
  for (const add of options.files ?? snapshot.files.values()) {
    if (add.deletionVector) {
      throw new LakehouseError(
        "UNSUPPORTED_FEATURE",
        `The Delta table uses feature "deletionVectors", which this reader does not support.`,
        {
          where: snapshot.dir,
        },
      );
    }
    const key = JSON.stringify(snapshot.metadata.partitionColumns.map((name) => add.partitionValues[name] || null));
    const group = groups.get(key);
    if (group) group.push(add);
    else groups.set(key, [add]);
  }
  const selects = [...groups].map(([key, adds]) => {
    const values = JSON.parse(key) as (string | null)[];
    const columns = snapshot.schema.map((field) => {
      const at = snapshot.metadata.partitionColumns.indexOf(field.name);
      return at < 0 ? fileField(field) : literalField(field, values[at] ?? null);
    });
    const ids = options.withRowIds ? [fileColumn, rowColumn] : [];
    return `SELECT ${[...columns, ...ids].join(", ")} FROM ${files(snapshot, adds, partitionColumns, options.withRowIds === true)}`;
  });
  if (selects.length === 0) {
    const ids = options.withRowIds ? [`NULL::VARCHAR AS ${fileColumn}`, `NULL::BIGINT AS ${rowColumn}`] : [];
    selects.push(`SELECT ${[...snapshot.schema.map((f) => literalField(f, null)), ...ids].join(", ")} WHERE false`);
  }
  return `(${selects.join(" UNION ALL ")})`;
}

function fileField(field: DeltaField): string {
  const name = quoteIdentifier(field.name);
  return `CAST(${name} AS ${duckType(field.type, field.name)}) AS ${name}`;
}

function literalField(field: DeltaField, value: string | null): string {
  const literal = value === null ? "NULL" : quoteLiteral(value);
  return `CAST(${literal} AS ${duckType(field.type, field.name)}) AS ${quoteIdentifier(field.name)}`;
}

/** The files of one partition. The empty first branch names every column, so that a column which no file has yet reads as null. */
function files(snapshot: Snapshot, adds: Add[], partitionColumns: Set<string>, withRowIds: boolean): string {
  const paths = adds.map((add) => quotePath(dataPath(snapshot.dir, add.path)));
  const ids = withRowIds ? `, filename='${fileColumn}', file_row_number=true` : "";
  const source = `read_parquet([${paths.join(", ")}], union_by_name=true, hive_partitioning=false${ids})`;
  const skeleton = snapshot.schema.filter((f) => !partitionColumns.has(f.name)).map((field) => literalField(field, null));
  if (skeleton.length === 0) return source;
  return `(SELECT ${skeleton.join(", ")} WHERE false UNION ALL BY NAME SELECT * FROM ${source})`;
}

/** Registers a snapshot under a name of this connection only. The view keeps reading this version, whatever is committed later. */
export async function registerView(connection: DuckDBConnection, name: string, snapshot: Snapshot): Promise<void> {
  await connection.run(`CREATE OR REPLACE TEMP VIEW ${quoteIdentifier(name)} AS SELECT * FROM ${scanSql(snapshot)}`);
}
