import { latestTick, nextTick } from "../cron.ts";
import type { FreshnessState } from "../event.ts";
import type { FreshnessSnapshot } from "../freshness-policy.ts";

type Answer = { state: FreshnessState; changesAt: number | undefined };

/**
 * State of an asset under a policy, and the instant at which it changes by itself (ms). Never materialized is `unknown`.
 * By age: at exactly the age of a limit the limit is passed. By deadline: only the last one that has passed counts; what was
 * made longer before it than the policy allows is too early and fails like what is missing, what comes late is fresh again.
 */
export function freshnessState(policy: FreshnessSnapshot, materializedAt: number | null, now: number): Answer {
  if (materializedAt === null) return { state: "unknown", changesAt: undefined };
  if ("cron" in policy) return byDeadline(policy, materializedAt, now);
  const fail = materializedAt + policy.failMs;
  const warn = policy.warnMs === undefined ? fail : materializedAt + policy.warnMs;
  if (now >= fail) return { state: "fail", changesAt: undefined };
  if (now >= warn) return { state: "warn", changesAt: fail };
  return { state: "fresh", changesAt: warn };
}

function byDeadline(
  { cron, timezone, withinMs }: Extract<FreshnessSnapshot, { cron: string }>,
  materializedAt: number,
  now: number,
): Answer {
  const deadline = latestTick(cron, timezone, 0, now);
  // A failure ends with a materialization only: time alone brings nothing but the next deadline.
  if (deadline !== undefined && materializedAt < deadline - withinMs) return { state: "fail", changesAt: undefined };
  return { state: "fresh", changesAt: nextTick(cron, timezone, now) };
}

/** Since when (ms) an asset is in a state by its policy, which may be long before anybody looked. */
export function freshnessSince(
  policy: FreshnessSnapshot,
  state: FreshnessState,
  materializedAt: number | null,
  now: number,
): number {
  if (materializedAt === null || state === "unknown") return now;
  if (state === "fresh") return materializedAt;
  // The first deadline before which it was made too early.
  if ("cron" in policy) return nextTick(policy.cron, policy.timezone, materializedAt + policy.withinMs) ?? now;
  return materializedAt + (state === "warn" ? (policy.warnMs ?? policy.failMs) : policy.failMs);
}

/**
 * The instant that counts as an asset's materialization where only the latest window does: that of the newest window that is
 * made, but no later than the end of the window after it. So an asset whose latest window is missing is as old as it has been
 * missing, however often older ones are made anew.
 * @param newest When the newest window that is made was made, and when the one after it ends or ended (ms).
 */
export const latestPartitionAt = (newest: { at: number; nextEndsAt: number } | undefined): number | null =>
  newest ? Math.min(newest.at, newest.nextEndsAt) : null;

/** A policy as a person reads it. */
export function freshnessText(policy: FreshnessSnapshot, span: (ms: number) => string): string {
  const of = policy.of === "latestPartition" ? " (latest partition)" : "";
  if ("cron" in policy)
    return `made within ${span(policy.withinMs)} before each "${policy.cron}" ${policy.timezone}, or late${of}`;
  return `${policy.warnMs === undefined ? "" : `warns after ${span(policy.warnMs)}, `}fails after ${span(policy.failMs)}${of}`;
}
