import type { OutboxStorage } from "@kc/runtime/internal";
import type { Memory } from "./state.ts";

/** Open alerts and messages on their way out. */
export function memoryOutbox(memory: Memory): OutboxStorage {
  return {
    async decide({ deliveries = [], alerts = [], closed = [], values = {} }) {
      for (const alert of alerts) memory.alerts.set(alert.key, alert);
      for (const key of closed) memory.alerts.delete(key);
      for (const one of deliveries)
        if (!memory.deliveries.has(one.id)) {
          const { id, kind, channel, body, createdAt } = one;
          const state = { status: "pending" as const, attempts: 0, nextAt: createdAt, endedAt: null, answer: null };
          memory.deliveries.set(id, { id, kind, channel, body, createdAt, ...state });
        }
      for (const [name, value] of Object.entries(values)) memory.values.set(name, value);
    },
    async alerts() {
      return new Map([...memory.alerts].sort(([a], [b]) => (a < b ? -1 : 1)));
    },
    async listDeliveries({ kind, channel, statuses, dueAt, limit = 100, order = "oldest" } = {}) {
      const all = [...memory.deliveries.values()];
      return (order === "newest" ? all.reverse() : all)
        .filter(
          (one) =>
            (!kind || one.kind === kind) &&
            (channel === undefined || one.channel === channel) &&
            (!statuses || statuses.includes(one.status)) &&
            (dueAt === undefined || one.nextAt <= dueAt),
        )
        .slice(0, limit);
    },
    async updateDelivery(id, change) {
      const one = memory.deliveries.get(id);
      if (!one) return;
      const given = Object.entries(change).filter(([, value]) => value !== undefined);
      memory.deliveries.set(id, { ...one, ...Object.fromEntries(given) });
    },
    async pruneDeliveries(before) {
      const gone = [...memory.deliveries.values()].filter((one) => one.endedAt !== null && one.endedAt < before);
      for (const { id } of gone) memory.deliveries.delete(id);
      return gone.length;
    },
  };
}
