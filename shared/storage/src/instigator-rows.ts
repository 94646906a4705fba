import type { InstigatorStorage } from "@kc/runtime/internal";
import { sql } from "kysely";
import { rowToInstigator, rowToTick } from "./rows.ts";
import type { Sql } from "./sql.ts";

/** Schedules and sensors, and their ticks. */
export function instigatorRows({ db, write }: Sql): InstigatorStorage {
  return {
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
          ...(state.since === undefined ? {} : { since: state.since }),
          ...(state.goneAt === undefined ? {} : { gone_at: state.goneAt }),
        };
        await tx
          .insertInto("instigators")
          .values({ ...unknown, location: state.location, name: state.name, ...change })
          .onConflict((conflict) => conflict.columns(["location", "name"]).doUpdateSet(change))
          .execute();
      }),

    renameInstigator: (from, to) =>
      write(async (tx) => {
        const row = await tx
          .selectFrom("instigators")
          .selectAll()
          .where("location", "=", from.location)
          .where("name", "=", from.name)
          .executeTakeFirst();
        if (!row) return;
        for (const { location, name } of [from, to])
          await tx.deleteFrom("instigators").where("location", "=", location).where("name", "=", name).execute();
        await tx
          .insertInto("instigators")
          .values({ ...row, ...to })
          .execute();
        await tx
          .updateTable("ticks")
          .set({ location: to.location, name: to.name })
          .where("location", "=", from.location)
          .where("name", "=", from.name)
          .execute();
        const [old, fresh] = [from, to].map(({ location, name }) => `${row.type}:${location}/${name}:`) as [string, string];
        // A key that both names have spent stays spent under either.
        for (const table of ["runs", "spent_run_keys"].map((name) => sql.table(name))) {
          const moved = sql`${sql.lit(fresh)} || substr(run_key, ${sql.lit(old.length + 1)})`;
          await sql`update ${table} set run_key = ${moved} where substr(run_key, 1, ${sql.lit(old.length)}) = ${sql.lit(old)}
            and ${moved} not in (select run_key from ${table} where run_key is not null)`.execute(tx);
        }
      }),

    forgetInstigator: ({ location, name }) =>
      write(async (tx) => {
        await tx.deleteFrom("instigators").where("location", "=", location).where("name", "=", name).execute();
      }),

    startTick: ({ location, name, type, at, startedAt = null, manual = false }) =>
      write(async (tx) => {
        const row = await tx
          .insertInto("ticks")
          .values({
            location,
            name,
            type,
            at,
            status: "started",
            started_at: startedAt,
            ended_at: null,
            manual: manual ? 1 : 0,
            retry_at: null,
            request_ids: "[]",
            skip: null,
            error: null,
          })
          .returningAll()
          .executeTakeFirstOrThrow();
        await tx
          .insertInto("instigators")
          .values({ ...unknown, location, name, type, ...(manual ? {} : { last_tick_at: at }) })
          .onConflict((conflict) =>
            manual
              ? conflict.columns(["location", "name"]).doNothing()
              : conflict.columns(["location", "name"]).doUpdateSet({ last_tick_at: at }),
          )
          .execute();
        return rowToTick(row);
      }),

    retryTick: (id, { attempts, retryAt, error }) =>
      write(async (tx) => {
        await tx.updateTable("ticks").set({ attempts, retry_at: retryAt, error }).where("id", "=", id).execute();
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
            retry_at: null,
            logs: JSON.stringify(end.logs ?? []),
          })
          .where("id", "=", id)
          .returningAll()
          .executeTakeFirst();
        if (row && cursor !== undefined && (end.status !== "failed" || end.moveCursor))
          await tx
            .updateTable("instigators")
            .set({ cursor })
            .where("location", "=", row.location)
            .where("name", "=", row.name)
            .execute();
      }),

    async listTicks({ location, name, type, status, before, limit = 50 } = {}) {
      let query = db.selectFrom("ticks").selectAll();
      if (location) query = query.where("location", "=", location);
      if (name) query = query.where("name", "=", name);
      if (type) query = query.where("type", "=", type);
      if (status) query = query.where("status", "=", status);
      if (before !== undefined) query = query.where("id", "<", before);
      return (await query.orderBy("id", "desc").limit(limit).execute()).map(rowToTick);
    },
  };
}

const unknown = { status: null, cursor: null, last_tick_at: null, since: null, gone_at: null };
