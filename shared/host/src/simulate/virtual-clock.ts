import type { Clock } from "@kc/runtime/internal";

/** A clock that stands still until it is turned. */
export interface VirtualClock extends Clock {
  turn(to: number): void;
}

export function virtualClock(at: number): VirtualClock {
  let now = at;
  return {
    now: () => now,
    turn: (to) => {
      now = Math.max(now, to);
    },
    // Nothing of the daemon's decisions sleeps; a function of a schedule that does would never wake.
    sleep: () => Promise.reject(new Error("a simulation does not sleep: its clock is turned by hand")),
  };
}
