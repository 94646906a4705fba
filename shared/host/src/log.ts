import type { NewEvent, NewRun, Run, Storage, StoredEvent } from "@kc/runtime/internal";

export type Listener = (events: readonly StoredEvent[]) => void;

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

export function eventLog(storage: Storage): EventLog {
  const listeners = new Set<Listener>();
  const publish = (events: readonly StoredEvent[]) => {
    if (events.length > 0) for (const listener of listeners) listener(events);
  };
  return {
    async append(events) {
      const stored = await storage.appendEvents(events);
      publish(stored);
      return stored;
    },
    async createRuns(runs, events, values) {
      const { events: stored, ...result } = await storage.createRuns(runs, events, values);
      publish(stored);
      return result;
    },
    async changeDynamicPartitions(...change) {
      const { events, ...result } = await storage.changeDynamicPartitions(...change);
      publish(events);
      return result;
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
