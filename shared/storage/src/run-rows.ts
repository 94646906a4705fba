import { checkedAssets, type Storage } from "@kc/runtime/internal";
import { insertEvents } from "./event-rows.ts";
import { rowToRun, runToRow } from "./rows.ts";
import type { Sql } from "./sql.ts";
import { putValue } from "./value-rows.ts";

/** Runs and what they target. */
export function runRows({
  db,
  write,
  facts,
}: Sql): Pick<Storage, "createRuns" | "getRun" | "listRuns" | "queuedRunIds" | "setRunConnections"> {
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
          const spent = await tx.selectFrom("spent_run_keys").select("run_key").where("run_key", "in", keys).executeTakeFirst();
          if (spent) return { runs: [], events: [], existed: true };
        }
        const { top } = await tx
          .selectFrom("runs")
          .select((eb) => eb.fn.max<number | null>("position").as("top"))
          .executeTakeFirstOrThrow();
        const rows = runs.map((run, index) => runToRow(run, (top ?? 0) + 1 + index));
        await tx.insertInto("runs").values(rows).execute();
        const targets = runs.flatMap((run) =>
          [...new Set([...run.plan.assets, ...checkedAssets(run.plan)])].map((asset) => ({ run_id: run.id, asset })),
        );
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
      const { statuses, location, requestId, asset, tags, ids, before, limit = 100, order = "newest" } = params;
      let query = db.selectFrom("runs").selectAll();
      if (statuses) query = query.where("status", "in", statuses.length > 0 ? [...statuses] : [""]);
      if (ids) query = query.where("id", "in", ids.length > 0 ? [...ids] : [""]);
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

    async queuedRunIds() {
      const rows = await db.selectFrom("runs").select("id").where("status", "=", "queued").orderBy("position").execute();
      return rows.map(({ id }) => id);
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
  };
}
