import { type Backfill, isBackfillEnd, type StoredEvent } from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";

/** The backfills that have not ended, oldest last, held in memory: they are looked at with every run that ends. */
export interface OpenBackfills {
  list(): Promise<readonly Backfill[]>;
  /** As `updateBackfill` of the storage. */
  update(id: string, change: (backfill: Backfill) => Backfill): Promise<void>;
}

const known = new WeakMap<DaemonContext["log"], OpenBackfills>();

/**
 * The open backfills of a log. Only the host that leads carries them on, so what it has written last is what is stored; what
 * others change (one more, paused, cancelled) comes as an event with a status that is not the one held here.
 */
export function openBackfills({ storage, log }: Pick<DaemonContext, "storage" | "log">): OpenBackfills {
  const before = known.get(log);
  if (before) return before;
  let held: Map<string, Backfill> | undefined;
  let changes = 0;
  const drop = () => {
    changes++;
    held = undefined;
  };
  log.listen((events: readonly StoredEvent[]) => {
    for (const { type, fields } of events)
      if (type === "backfill" && held && held.get(String(fields?.id))?.status !== fields?.status) drop();
  });
  const open: OpenBackfills = {
    async list() {
      if (!held) {
        const at = changes;
        const found = await storage.listBackfills({ statuses: ["running", "paused", "cancelling"], limit: 1_000 });
        if (at !== changes) return found;
        held = new Map(found.map((one) => [one.id, one]));
      }
      return [...held.values()];
    },
    async update(id, change) {
      const next = await storage.updateBackfill(id, change);
      if (!next || isBackfillEnd(next.status)) held?.delete(id);
      else if (held?.has(id)) held.set(id, next);
    },
  };
  known.set(log, open);
  return open;
}
