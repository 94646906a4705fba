import type { Storage, StoredEvent } from "@kc/runtime/internal";
import type { HostLog } from "../log.ts";

/** Without a word of others' writes the log is looked at so often (ms) all the same: a pooler may swallow notifications. */
const everyMs = 2_000;
const page = 1_000;

/**
 * Where other processes write to the storage too: listeners of this host's log hear of their events as of its own, in the
 * order of the log. Returns how to stop.
 */
export async function followLog(storage: Storage, log: HostLog): Promise<() => Promise<void>> {
  let wanted = false;
  let poke = () => {};
  const wake = () => {
    wanted = true;
    poke();
  };
  const unlisten = storage.changes(wake);
  if (!unlisten) return async () => {};
  let last = await storage.lastEventId();
  let reading = false;
  let stopped = false;
  /** Stored here and not yet told, because others' events may stand before them. */
  const own = new Set<number>();
  log.route((events, tell) => {
    const fresh = events.filter((event) => event.id > last);
    if (fresh.length === 0) return;
    if (!reading && own.size === 0 && follows(last, fresh)) {
      last = fresh.at(-1)!.id;
      tell(fresh, false);
      return;
    }
    for (const event of fresh) own.add(event.id);
    wake();
  });
  const look = async () => {
    for (;;) {
      reading = true;
      const events = await storage.readEvents({ after: last, limit: page });
      // What was stored here is in `own` once its append has come back.
      await log.settled();
      reading = false;
      for (const { foreign, batch } of byOrigin(events, own)) log.tell(batch, foreign);
      for (const { id } of events) own.delete(id);
      last = events.at(-1)?.id ?? last;
      if (events.length < page) return;
    }
  };
  const following = (async () => {
    while (!stopped) {
      wanted = false;
      await look().catch(() => undefined);
      reading = false;
      if (wanted || stopped) continue;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, everyMs);
        poke = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })();
  return async () => {
    stopped = true;
    wake();
    await unlisten();
    await following;
  };
}

const follows = (last: number, events: readonly StoredEvent[]): boolean =>
  events.every((event, at) => event.id === last + 1 + at);

/** Events in their order, in batches of those that were stored here and those that were not. */
function byOrigin(events: readonly StoredEvent[], own: ReadonlySet<number>): { foreign: boolean; batch: StoredEvent[] }[] {
  const batches: { foreign: boolean; batch: StoredEvent[] }[] = [];
  for (const event of events) {
    const foreign = !own.has(event.id);
    const open = batches.at(-1);
    if (open?.foreign === foreign) open.batch.push(event);
    else batches.push({ foreign, batch: [event] });
  }
  return batches;
}
