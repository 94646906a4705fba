/** Something to give back; a second call does nothing. */
export type Leave = () => void;

/**
 * A number of places that are taken in the order in which they are asked for.
 * `take` answers undefined when the signal is aborted first.
 */
export function places(limit: number): { take(signal: AbortSignal): Promise<Leave | undefined> } {
  let free = limit;
  const queue: { enter(leave: Leave | undefined): void }[] = [];
  let head = 0;
  const leave = (): Leave => {
    let left = false;
    return () => {
      if (left) return;
      left = true;
      const next = queue[head];
      if (next) {
        head++;
        next.enter(leave());
      } else free++;
    };
  };
  return {
    take(signal) {
      if (signal.aborted) return Promise.resolve(undefined);
      if (free > 0) {
        free--;
        return Promise.resolve(leave());
      }
      return new Promise((resolve) => {
        let waiting = true;
        const stop = () => {
          if (!waiting) return;
          waiting = false;
          resolve(undefined);
        };
        signal.addEventListener("abort", stop, { once: true });
        queue.push({
          enter(given) {
            signal.removeEventListener("abort", stop);
            // Its turn came after it had gone: the next one's.
            if (!waiting) return given?.();
            waiting = false;
            resolve(given);
          },
        });
      });
    },
  };
}
