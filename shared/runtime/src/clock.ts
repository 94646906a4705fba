/** Time as an argument: the host passes the machine's, a test one that it turns by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Ends after `ms`, or at once when the signal is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted) return resolve();
      const done = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      // setTimeout fires at once for delays over 2^31-1 ms (24.8 days); waking up early is harmless to every caller.
      const timer = setTimeout(done, Math.min(ms, 2_147_483_647));
      signal?.addEventListener("abort", done);
    }),
};

/** An instant as every file, log and API spells it: ISO 8601 UTC. */
export const iso = (ms: number): string => new Date(ms).toISOString();
