import { type Backfill, isBackfillEnd, type Storage } from "@kc/runtime/internal";
import type { Sql } from "./sql.ts";

type Part = Pick<Storage, "createBackfill" | "getBackfill" | "listBackfills" | "updateBackfill">;

const mostRemembered = 16;

/** Backfills: their status and age as columns, the rest as JSON. */
export function backfillRows({ db, write }: Sql): Part {
  // What was written last, by id: one over many keys is long, and is changed with every look at it.
  const written = new Map<string, { body: string; backfill: Backfill }>();
  const remember = (id: string, body: string, backfill: Backfill) => {
    written.delete(id);
    if (!isBackfillEnd(backfill.status)) written.set(id, { body, backfill });
    if (written.size > mostRemembered) written.delete(written.keys().next().value!);
  };
  const read = (id: string, body: string): Backfill => {
    const known = written.get(id);
    return known?.body === body ? known.backfill : (JSON.parse(body) as Backfill);
  };
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
        const next = change(read(id, row.body));
        const { status, body } = toRow(next);
        if (body !== row.body) await tx.updateTable("backfills").set({ status, body }).where("id", "=", id).execute();
        remember(id, body, next);
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
