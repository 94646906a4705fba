import type { Backfill, Storage } from "@kc/runtime/internal";
import type { Sql } from "./sql.ts";

type Part = Pick<Storage, "createBackfill" | "getBackfill" | "listBackfills" | "updateBackfill">;

/** Backfills: their status and age as columns, the rest as JSON. */
export function backfillRows({ db, write }: Sql): Part {
  return {
    createBackfill: (backfill) => write(async (tx) => void (await tx.insertInto("backfills").values(toRow(backfill)).execute())),

    async getBackfill(id) {
      const row = await db.selectFrom("backfills").select("body").where("id", "=", id).executeTakeFirst();
      return row ? (JSON.parse(row.body) as Backfill) : null;
    },

    async listBackfills({ statuses, limit = 100 } = {}) {
      let query = db.selectFrom("backfills").select("body");
      if (statuses) query = query.where("status", "in", statuses.length > 0 ? [...statuses] : [""]);
      const rows = await query.orderBy("created_at", "desc").orderBy("id", "desc").limit(limit).execute();
      return rows.map((row) => JSON.parse(row.body) as Backfill);
    },

    updateBackfill: (id, change) =>
      write(async (tx) => {
        const row = await tx.selectFrom("backfills").select("body").where("id", "=", id).executeTakeFirst();
        if (!row) return null;
        const next = change(JSON.parse(row.body) as Backfill);
        const { status, body } = toRow(next);
        if (body !== row.body) await tx.updateTable("backfills").set({ status, body }).where("id", "=", id).execute();
        return next;
      }),
  };
}

const toRow = (backfill: Backfill) => ({
  id: backfill.id,
  status: backfill.status,
  created_at: backfill.createdAt,
  body: JSON.stringify(backfill),
});
