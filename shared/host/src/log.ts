import type { NewEvent, NewRun, Run, Storage, StoredEvent } from "@kc/runtime/internal";

/** @param foreign Another process stored them. */
export type Listener = (events: readonly StoredEvent[], foreign: boolean) => void;

/** The event log with its listeners: whoever appends also wakes whoever depends on it, so that nothing needs to poll. */
export interface EventLog {
  append(events: readonly NewEvent[]): Promise<StoredEvent[]>;
  createRuns(
    runs: readonly NewRun[],
    events: readonly NewEvent[],
    values?: Record<string, string>,
  ): Promise<{ runs: Run[]; existed: boolean }>;
  changeDynamicPartitions(
    ...change: Parameters<Storage["changeDynamicPartitions"]>
  ): Promise<{ added: string[]; deleted: string[] }>;
  /** Calls back with every stored batch, after it is stored. Returns how to stop. */
  listen(listener: Listener): () => void;
}

/** An event log that can also be written over another view of its storage, and told of what others wrote. */
export interface HostLog extends EventLog {
  /** The same log and listeners; what is appended goes by the given storage. */
  over(storage: Storage): EventLog;
  /** Takes over from here on: gets every batch that this process stored and says when the listeners hear of it. */
  route(publish: (events: readonly StoredEvent[], tell: Listener) => void): void;
  /** Calls the listeners. */
  tell: Listener;
  /** Resolves when all that is being appended now has been stored, or has failed. */
  settled(): Promise<void>;
}

export function eventLog(storage: Storage): HostLog {
  const listeners = new Set<Listener>();
  const going = new Set<Promise<unknown>>();
  const tell: Listener = (events, foreign) => {
    if (events.length > 0) for (const listener of listeners) listener(events, foreign);
  };
  let publish = (events: readonly StoredEvent[]) => tell(events, false);
  /** What is stored is published before anybody else can take it for another process's. */
  const stored = async <T extends { events: readonly StoredEvent[] }>(work: Promise<T>): Promise<T> => {
    const done = work.then((result) => {
      publish(result.events);
      return result;
    });
    going.add(done);
    try {
      return await done;
    } finally {
      going.delete(done);
    }
  };
  const over = (storage: Storage): EventLog => ({
    append: async (events) =>
      (await stored(storage.appendEvents(events).then((all) => ({ events: all })))).events as StoredEvent[],
    async createRuns(runs, events, values) {
      const { events: _, ...result } = await stored(storage.createRuns(runs, events, values));
      return result;
    },
    async changeDynamicPartitions(...change) {
      const { events: _, ...result } = await stored(storage.changeDynamicPartitions(...change));
      return result;
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  return {
    ...over(storage),
    over,
    tell,
    route(by) {
      publish = (events) => by(events, tell);
    },
    async settled() {
      await Promise.allSettled([...going]);
    },
  };
}
