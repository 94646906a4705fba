import type { Clock } from "@kc/runtime/internal";
import type { Loop } from "./loop.ts";
import { loopProblem } from "./loop-health.ts";

const everyMs = 5_000;

export interface Pulse {
  /** Instant (ms) at which a loop was last seen to do its work, and what is wrong with it now. */
  of(loop: Loop): { heartbeatAt: number; problem: string | undefined };
  stop(): void;
}

/** The daemon's heartbeat: independent of how long a look takes, so that a long one is not taken for a dead loop. */
export function startPulse(clock: Clock, loops: () => readonly Loop[], beaten: () => void): Pulse {
  const seen = new Map<string, number>();
  const beat = () => {
    const now = clock.now();
    for (const loop of loops()) if (loopProblem(loop, now) === undefined) seen.set(loop.name, now);
    beaten();
  };
  const timer = setInterval(beat, everyMs);
  timer.unref();
  return {
    of: (loop) => ({
      heartbeatAt: Math.max(seen.get(loop.name) ?? 0, loop.heartbeat().at),
      problem: loopProblem(loop, clock.now()),
    }),
    stop: () => clearInterval(timer),
  };
}
