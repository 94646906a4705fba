import type { FreshnessState } from "../event.ts";

/**
 * State of an asset under a time-window policy, and the instant at which it changes by itself (ms).
 * At exactly the age of a limit the limit is passed. Never materialized is `unknown`.
 */
export function freshnessState(
  policy: { warnMs?: number; failMs: number },
  materializedAt: number | null,
  now: number,
): { state: FreshnessState; changesAt: number | undefined } {
  if (materializedAt === null) return { state: "unknown", changesAt: undefined };
  const fail = materializedAt + policy.failMs;
  const warn = policy.warnMs === undefined ? fail : materializedAt + policy.warnMs;
  if (now >= fail) return { state: "fail", changesAt: undefined };
  if (now >= warn) return { state: "warn", changesAt: fail };
  return { state: "fresh", changesAt: warn };
}
