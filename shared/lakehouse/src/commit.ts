import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Action } from "./actions.ts";
import { writeCheckpoint } from "./checkpoint.ts";
import { LakehouseError } from "./errors.ts";
import { listLog, publishCommit } from "./log.ts";
import { assertWritable, protocolFor } from "./protocol.ts";
import { readSnapshot, type Snapshot } from "./snapshot.ts";

export interface CommitPlan {
  actions: Action[];
  operation: string;
  parameters?: Record<string, unknown>;
  metrics?: Record<string, number>;
  /** The commit depends on nothing it read: it may follow any other commit that leaves schema and protocol alone. */
  blindAppend?: boolean;
}

/** What a writer did. `version` is undefined when there was nothing to commit. */
export interface Commit {
  version: number | undefined;
  inserted: number;
  updated: number;
  deleted: number;
}

const engineInfo = "kc-lakehouse/0.1.0";
const attempts = 60;

/**
 * Commits what `build` makes of the newest snapshot (undefined: there is no table). When another writer takes the version first, `build` is asked again
 * with the newer snapshot: it either gives a plan that is right there too, or throws CONCURRENT_MODIFICATION. It returns undefined to commit nothing.
 */
export async function commit(
  connection: DuckDBConnection,
  dir: string,
  build: (snapshot: Snapshot | undefined, now: number) => CommitPlan | undefined,
): Promise<number | undefined> {
  const txnId = randomUUID();
  for (let attempt = 0; attempt < attempts; attempt++) {
    const snapshot = await currentSnapshot(connection, dir);
    const now = Math.max(Date.now(), (snapshot?.timestamp ?? 0) + 1);
    const plan = build(snapshot, now);
    if (plan === undefined) return undefined;
    if (snapshot !== undefined)
      assertWritable(
        snapshot.protocol,
        snapshot.metadata,
        dir,
        plan.actions.some((action) => action.remove),
      );
    const version = (snapshot?.version ?? -1) + 1;
    const text = (values: Record<string, unknown>) =>
      Object.fromEntries(
        Object.entries(values).map(([key, value]) => [key, typeof value === "string" ? value : JSON.stringify(value)]),
      );
    const commitInfo = {
      timestamp: now,
      operation: plan.operation,
      operationParameters: text(plan.parameters ?? {}),
      ...(snapshot === undefined ? {} : { readVersion: snapshot.version }),
      isBlindAppend: plan.blindAppend === true,
      operationMetrics: text(plan.metrics ?? {}),
      engineInfo,
      txnId,
    };
    if (await publishCommit(dir, version, [{ commitInfo }, ...withProtocol(plan.actions, snapshot, dir)], now)) {
      await checkpointIfDue(connection, dir, version);
      return version;
    }
    await sleep(Math.random() * Math.min(10 * 2 ** attempt, 250));
  }
  throw new LakehouseError("CONCURRENT_MODIFICATION", `Other writers took every version in ${attempts} attempts to commit.`, {
    where: dir,
  });
}

/** A new schema may need a newer protocol: both go into one commit. */
function withProtocol(actions: Action[], snapshot: Snapshot | undefined, dir: string): Action[] {
  const metaData = actions.find((action) => action.metaData)?.metaData;
  const before = actions.find((action) => action.protocol)?.protocol ?? snapshot?.protocol;
  if (metaData === undefined || before === undefined) return actions;
  const protocol = protocolFor(before, metaData, dir);
  return protocol === before ? actions : [{ protocol }, ...actions.filter((action) => !action.protocol)];
}

export async function currentSnapshot(connection: DuckDBConnection, dir: string): Promise<Snapshot | undefined> {
  const log = await listLog(dir);
  return log.versions.length + log.checkpoints.length === 0 ? undefined : readSnapshot(connection, dir);
}

/** The commit is already durable and complete without a checkpoint: one that fails is reported and tried again with the next interval. */
async function checkpointIfDue(connection: DuckDBConnection, dir: string, version: number): Promise<void> {
  if (version === 0) return;
  try {
    const snapshot = await readSnapshot(connection, dir, { version });
    const interval = Number(snapshot.metadata.configuration["delta.checkpointInterval"] ?? 10);
    if (interval > 0 && version % interval === 0) await writeCheckpoint(connection, snapshot, Date.now());
  } catch (error) {
    process.emitWarning(
      `No checkpoint was written for version ${version} of ${dir}: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

/** Refuses a plan computed on `read` when rows, schema or protocol have changed since. */
export function assertUnchanged(read: Snapshot, now: Snapshot | undefined): asserts now is Snapshot {
  if (now?.metadata.id === read.metadata.id && now.version === read.version) return;
  throw new LakehouseError(
    "CONCURRENT_MODIFICATION",
    `The table changed while version ${read.version} of it was being worked on.`,
    {
      where: read.dir,
      hint: "Repeat the statement.",
    },
  );
}

/** Repeats a read-compute-commit cycle that lost against another writer; each turn reads the table anew. */
export async function retryOnConflict<T>(work: () => Promise<T>, turns = 10): Promise<T> {
  for (let turn = 1; ; turn++) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof LakehouseError) || error.code !== "CONCURRENT_MODIFICATION" || turn >= turns) throw error;
      await sleep(Math.random() * Math.min(20 * 2 ** turn, 500));
    }
  }
}
