import { type Lease, LeaseLost, type LeaseStorage, type Storage } from "@kc/runtime/internal";

/** The methods of a storage that write, but for those of leases. */
const writes = [
  "createRuns",
  "setRunConnections",
  "appendEvents",
  "setValue",
  "prune",
  "setInstigator",
  "renameInstigator",
  "forgetInstigator",
  "startTick",
  "retryTick",
  "endTick",
  "decide",
  "updateDelivery",
  "pruneDeliveries",
  "changeDynamicPartitions",
  "createBackfill",
  "updateBackfill",
  "addEvaluations",
] as const satisfies readonly (keyof Storage)[];

/** Leases of one process: its parts may still depose each other. */
export function memoryLeases(whole: () => Storage): LeaseStorage {
  const leases = new Map<string, Lease>();
  const change = (name: string, term: number, work: (lease: Lease) => Lease): boolean => {
    const lease = leases.get(name);
    if (lease?.term !== term || lease.released) return false;
    leases.set(name, work(lease));
    return true;
  };
  return {
    async lease(name) {
      return leases.get(name) ?? null;
    },
    async takeLease(name, holder, seen) {
      const present = leases.get(name);
      if (present && !present.released && (present.term !== seen?.term || present.beat !== seen.beat)) return null;
      const lease = { name, holder, term: (present?.term ?? 0) + 1, beat: 0, released: false };
      leases.set(name, lease);
      return lease;
    },
    async renewLease(name, term) {
      return change(name, term, (lease) => ({ ...lease, beat: lease.beat + 1 }));
    },
    async releaseLease(name, term) {
      change(name, term, (lease) => ({ ...lease, released: true }));
    },
    fenced(name, term) {
      const storage = whole();
      const guarded = writes.map((method) => [
        method,
        async (...given: unknown[]) => {
          if (leases.get(name)?.term !== term) throw new LeaseLost(name, term);
          return (storage[method] as (...given: unknown[]) => Promise<unknown>)(...given);
        },
      ]);
      return { ...storage, ...Object.fromEntries(guarded) };
    },
    changes: () => undefined,
  };
}
