import { stat } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Action, Add, CommitInfo, Metadata, Protocol, Remove, Txn } from "./actions.ts";
import { readCheckpoint, tombstoneRetentionMs } from "./checkpoint.ts";
import type { DeltaField } from "./delta-type.ts";
import { LakehouseError } from "./errors.ts";
import { listLog, logPath, readCommit } from "./log.ts";
import { assertReadable } from "./protocol.ts";

/** The state of a table at one version. Immutable: later commits never change the files it names. */
export interface Snapshot {
  dir: string;
  version: number;
  /** Commit time of the version in milliseconds since the epoch. */
  timestamp: number;
  protocol: Protocol;
  metadata: Metadata;
  schema: DeltaField[];
  files: Map<string, Add>;
  tombstones: Map<string, Remove>;
  txns: Map<string, Txn>;
}

export type At = { version: number } | { timestamp: number } | undefined;

const newest = new Map<string, Snapshot>();

/** The table at a version, at a time (milliseconds), or now. Throws TABLE_NOT_FOUND, VERSION_NOT_FOUND, CORRUPT_LOG or UNSUPPORTED_FEATURE. */
export async function readSnapshot(connection: DuckDBConnection, dir: string, at?: At): Promise<Snapshot> {
  const log = await listLog(dir);
  const last = log.versions.at(-1) ?? log.checkpoints.at(-1);
  if (last === undefined) {
    newest.delete(dir);
    throw new LakehouseError("TABLE_NOT_FOUND", "There is no Delta table here: _delta_log has no commit.", { where: dir });
  }
  const target = at === undefined ? last : "version" in at ? at.version : await versionAt(dir, log.versions, at.timestamp);
  if (target > last || target < 0) {
    throw new LakehouseError("VERSION_NOT_FOUND", `The table has no version ${target}; the newest is ${last}.`, { where: dir });
  }
  const cached = newest.get(dir);
  let base: Snapshot | undefined = cached !== undefined && cached.version <= target ? cached : undefined;
  if (base !== undefined && (await commitTime(dir, base.version)) !== base.timestamp) base = undefined;
  if (base?.version === target) return base;
  const snapshot = await replay(connection, dir, log, target, base);
  assertReadable(snapshot.protocol, snapshot.metadata, dir);
  if (target === last) remember(dir, snapshot);
  return snapshot;
}

function remember(dir: string, snapshot: Snapshot): void {
  newest.delete(dir);
  newest.set(dir, snapshot);
  if (newest.size > 256) newest.delete(newest.keys().next().value ?? dir);
}

async function replay(
  connection: DuckDBConnection,
  dir: string,
  log: { versions: number[]; checkpoints: number[] },
  target: number,
  base: Snapshot | undefined,
): Promise<Snapshot> {
  const state = { files: new Map(base?.files), tombstones: new Map(base?.tombstones), txns: new Map(base?.txns) };
  let protocol = base?.protocol;
  let metadata = base?.metadata;
  const apply = (action: Action) => {
    protocol = action.protocol ?? protocol;
    metadata = action.metaData ?? metadata;
    if (action.add) {
      state.files.set(action.add.path, action.add);
      state.tombstones.delete(action.add.path);
    } else if (action.remove) {
      state.files.delete(action.remove.path);
      state.tombstones.set(action.remove.path, action.remove);
    } else if (action.txn) state.txns.set(action.txn.appId, action.txn);
  };
  let next = base === undefined ? 0 : base.version + 1;
  const checkpoint = log.checkpoints.findLast((version) => version <= target && version >= next);
  if (checkpoint !== undefined) {
    for (const map of Object.values(state)) map.clear();
    for (const action of await readCheckpoint(connection, dir, checkpoint)) apply(action);
    next = checkpoint + 1;
  }
  const present = new Set(log.versions);
  for (; next <= target; next++) {
    if (!present.has(next)) {
      throw new LakehouseError("CORRUPT_LOG", `The Delta log has a gap: version ${next} is missing.`, {
        where: logPath(dir, next),
      });
    }
    for (const action of await readCommit(dir, next)) apply(action);
  }
  if (protocol === undefined || metadata === undefined) {
    throw new LakehouseError(
      "CORRUPT_LOG",
      `The Delta log has no ${protocol === undefined ? "protocol" : "metaData"} action up to version ${target}.`,
      {
        where: join(dir, "_delta_log"),
      },
    );
  }
  metadata = { ...metadata, configuration: metadata.configuration ?? {}, partitionColumns: metadata.partitionColumns ?? [] };
  for (const [path, remove] of state.tombstones)
    if ((remove.deletionTimestamp ?? 0) < Date.now() - tombstoneRetentionMs) state.tombstones.delete(path);
  const schema = (JSON.parse(metadata.schemaString) as { fields: DeltaField[] }).fields;
  return { dir, version: target, timestamp: await commitTime(dir, target), protocol, metadata, schema, ...state };
}

/** Commit time of a version: the modification time of its log file (there is no inCommitTimestamp in the tables we accept). */
async function commitTime(dir: string, version: number): Promise<number> {
  const info = await stat(logPath(dir, version)).catch(() => undefined);
  return info === undefined ? 0 : Math.round(info.mtimeMs);
}

/** The last version committed at or before `timestamp`. */
async function versionAt(dir: string, versions: number[], timestamp: number): Promise<number> {
  let found: number | undefined;
  for (const version of versions) {
    if ((await commitTime(dir, version)) > timestamp) break;
    found = version;
  }
  if (found !== undefined) return found;
  const wanted = new Date(timestamp).toISOString();
  throw new LakehouseError("VERSION_NOT_FOUND", `The table has no version as old as ${wanted}.`, { where: dir });
}

export interface HistoryEntry extends CommitInfo {
  version: number;
}

/** What each commit did, newest first. Versions whose log file is gone are left out. */
export async function readHistory(dir: string, limit = 1000): Promise<HistoryEntry[]> {
  const { versions } = await listLog(dir);
  const entries: HistoryEntry[] = [];
  for (const version of versions.toReversed().slice(0, limit)) {
    const info = (await readCommit(dir, version)).find((action) => action.commitInfo)?.commitInfo;
    const timestamp = await commitTime(dir, version);
    entries.push({ operation: "UNKNOWN", operationParameters: {}, ...info, version, timestamp });
  }
  return entries;
}
