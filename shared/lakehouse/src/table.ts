import { randomUUID } from "node:crypto";
import { unlink } from "node:fs/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import { type Action, type Add, type Metadata, removeOf } from "./actions.ts";
import { type Commit, commit, currentSnapshot, retryOnConflict } from "./commit.ts";
import { type WrittenFiles, writeDataFiles } from "./data-file.ts";
import type { DeltaField } from "./delta-type.ts";
import { LakehouseError } from "./errors.ts";
import { plainProtocol } from "./protocol.ts";
import { dataPath } from "./scan.ts";
import { type Alignment, alignQuery, assertSchema, describeQuery, schemaString } from "./schema.ts";
import { readSnapshot, type Snapshot } from "./snapshot.ts";

export interface TableDefinition {
  /** Columns of the table. Default: those of the source. */
  schema?: DeltaField[];
  /** A SELECT in DuckDB's SQL whose rows the table begins with. */
  source?: string;
  partitionBy?: string[];
  description?: string;
  configuration?: Record<string, string>;
  /** What history calls it. Default: CREATE TABLE [AS SELECT]. */
  operation?: string;
  /** Take the place of the table that is there: its history stays, readers of older versions go on. */
  replace?: boolean;
}

/** Creates a Delta table, in one commit with its first rows. */
export async function createTable(connection: DuckDBConnection, dir: string, definition: TableDefinition): Promise<Commit> {
  const { source, partitionBy = [], replace = false } = definition;
  const given = source === undefined ? undefined : await describeQuery(connection, source);
  const schema = definition.schema ?? given ?? [];
  const partitionColumns = partitionBy.map(
    (name) => schema.find((f) => f.name.toLowerCase() === name.toLowerCase())?.name ?? name,
  );
  assertSchema(schema, partitionColumns, dir);
  const refuse = () => {
    throw new LakehouseError("TABLE_EXISTS", "There is a Delta table here already.", { where: dir });
  };
  if (!replace && (await currentSnapshot(connection, dir))) refuse();
  const written =
    source === undefined || given === undefined
      ? { adds: [], rows: 0 }
      : await writeDataFiles(connection, dir, alignQuery(source, given, schema, {}, dir), schema, partitionColumns);
  const version = await publish(connection, dir, written, (snapshot, now) => {
    if (snapshot && !replace) refuse();
    const metaData: Metadata = {
      id: snapshot?.metadata.id ?? randomUUID(),
      ...(definition.description === undefined ? {} : { description: definition.description }),
      format: { provider: "parquet", options: {} },
      schemaString: schemaString(schema),
      partitionColumns,
      configuration: definition.configuration ?? {},
      createdTime: snapshot?.metadata.createdTime ?? now,
    };
    const removes = [...(snapshot?.files.values() ?? [])].map((add): Action => ({ remove: removeOf(add, now) }));
    const name = `${snapshot || replace ? "CREATE OR REPLACE TABLE" : "CREATE TABLE"}${source === undefined ? "" : " AS SELECT"}`;
    return {
      actions: [...(snapshot ? [] : [{ protocol: plainProtocol }]), { metaData }, ...removes, ...added(written.adds)],
      operation: definition.operation ?? name,
      parameters: { partitionBy: partitionColumns, description: definition.description ?? "null", isManaged: "true" },
      metrics: metrics(written),
    };
  });
  return { version, inserted: written.rows, updated: 0, deleted: 0 };
}

export interface WriteOptions extends Alignment {
  /** Add columns that only the source has, as nullable ones. Implies `byName`. */
  mergeSchema?: boolean;
  operation?: string;
  /** Idempotent write: where one of these versions of an application is in the table already, nothing is committed. */
  txns?: { appId: string; version: number }[];
}

/** Appends the rows of a SELECT. Commits nothing when there are none. */
export async function append(
  connection: DuckDBConnection,
  dir: string,
  source: string,
  options: WriteOptions = {},
): Promise<Commit> {
  return write(connection, dir, source, options, "append");
}

/** Replaces all rows by those of a SELECT, keeping schema, partitioning and history. */
export async function overwrite(
  connection: DuckDBConnection,
  dir: string,
  source: string,
  options: WriteOptions = {},
): Promise<Commit> {
  return write(connection, dir, source, options, "overwrite");
}

async function write(
  connection: DuckDBConnection,
  dir: string,
  source: string,
  options: WriteOptions,
  mode: "append" | "overwrite",
): Promise<Commit> {
  return retryOnConflict(async () => {
    const read = await readSnapshot(connection, dir);
    const done = (snapshot: Snapshot) =>
      options.txns?.some((txn) => (snapshot.txns.get(txn.appId)?.version ?? -1) >= txn.version);
    if (done(read)) return { version: undefined, inserted: 0, updated: 0, deleted: 0 };
    const given = await describeQuery(connection, source);
    const { schema, metaData } = options.mergeSchema ? widened(read, given) : { schema: read.schema, metaData: undefined };
    const alignment = options.mergeSchema ? { byName: true } : options;
    const written = await writeDataFiles(
      connection,
      dir,
      alignQuery(source, given, schema, alignment, dir),
      schema,
      read.metadata.partitionColumns,
    );
    const version = await publish(connection, dir, written, (snapshot, now) => {
      if (snapshot === undefined)
        throw new LakehouseError("TABLE_NOT_FOUND", "The table was dropped while rows were being written.", { where: dir });
      if (done(snapshot)) return undefined;
      if (snapshot.metadata.schemaString !== read.metadata.schemaString || snapshot.metadata.id !== read.metadata.id) {
        throw new LakehouseError("CONCURRENT_MODIFICATION", "The table's schema changed while rows were being written.", {
          where: dir,
        });
      }
      if (mode === "append" && written.adds.length === 0 && metaData === undefined && options.txns === undefined)
        return undefined;
      const removes =
        mode === "append" ? [] : [...snapshot.files.values()].map((add): Action => ({ remove: removeOf(add, now) }));
      const txn: Action[] = (options.txns ?? []).map((txn) => ({ txn: { ...txn, lastUpdated: now } }));
      return {
        actions: [...txn, ...(metaData ? [{ metaData }] : []), ...removes, ...added(written.adds)],
        operation: options.operation ?? "WRITE",
        parameters: { mode: mode === "append" ? "Append" : "Overwrite", partitionBy: read.metadata.partitionColumns },
        metrics: metrics(written),
        blindAppend: mode === "append" && metaData === undefined,
      };
    });
    return { version, inserted: written.rows, updated: 0, deleted: 0 };
  });
}

/** Commits, and takes written files away again when nothing refers to them. */
export async function publish(
  connection: DuckDBConnection,
  dir: string,
  written: WrittenFiles,
  build: Parameters<typeof commit>[2],
): Promise<number | undefined> {
  let version: number | undefined;
  try {
    version = await commit(connection, dir, build);
    return version;
  } finally {
    if (version === undefined) for (const add of written.adds) await unlink(dataPath(dir, add.path)).catch(() => undefined);
  }
}

export const added = (adds: Add[]): Action[] => adds.map((add) => ({ add }));

const metrics = (written: WrittenFiles): Record<string, number> => ({
  numFiles: written.adds.length,
  numOutputRows: written.rows,
  numOutputBytes: written.adds.reduce((sum, add) => sum + add.size, 0),
});

function widened(read: Snapshot, given: DeltaField[]): { schema: DeltaField[]; metaData: Metadata | undefined } {
  const extra = given.filter((field) => !read.schema.some((f) => f.name.toLowerCase() === field.name.toLowerCase()));
  if (extra.length === 0) return { schema: read.schema, metaData: undefined };
  const schema = [...read.schema, ...extra];
  assertSchema(schema, read.metadata.partitionColumns, read.dir);
  return { schema, metaData: { ...read.metadata, schemaString: schemaString(schema) } };
}

/** Changes what the log says about a table (columns, properties, description) without touching its rows. */
export async function alterTable(
  connection: DuckDBConnection,
  dir: string,
  operation: string,
  change: (metadata: Metadata, schema: DeltaField[]) => { metadata?: Partial<Metadata>; schema?: DeltaField[] } | undefined,
): Promise<number | undefined> {
  return commit(connection, dir, (snapshot) => {
    if (snapshot === undefined) throw new LakehouseError("TABLE_NOT_FOUND", "There is no Delta table here.", { where: dir });
    const changed = change(snapshot.metadata, snapshot.schema);
    if (changed === undefined) return undefined;
    const schema = changed.schema ?? snapshot.schema;
    assertSchema(schema, snapshot.metadata.partitionColumns, dir);
    return {
      actions: [{ metaData: { ...snapshot.metadata, ...changed.metadata, schemaString: schemaString(schema) } }],
      operation,
    };
  });
}

/** Adds nullable columns at the end; older files read as null there. */
export async function addColumns(connection: DuckDBConnection, dir: string, fields: DeltaField[]): Promise<number | undefined> {
  const required = fields.find((field) => !field.nullable);
  if (required)
    throw new LakehouseError(
      "SCHEMA_MISMATCH",
      `The new column ${required.name} cannot be NOT NULL: older rows have no value for it.`,
      { where: dir },
    );
  return alterTable(connection, dir, "ADD COLUMNS", (_, schema) => ({ schema: [...schema, ...fields] }));
}
