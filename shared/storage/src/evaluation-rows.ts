import type { EvaluationStorage, NewEvaluation, StoredEvaluation } from "@kc/runtime/internal";
import type { Sql } from "./sql.ts";

const portion = 500;

/** The history of evaluations. */
export function evaluationRows({ db, write }: Sql): EvaluationStorage {
  return {
    addEvaluations: (evaluations, keep) =>
      write(async (tx) => {
        for (let from = 0; from < evaluations.length; from += portion)
          await tx
            .insertInto("evaluations")
            .values(evaluations.slice(from, from + portion).map(toRow))
            .execute();
        const assets = [...new Set(evaluations.map((one) => one.asset))];
        for (let from = 0; from < assets.length; from += portion) {
          const crowded = await tx
            .selectFrom("evaluations")
            .select("asset")
            .where("asset", "in", assets.slice(from, from + portion))
            .groupBy("asset")
            .having((eb) => eb.fn.countAll(), ">", keep)
            .execute();
          for (const { asset } of crowded) {
            const oldest = await tx
              .selectFrom("evaluations")
              .select("id")
              .where("asset", "=", asset)
              .orderBy("id", "desc")
              .offset(keep)
              .limit(1)
              .executeTakeFirst();
            if (oldest) await tx.deleteFrom("evaluations").where("asset", "=", asset).where("id", "<=", oldest.id).execute();
          }
        }
      }),

    async listEvaluations(asset, { before, limit = 50 } = {}) {
      let query = db.selectFrom("evaluations").selectAll().where("asset", "=", asset);
      if (before !== undefined) query = query.where("id", "<", before);
      return (await query.orderBy("id", "desc").limit(limit).execute()).map(fromRow);
    },

    async latestEvaluations(assets) {
      const latest = new Map<string, StoredEvaluation>();
      for (let from = 0; from < assets.length; from += portion) {
        const ids = db
          .selectFrom("evaluations")
          .select((eb) => eb.fn.max<number>("id").as("id"))
          .where("asset", "in", assets.slice(from, from + portion))
          .groupBy("asset");
        for (const row of await db.selectFrom("evaluations").selectAll().where("id", "in", ids).orderBy("asset").execute())
          latest.set(row.asset, fromRow(row));
      }
      return latest;
    },
  };
}

const toRow = ({ asset, at, requestId, evaluation, requested, paused }: NewEvaluation) => ({
  asset,
  at,
  request_id: requestId,
  body: JSON.stringify({ evaluation, requested, paused }),
});

const fromRow = (row: { id: number; asset: string; at: number; request_id: string | null; body: string }): StoredEvaluation => ({
  id: Number(row.id),
  asset: row.asset,
  at: Number(row.at),
  requestId: row.request_id,
  ...(JSON.parse(row.body) as Pick<NewEvaluation, "evaluation" | "requested" | "paused">),
});
