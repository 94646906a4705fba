import type { Storage, Tick } from "@kc/runtime/internal";
import type { StorageListener } from "./observed-storage.ts";

/** The last tick that ended of every schedule and sensor, of each one, however many there are. */
export interface LastTicks extends Required<Pick<StorageListener, "started" | "ended">> {
  /** In the order in which they began. */
  all(): Promise<readonly Tick[]>;
}

/** How many ticks are read to learn what an earlier host has seen. */
const read = 10_000;

/** Kept in memory, because it is asked for with every tick that ends: only the host that leads makes ticks. */
export function lastTicks(storage: Pick<Storage, "listTicks">): LastTicks {
  const going = new Map<number, Tick>();
  let held: Map<string, Tick> | undefined;
  let changes = 0;
  const take = (ticks: Map<string, Tick>, tick: Tick) => {
    const name = `${tick.location}/${tick.name}`;
    const before = ticks.get(name);
    if (!before || before.id < tick.id) ticks.set(name, tick);
  };
  return {
    started: (tick) => void going.set(tick.id, tick),
    ended(id, end) {
      changes++;
      const tick = going.get(id);
      going.delete(id);
      if (tick && held) take(held, { ...tick, status: end.status, endedAt: end.endedAt, error: end.error ?? null });
      // An earlier host began it.
      else held = undefined;
    },
    async all() {
      let ticks = held;
      if (!ticks) {
        const at = changes;
        ticks = new Map();
        for (const tick of await storage.listTicks({ limit: read })) if (tick.status !== "started") take(ticks, tick);
        if (at === changes) held = ticks;
      }
      return [...ticks.values()].sort((a, b) => a.id - b.id);
    },
  };
}
