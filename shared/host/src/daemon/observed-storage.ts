import type { Storage, Tick } from "@kc/runtime/internal";

export interface StorageListener {
  started?(tick: Tick): void;
  ended?(id: number, end: Parameters<Storage["endTick"]>[1]): void;
  /** An alert opened or closed, or a message went out or did not. */
  alerted?(): void;
}

/** The same storage, which also tells of ticks and alerts: they are no events of the log, but metrics and pages depend on them. */
export function observedStorage(storage: Storage, ...listeners: readonly StorageListener[]): Storage {
  return {
    ...storage,
    async startTick(tick) {
      const started = await storage.startTick(tick);
      for (const listener of listeners) listener.started?.(started);
      return started;
    },
    async decide(change) {
      await storage.decide(change);
      if (change.alerts?.length || change.closed?.length || change.deliveries?.length)
        for (const listener of listeners) listener.alerted?.();
    },
    async updateDelivery(id, change) {
      await storage.updateDelivery(id, change);
      for (const listener of listeners) listener.alerted?.();
    },
    async endTick(id, end, cursor) {
      await storage.endTick(id, end, cursor);
      for (const listener of listeners) listener.ended?.(id, end);
    },
  };
}
