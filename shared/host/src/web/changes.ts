/** What pages show that is no event of the log. */
export type Changing = "ticks" | "alerts" | "pools" | "pauses" | "daemons";

/** Tells the readers of the event stream that something changed which the log does not know of. */
export interface Changes {
  tell(what: Changing): void;
  listen(listener: (what: Changing) => void): () => void;
}

export function openChanges(): Changes {
  const listeners = new Set<(what: Changing) => void>();
  return {
    tell: (what) => {
      for (const listener of listeners) listener(what);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
