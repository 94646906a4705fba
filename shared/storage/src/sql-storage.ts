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
import type { Kysely, RawBuilder, Transaction } from "kysely";
import { pruneRows } from "./prune-rows.ts";
import { eventToRow, rowToEvent, rowToInstigator, rowToRun, rowToTick, runToRow } from "./rows.ts";
import type { Tables } from "./tables.ts";

/** What differs between the dialects. */
export interface Dialect {
  dialect: string;
  schemaVersion(): Promise<number>;
  bytes(): Promise<number>;
  /** Whether a run has the tag. */
  hasTag(name: string, value: string): RawBuilder<boolean>;
  /** Whether an error means that the database is away and may come back. */
  transient(error: unknown): boolean;
}

/** Pauses (ms) before a transaction is tried again while the database is away: together about five minutes. */
const pauses = [100, 250, 500, 1_000, 2_000, ...Array.from({ length: 60 }, () => 5_000)];

const assetEvents = new Set<NewEvent["type"]>([
  "materialization",
  "unchanged",
  "check_result",
  "freshness",
  "step_succeeded",
  "step_failed",
  "step_skipped",
]);

/** The storage contract over SQL. Writes are serialised: the host process is the only writer. */
export function sqlStorage(db: Kysely<Tables>, facts: Dialect): Storage {
  type Tx = Transaction<Tables>;
  let last: Promise<unknown> = Promise.resolve();
  /** One transaction at a time: SQLite has one connection, and projections read what they write. */
  const write = <T>(work: (tx: Tx) => Promise<T>): Promise<T> => {
    const result = last.then(() => patiently(() => db.transaction().execute(work)));
    last = result.catch(() => undefined);
    return result;
  };
  /** A database that goes away and comes back costs no event: what is to be written waits for it. */
  const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let attempt = 0; ; attempt++)
      try {
        return await work();
      } catch (error) {
        if (attempt >= pauses.length || closed || !facts.transient(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauses[attempt]));
      }
  };
  let closed = false;

  const insertEvents = async (tx: Tx, events: readonly NewEvent[]): Promise<StoredEvent[]> => {
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
    return stored;
  };

  const projectRuns = async (tx: Tx, events: readonly StoredEvent[]): Promise<void> => {
    const relevant = events.filter((event) => event.runId && event.type.startsWith("run_") && event.type !== "run_queued");
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
  };

  const projectAssets = async (tx: Tx, events: readonly StoredEvent[]): Promise<void> => {
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
  };

  const readAssets = async (from: Kysely<Tables>, keys?: readonly string[]): Promise<Map<string, AssetState>> => {
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
  };

  const putValue = async (tx: Tx, name: string, value: string): Promise<void> => {
    await tx
      .insertInto("entries")
      .values({ name, value })
      .onConflict((conflict) => conflict.column("name").doUpdateSet({ value }))
      .execute();
  };

  return {
    createRuns: (runs, events, values = {}) =>
      write(async (tx) => {
        for (const [name, value] of Object.entries(values)) await putValue(tx, name, value);
        const keys = runs.map((run) => run.runKey).filter((key) => key !== null);
        if (keys.length > 0) {
          const existing = await tx.selectFrom("runs").select("request_id").where("run_key", "in", keys).executeTakeFirst();
          if (existing) {
            const rows = await tx
              .selectFrom("runs")
              .selectAll()
              .where("request_id", "=", existing.request_id)
              .orderBy("position")
              .execute();
            return { runs: rows.map(rowToRun), events: [], existed: true };
          }
        }
        const { top } = await tx
          .selectFrom("runs")
          .select((eb) => eb.fn.max<number | null>("position").as("top"))
          .executeTakeFirstOrThrow();
        const rows = runs.map((run, index) => runToRow(run, (top ?? 0) + 1 + index));
        await tx.insertInto("runs").values(rows).execute();
        const targets = runs.flatMap((run) => run.plan.assets.map((asset) => ({ run_id: run.id, asset })));
        for (let from = 0; from < targets.length; from += 5_000)
          await tx
            .insertInto("run_assets")
            .values(targets.slice(from, from + 5_000))
            .execute();
        const stored = await insertEvents(tx, events);
        return { runs: rows.map((row) => rowToRun(row as never)), events: stored, existed: false };
      }),

    async getRun(id) {
      const row = await db.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirst();
      return row ? rowToRun(row) : null;
    },

    async listRuns(params = {}) {
      const { statuses, location, requestId, asset, tags, before, limit = 100, order = "newest" } = params;
      let query = db.selectFrom("runs").selectAll();
      if (statuses) query = query.where("status", "in", statuses.length > 0 ? [...statuses] : [""]);
      if (location) query = query.where("location", "=", location);
      if (requestId) query = query.where("request_id", "=", requestId);
      if (asset) query = query.where("id", "in", db.selectFrom("run_assets").select("run_id").where("asset", "=", asset));
      for (const [name, value] of Object.entries(tags ?? {})) query = query.where(facts.hasTag(name, value));
      if (before)
        query = query.where(
          "position",
          "<",
          db.selectFrom("runs as anchor").select("anchor.position").where("anchor.id", "=", before),
        );
      const rows = await query
        .orderBy("position", order === "newest" ? "desc" : "asc")
        .limit(limit)
        .execute();
      return rows.map(rowToRun);
    },

    setRunConnections: (id, connections) =>
      write(
        async (tx) =>
          void (await tx
            .updateTable("runs")
            .set({ connections: JSON.stringify(connections) })
            .where("id", "=", id)
            .execute()),
      ),

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

    async instigators() {
      return (await db.selectFrom("instigators").selectAll().orderBy("location").orderBy("name").execute()).map(rowToInstigator);
    },

    setInstigator: (state) =>
      write(async (tx) => {
        const change = {
          type: state.type,
          ...(state.status === undefined ? {} : { status: state.status }),
          ...(state.cursor === undefined ? {} : { cursor: state.cursor }),
          ...(state.lastTickAt === undefined ? {} : { last_tick_at: state.lastTickAt }),
        };
        await tx
          .insertInto("instigators")
          .values({ location: state.location, name: state.name, status: null, cursor: null, last_tick_at: null, ...change })
          .onConflict((conflict) => conflict.columns(["location", "name"]).doUpdateSet(change))
          .execute();
      }),

    startTick: (tick) =>
      write(async (tx) => {
        const row = await tx
          .insertInto("ticks")
          .values({ ...tick, status: "started", ended_at: null, request_ids: "[]", skip: null, error: null })
          .returningAll()
          .executeTakeFirstOrThrow();
        const { location, name, type, at } = tick;
        await tx
          .insertInto("instigators")
          .values({ location, name, type, status: null, cursor: null, last_tick_at: at })
          .onConflict((conflict) => conflict.columns(["location", "name"]).doUpdateSet({ last_tick_at: at }))
          .execute();
        return rowToTick(row);
      }),

    endTick: (id, end, cursor) =>
      write(async (tx) => {
        const row = await tx
          .updateTable("ticks")
          .set({
            status: end.status,
            ended_at: end.endedAt,
            request_ids: JSON.stringify(end.requestIds ?? []),
            skip: end.skip ?? null,
            error: end.error ?? null,
          })
          .where("id", "=", id)
          .returningAll()
          .executeTakeFirst();
        if (row && cursor !== undefined && end.status !== "failed")
          await tx
            .updateTable("instigators")
            .set({ cursor })
            .where("location", "=", row.location)
            .where("name", "=", row.name)
            .execute();
      }),

    async listTicks({ location, name, type, before, limit = 50 } = {}) {
      let query = db.selectFrom("ticks").selectAll();
      if (location) query = query.where("location", "=", location);
      if (name) query = query.where("name", "=", name);
      if (type) query = query.where("type", "=", type);
      if (before !== undefined) query = query.where("id", "<", before);
      return (await query.orderBy("id", "desc").limit(limit).execute()).map(rowToTick);
    },

    async getValue(name) {
      return (await db.selectFrom("entries").select("value").where("name", "=", name).executeTakeFirst())?.value ?? null;
    },

    setValue: (name, value) => write((tx) => putValue(tx, name, value)),

    prune: (before) => pruneRows(db, write, before),

    async info() {
      const counts: Record<string, number> = {};
      for (const table of ["runs", "events", "assets", "instigators", "ticks"] as const) {
        const row = await db
          .selectFrom(table)
          .select((eb) => eb.fn.countAll<number>().as("count"))
          .executeTakeFirstOrThrow();
        counts[table] = Number(row.count);
      }
      return { dialect: facts.dialect, schemaVersion: await facts.schemaVersion(), counts, bytes: await facts.bytes() };
    },

    async close() {
      closed = true;
      await last;
      await db.destroy();
    },
  };
}
