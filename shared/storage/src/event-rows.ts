import {
  type AssetState,
  emptyAssetState,
  isEnd,
  type NewEvent,
  nextStatus,
  projectAsset,
  type Run,
  type Storage,
  type StoredEvent,
} from "@kc/runtime/internal";
import type { Kysely } from "kysely";
import { projectChecks } from "./check-rows.ts";
import { projectPartitions } from "./partition-rows.ts";
import { eventToRow, rowToEvent } from "./rows.ts";
import type { Sql, Tx } from "./sql.ts";
import type { Tables } from "./tables.ts";

export const assetEvents = new Set<NewEvent["type"]>([
  "materialization",
  "unchanged",
  "wiped",
  "check_result",
  "freshness",
  "step_succeeded",
  "step_failed",
  "step_skipped",
]);

/** The event log and the projections that move with it. */
export function eventRows({ db, write }: Sql): Pick<Storage, "appendEvents" | "readEvents" | "lastEventId" | "assetStates"> {
  return {
    appendEvents: (events) => write((tx) => insertEvents(tx, events)),

    async readEvents(params) {
      const { after, before, runId, asset, step, types, limit = 1_000, order = "oldest" } = params;
      let query = db.selectFrom("events").selectAll();
      if (after !== undefined) query = query.where("id", ">", after);
      if (before !== undefined) query = query.where("id", "<", before);
      if (runId) query = query.where("run_id", "=", runId);
      if (asset) query = query.where("asset", "=", asset);
      if (step) query = query.where("step", "=", step);
      if (types) query = query.where("type", "in", types.length > 0 ? [...types] : [""]);
      const rows = await query
        .orderBy("id", order === "newest" ? "desc" : "asc")
        .limit(limit)
        .execute();
      return rows.map(rowToEvent);
    },

    async lastEventId() {
      const row = await db
        .selectFrom("events")
        .select((eb) => eb.fn.max<number | null>("id").as("id"))
        .executeTakeFirstOrThrow();
      return row.id ?? 0;
    },

    assetStates: (keys) => readAssets(db, keys),
  };
}

/** Appends events and moves the run statuses and asset states they speak of. */
export async function insertEvents(tx: Tx, events: readonly NewEvent[]): Promise<StoredEvent[]> {
  if (events.length === 0) return [];
  const stored: StoredEvent[] = [];
  // SQLite binds at most 32,766 values in a statement; 500 rows of 7 stay well below.
  for (let from = 0; from < events.length; from += 500) {
    const rows = events.slice(from, from + 500).map(eventToRow);
    const inserted = await tx
      .insertInto("events")
      .values(rows)
      .onConflict((conflict) => conflict.doNothing())
      .returningAll()
      .execute();
    stored.push(...inserted.map(rowToEvent));
  }
  stored.sort((a, b) => a.id - b.id);
  await projectRuns(tx, stored);
  await projectAssets(tx, stored);
  await projectPartitions(tx, stored);
  await projectChecks(tx, stored);
  return stored;
}

async function projectRuns(tx: Tx, events: readonly StoredEvent[]): Promise<void> {
  const relevant = events.filter((event) => event.runId && event.type.startsWith("run_"));
  for (const event of relevant) {
    const row = await tx.selectFrom("runs").select("status").where("id", "=", event.runId!).executeTakeFirst();
    if (!row) continue;
    const before = row.status as Run["status"];
    const status = nextStatus(before, event);
    if (status === before) continue;
    const change = {
      status,
      ...(status === "running" ? { started_at: event.at } : {}),
      ...(isEnd(status) ? { ended_at: event.at } : {}),
      ...(event.message && (isEnd(status) || status === "cancelling") ? { reason: event.message } : {}),
    };
    await tx.updateTable("runs").set(change).where("id", "=", event.runId!).execute();
  }
}

async function projectAssets(tx: Tx, events: readonly StoredEvent[]): Promise<void> {
  const relevant = events.filter((event) => event.asset && assetEvents.has(event.type));
  if (relevant.length === 0) return;
  const states = await readAssets(tx, [...new Set(relevant.map((event) => event.asset!))]);
  for (const event of relevant)
    states.set(event.asset!, projectAsset(states.get(event.asset!) ?? emptyAssetState(event.asset!), event));
  for (const [key, state] of states) {
    const value = { key, state: JSON.stringify(state) };
    await tx
      .insertInto("assets")
      .values(value)
      .onConflict((conflict) => conflict.column("key").doUpdateSet({ state: value.state }))
      .execute();
  }
}

export async function readAssets(from: Kysely<Tables>, keys?: readonly string[]): Promise<Map<string, AssetState>> {
  if (keys?.length === 0) return new Map();
  const rows = [];
  if (!keys || keys.length > 500) rows.push(...(await from.selectFrom("assets").selectAll().execute()));
  else
    rows.push(
      ...(await from
        .selectFrom("assets")
        .selectAll()
        .where("key", "in", [...keys])
        .execute()),
    );
  const wanted = keys && new Set(keys);
  return new Map(
    rows.filter((row) => !wanted || wanted.has(row.key)).map((row) => [row.key, JSON.parse(row.state) as AssetState]),
  );
}
