import type { Storage } from "@kc/runtime/internal";
import { rowToInstigator, rowToTick } from "./rows.ts";
import type { Sql } from "./sql.ts";

/** Schedules and sensors, and their ticks. */
export function instigatorRows({
  db,
  write,
}: Sql): Pick<Storage, "instigators" | "setInstigator" | "startTick" | "endTick" | "listTicks"> {
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
  };
}
