import type { AlertState, Delivery, OutboxStorage } from "@kc/runtime/internal";
import type { Selectable } from "kysely";
import type { Sql } from "./sql.ts";
import type { Tables } from "./tables.ts";
import { putValue } from "./value-rows.ts";

/** Open alerts and messages on their way out. */
export function outboxRows({ db, write }: Sql): OutboxStorage {
  return {
    decide: ({ deliveries = [], alerts = [], closed = [], values = {} }) =>
      write(async (tx) => {
        for (const alert of alerts) {
          const body = JSON.stringify(alert);
          await tx
            .insertInto("alerts")
            .values({ key: alert.key, body })
            .onConflict((conflict) => conflict.column("key").doUpdateSet({ body }))
            .execute();
        }
        for (let from = 0; from < closed.length; from += 500)
          await tx
            .deleteFrom("alerts")
            .where("key", "in", closed.slice(from, from + 500))
            .execute();
        if (deliveries.length > 0) {
          const { top } = await tx
            .selectFrom("deliveries")
            .select((eb) => eb.fn.max<number | null>("position").as("top"))
            .executeTakeFirstOrThrow();
          for (let from = 0; from < deliveries.length; from += 500)
            await tx
              .insertInto("deliveries")
              .values(
                deliveries.slice(from, from + 500).map((one, index) => ({
                  id: one.id,
                  position: Number(top ?? 0) + 1 + from + index,
                  kind: one.kind,
                  channel: one.channel,
                  body: one.body,
                  status: "pending",
                  attempts: 0,
                  created_at: one.createdAt,
                  next_at: one.createdAt,
                  ended_at: null,
                  answer: null,
                })),
              )
              .onConflict((conflict) => conflict.column("id").doNothing())
              .execute();
        }
        for (const [name, value] of Object.entries(values)) await putValue(tx, name, value);
      }),

    async alerts() {
      const rows = await db.selectFrom("alerts").selectAll().orderBy("key").execute();
      return new Map(rows.map((row) => [row.key, JSON.parse(row.body) as AlertState]));
    },

    async listDeliveries({ kind, channel, statuses, dueAt, limit = 100, order = "oldest" } = {}) {
      let query = db.selectFrom("deliveries").selectAll();
      if (kind) query = query.where("kind", "=", kind);
      if (channel !== undefined) query = query.where("channel", "=", channel);
      if (statuses) query = query.where("status", "in", statuses.length > 0 ? [...statuses] : [""]);
      if (dueAt !== undefined) query = query.where("next_at", "<=", dueAt);
      const rows = await query
        .orderBy("position", order === "newest" ? "desc" : "asc")
        .limit(limit)
        .execute();
      return rows.map(rowToDelivery);
    },

    updateDelivery: (id, change) =>
      write(async (tx) => {
        const row = {
          ...(change.status === undefined ? {} : { status: change.status }),
          ...(change.attempts === undefined ? {} : { attempts: change.attempts }),
          ...(change.nextAt === undefined ? {} : { next_at: change.nextAt }),
          ...(change.endedAt === undefined ? {} : { ended_at: change.endedAt }),
          ...(change.answer === undefined ? {} : { answer: change.answer }),
        };
        if (Object.keys(row).length > 0) await tx.updateTable("deliveries").set(row).where("id", "=", id).execute();
      }),

    pruneDeliveries: (before) =>
      write(async (tx) =>
        Number((await tx.deleteFrom("deliveries").where("ended_at", "<", before).executeTakeFirst()).numDeletedRows),
      ),
  };
}

function rowToDelivery(row: Selectable<Tables["deliveries"]>): Delivery {
  return {
    id: row.id,
    kind: row.kind as Delivery["kind"],
    channel: row.channel,
    body: row.body,
    status: row.status as Delivery["status"],
    attempts: row.attempts,
    createdAt: row.created_at,
    nextAt: row.next_at,
    endedAt: row.ended_at,
    answer: row.answer,
  };
}
