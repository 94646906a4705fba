import type { BackfillStorage } from "@kc/runtime/internal";
import type { Memory } from "./state.ts";

/** Backfills. */
export function memoryBackfills({ backfills }: Memory): BackfillStorage {
  return {
    async createBackfill(backfill) {
      backfills.set(backfill.id, backfill);
    },
    async getBackfill(id) {
      return backfills.get(id) ?? null;
    },
    async listBackfills({ statuses, limit = 100 } = {}) {
      return [...backfills.values()]
        .filter((one) => !statuses || statuses.includes(one.status))
        .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
        .slice(0, limit);
    },
    async updateBackfill(id, change) {
      const present = backfills.get(id);
      if (!present) return null;
      const next = change(present);
      backfills.set(id, next);
      return next;
    },
  };
}
