import type { openSpool } from "./spool.ts";

const chunk = 1 << 20;

export interface EventSender {
  /** Lines of JSON: to the spool first, then to the host. */
  push(lines: readonly string[]): void;
  /** The host takes more. */
  drained(): void;
  /** Resolves when all was sent, or when nobody takes it any more. */
  finish(): Promise<void>;
  giveUp(): void;
}

/**
 * Sends what a run says as fast as the host takes it. What the host does not take yet waits in the spool, not in memory:
 * a step may write faster than any log can store.
 * @param send Answers false when the host takes no more until `drained`.
 */
export function eventSender(spool: ReturnType<typeof openSpool>, send: (lines: readonly string[]) => boolean): EventSender {
  let sent = 0;
  let full = false;
  let given = false;
  let finished: (() => void) | undefined;
  const behind = () => sent < spool.written();
  const pump = () => {
    while (!full && !given && behind()) {
      const { lines, bytes } = spool.read(sent, chunk);
      sent += bytes;
      full = !send(lines);
    }
    if (given || !behind()) finished?.();
  };
  return {
    push(lines) {
      const inStep = !full && !behind();
      spool.append(lines);
      if (!inStep || given) return;
      sent = spool.written();
      full = !send(lines);
    },
    drained() {
      full = false;
      pump();
    },
    finish: () =>
      new Promise((resolve) => {
        finished = resolve;
        pump();
      }),
    giveUp() {
      given = true;
      finished?.();
    },
  };
}
