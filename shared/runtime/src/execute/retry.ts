import type { RetryPolicy } from "../asset.ts";
import { durationMs } from "../duration.ts";

/** Milliseconds to wait before try number `attempt + 1` (attempts count from 1). `random` is from 0 to 1. */
export function retryDelayMs(policy: RetryPolicy, attempt: number, random: () => number = Math.random): number {
  const base = policy.delay ? durationMs(policy.delay) : 0;
  const factor = policy.backoff === "exponential" ? 2 ** (attempt - 1) : policy.backoff === "linear" ? attempt : 1;
  const spread = policy.jitter ? 1 + policy.jitter * (2 * random() - 1) : 1;
  return Math.round(base * factor * spread);
}
