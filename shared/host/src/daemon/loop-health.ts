import { formatDuration } from "@kc/runtime/internal";
import type { Loop } from "./loop.ts";

/** A tick that goes on longer (ms) holds everything up that depends on its loop. */
const stuckMs = 10 * 60_000;
/** A loop that fails again and again for longer, or is later than this, is unhealthy; a single failure is tried again. */
const failingMs = 30_000;
const lateMs = 60_000;

/** What is wrong with a loop, or undefined. */
export function loopProblem(loop: Pick<Loop, "heartbeat">, now: number): string | undefined {
  const { error, failingSince, tickingSince, dueAt } = loop.heartbeat();
  if (error !== undefined && failingSince !== undefined && now - failingSince >= failingMs)
    return `it has failed for ${formatDuration(now - failingSince)}: ${error}`;
  if (tickingSince !== undefined && now - tickingSince >= stuckMs)
    return `one look has gone on for ${formatDuration(now - tickingSince)}`;
  if (tickingSince === undefined && dueAt !== undefined && now - dueAt >= lateMs)
    return `it is ${formatDuration(now - dueAt)} late: the host is overloaded or was suspended`;
  return undefined;
}
