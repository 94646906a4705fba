import { randomUUID } from "node:crypto";
import { rename, unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Action } from "./actions.ts";
import { queryRows, quoteIdentifier, quoteLiteral, quotePath } from "./duck.ts";
import { checkpointPath, syncPath } from "./log.ts";
import type { Snapshot } from "./snapshot.ts";

/** Tombstones older than this need not be kept (delta.deletedFileRetentionDuration's default of one week). */
export const tombstoneRetentionMs = 7 * 24 * 3600 * 1000;

const strings = "MAP(VARCHAR, VARCHAR)";
/** Columns of a classic checkpoint; the widths (INTEGER for protocol versions, BIGINT for sizes) are what other readers insist on. */
const columns: Record<string, string> = {
  txn: "STRUCT(appId VARCHAR, version BIGINT, lastUpdated BIGINT)",
  add: `STRUCT(path VARCHAR, partitionValues ${strings}, size BIGINT, modificationTime BIGINT, dataChange BOOLEAN, stats VARCHAR, tags ${strings})`,
  remove: `STRUCT(path VARCHAR, deletionTimestamp BIGINT, dataChange BOOLEAN, extendedFileMetadata BOOLEAN, partitionValues ${strings}, size BIGINT)`,
  metaData: `STRUCT(id VARCHAR, name VARCHAR, description VARCHAR, format STRUCT(provider VARCHAR, options ${strings}), schemaString VARCHAR, partitionColumns VARCHAR[], configuration ${strings}, createdTime BIGINT)`,
  protocol: "STRUCT(minReaderVersion INTEGER, minWriterVersion INTEGER, readerFeatures VARCHAR[], writerFeatures VARCHAR[])",
};

/** Writes the whole state of a version as one Parquet file, so that readers need not replay the log from its beginning. */
export async function writeCheckpoint(connection: DuckDBConnection, snapshot: Snapshot, now: number): Promise<void> {
  const protocol = { ...snapshot.protocol };
  if (protocol.minReaderVersion < 3) delete protocol.readerFeatures;
  if (protocol.minWriterVersion < 7) delete protocol.writerFeatures;
  const actions: Action[] = [{ protocol }, { metaData: snapshot.metadata }];
  for (const txn of snapshot.txns.values()) actions.push({ txn });
  for (const add of snapshot.files.values()) actions.push({ add: { ...add, dataChange: false } });
  for (const remove of snapshot.tombstones.values()) {
    if ((remove.deletionTimestamp ?? 0) > now - tombstoneRetentionMs) actions.push({ remove: { ...remove, dataChange: false } });
  }
  const folder = join(snapshot.dir, "_delta_log");
  const unique = randomUUID();
  const json = join(folder, `.${unique}.json.tmp`);
  const parquet = join(folder, `.${unique}.parquet.tmp`);
  try {
    await writeFile(json, actions.map((action) => JSON.stringify(action)).join("\n"));
    const spec = Object.entries(columns).map(([name, type]) => `${quoteIdentifier(name)}: ${quoteLiteral(type)}`);
    const source = `read_json(${quotePath(json)}, format='newline_delimited', maximum_object_size=268435456, columns={${spec.join(", ")}})`;
    await connection.run(`COPY (SELECT * FROM ${source}) TO ${quoteLiteral(parquet)} (FORMAT parquet)`);
    await syncPath(parquet);
    await rename(parquet, checkpointPath(snapshot.dir, snapshot.version));
    const hint = join(folder, `.${unique}.hint.tmp`);
    await writeFile(hint, JSON.stringify({ version: snapshot.version, size: actions.length }));
    await rename(hint, join(folder, "_last_checkpoint"));
  } finally {
    for (const path of [json, parquet]) await unlink(path).catch(() => undefined);
  }
}

/** The actions in the checkpoint of a version. `_last_checkpoint` is not asked: the directory listing knows better. */
export async function readCheckpoint(connection: DuckDBConnection, dir: string, version: number): Promise<Action[]> {
  const source = `read_parquet(${quotePath(checkpointPath(dir, version))})`;
  const present = (await queryRows(connection, `DESCRIBE SELECT * FROM ${source}`)).map((row) => String(row.column_name));
  const wanted = ["protocol", "metaData", "txn", "add", "remove"].filter((name) => present.includes(name));
  const actions: Action[] = [];
  for (const name of wanted) {
    const column = quoteIdentifier(name);
    for (const row of await queryRows(connection, `SELECT to_json(${column}) AS j FROM ${source} WHERE ${column} IS NOT NULL`)) {
      actions.push({ [name]: JSON.parse(String(row.j)) } as Action);
    }
  }
  return actions;
}
