import { type Clock, durationMs, formatDuration } from "@kc/runtime/internal";

export interface Supervision {
  /** Milliseconds within which a run must have begun. */
  startMs: number;
  /** Milliseconds that a run may take, from its start; undefined: as long as it likes. The tag `kc/max_runtime` wins. */
  maxMs: number | undefined;
  /** Milliseconds that a worker may keep silent; undefined: code that computes without a break is left to. */
  quietMs: number | undefined;
}

export interface Stop {
  reason: string;
  /** `ask`: the steps hear of it and have the grace of a cancelled run; `kill`: the worker is ended at once. */
  how: "ask" | "kill";
  /** The worker is at fault, not the run. */
  crashed: boolean;
}

/** Watches a run: that it begins, that it ends in time, and that its worker is alive. Calls `stop` at most once. */
export function supervise(
  clock: Clock,
  limits: Supervision,
  tags: Readonly<Record<string, string>>,
  stop: (stop: Stop) => void,
): { started(): void; heard(): void; end(): void } {
  const over = new AbortController();
  const begun = new AbortController();
  let heardAt = clock.now();
  const once = (reason: string, how: Stop["how"], crashed: boolean) => {
    if (over.signal.aborted) return;
    over.abort();
    stop({ reason, how, crashed });
  };
  const after = async (ms: number, signal: AbortSignal, then: () => void) => {
    const until = clock.now() + ms;
    // A sleep may end early: very long ones do.
    while (!signal.aborted && clock.now() < until) await clock.sleep(until - clock.now(), signal);
    if (!signal.aborted) then();
  };
  void after(limits.startMs, AbortSignal.any([over.signal, begun.signal]), () =>
    once(`the run did not start within ${formatDuration(limits.startMs)} (runs.start_timeout)`, "kill", true),
  );
  const watchSilence = async (ms: number) => {
    while (!over.signal.aborted) {
      await clock.sleep(Math.max(1, heardAt + ms - clock.now()), over.signal);
      if (clock.now() - heardAt >= ms)
        once(
          `the run's worker said nothing for ${formatDuration(ms)} (runs.unresponsive_timeout): its code never gave way`,
          "kill",
          true,
        );
    }
  };
  return {
    started() {
      if (begun.signal.aborted) return;
      begun.abort();
      heardAt = clock.now();
      const tag = tags["kc/max_runtime"];
      const maxMs = tag ? durationMs(tag) : limits.maxMs;
      const by = tag ? "tag kc/max_runtime" : "runs.max_runtime";
      if (maxMs !== undefined)
        void after(maxMs, over.signal, () =>
          once(`the run took longer than its max runtime of ${formatDuration(maxMs)} (${by})`, "ask", false),
        );
      if (limits.quietMs !== undefined) void watchSilence(limits.quietMs);
    },
    heard() {
      heardAt = clock.now();
    },
    end: () => over.abort(),
  };
}
