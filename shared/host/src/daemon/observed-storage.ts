import type { Storage, Tick } from "@kc/runtime/internal";

export interface TickListener {
  started?(tick: Tick): void;
  ended?(id: number, end: Parameters<Storage["endTick"]>[1]): void;
}

/** The same storage, which also tells of ticks: they are no events of the log, but alerts and metrics depend on them. */
export function observedStorage(storage: Storage, ...listeners: readonly TickListener[]): Storage {
  return {
    ...storage,
    async startTick(tick) {
      const started = await storage.startTick(tick);
      for (const listener of listeners) listener.started?.(started);
      return started;
    },
    async endTick(id, end, cursor) {
      await storage.endTick(id, end, cursor);
      for (const listener of listeners) listener.ended?.(id, end);
    },
  };
}
