import type { Clock } from "@kc/runtime/internal";

/** Signs of life of a loop; instants in ms. */
export interface Heartbeat {
  /** End of the last look, good or bad. */
  at: number;
  error: string | undefined;
  /** Since when every look has failed. */
  failingSince: number | undefined;
  /** Start of the look that goes on. */
  tickingSince: number | undefined;
  /** When it wants to look next; undefined: when woken. */
  dueAt: number | undefined;
}

/** A daemon loop: `tick` runs when woken or when the instant it asked for has come; never two at once. */
export interface Loop {
  readonly name: string;
  wake(): void;
  /** One tick by hand: tests step the loop without waiting. */
  tick(): Promise<void>;
  heartbeat(): Heartbeat;
  stop(): Promise<void>;
}

const sliceMs = 30_000;

/**
 * A look that takes longer (ms) is followed by a rest of twice its length: what happens meanwhile is seen together, and a
 * look that is dear and is woken by every event leaves the process to the others.
 */
const dearMs = 10;
const longestRestMs = 1_000;

/**
 * @param tick does the work and answers the instant (ms) at which it wants to look again, or undefined for "when woken".
 * A tick that throws is told to `onError` and tried again after a second.
 */
export function startLoop(
  name: string,
  clock: Clock,
  tick: () => Promise<number | undefined>,
  onError: (error: Error) => void,
): Loop {
  let woken = true;
  let stopped = false;
  let poke: (() => void) | undefined;
  let ending: (() => void) | undefined;
  let beat: Heartbeat = { at: clock.now(), error: undefined, failingSince: undefined, tickingSince: undefined, dueAt: undefined };
  let turn = Promise.resolve<number | undefined>(undefined);
  const once = (): Promise<number | undefined> => {
    const next = turn.then(async () => {
      beat = { ...beat, tickingSince: clock.now(), dueAt: undefined };
      try {
        const at = await tick();
        beat = { at: clock.now(), error: undefined, failingSince: undefined, tickingSince: undefined, dueAt: at };
        return at;
      } catch (error) {
        const now = clock.now();
        const failingSince = beat.failingSince ?? now;
        beat = { at: now, error: (error as Error).message, failingSince, tickingSince: undefined, dueAt: now + 1_000 };
        if (!stopped) onError(error as Error);
        return clock.now() + 1_000;
      }
    });
    turn = next;
    return next;
  };
  /** In slices: timers do not follow the host's clock when it is set, and whoever sleeps through a jump wakes up late. */
  const until = async (at: number, signal: AbortSignal): Promise<void> => {
    for (let now = clock.now(); now < at && !signal.aborted; ) {
      await clock.sleep(Math.min(at - now, sliceMs), signal);
      if (clock.now() < now) return;
      now = clock.now();
    }
  };
  const running = (async () => {
    while (!stopped) {
      woken = false;
      const began = performance.now();
      const next = await once();
      const abort = new AbortController();
      const took = performance.now() - began;
      if (took > dearMs && !stopped) {
        ending = () => abort.abort();
        await clock.sleep(Math.min(2 * took, longestRestMs), abort.signal);
      }
      if (woken || stopped) continue;
      poke = () => abort.abort();
      if (next === undefined) await new Promise<void>((resolve) => abort.signal.addEventListener("abort", () => resolve()));
      else await until(next, abort.signal);
      poke = undefined;
    }
  })();

  const wake = () => {
    woken = true;
    poke?.();
  };
  return {
    name,
    wake,
    tick: async () => void (await once()),
    heartbeat: () => beat,
    async stop() {
      stopped = true;
      ending?.();
      wake();
      await running;
    },
  };
}
