import type { EvaluationStorage, StoredEvaluation } from "@kc/runtime/internal";
import type { Memory } from "./state.ts";

/** The history of evaluations. */
export function memoryEvaluations({ evaluations }: Memory): EvaluationStorage {
  let lastId = 0;
  const newestFirst = (asset: string): StoredEvaluation[] => [...(evaluations.get(asset) ?? [])].reverse();
  return {
    async addEvaluations(added, keep) {
      for (const one of added) {
        const own = evaluations.get(one.asset) ?? [];
        own.push({ ...one, id: ++lastId });
        evaluations.set(one.asset, own.slice(-keep));
      }
    },
    async listEvaluations(asset, { before = Number.POSITIVE_INFINITY, limit = 50 } = {}) {
      return newestFirst(asset)
        .filter((one) => one.id < before)
        .slice(0, limit);
    },
    async latestEvaluations(assets) {
      return new Map(
        assets.flatMap((asset) =>
          newestFirst(asset)
            .slice(0, 1)
            .map((one) => [asset, one] as const),
        ),
      );
    },
  };
}
