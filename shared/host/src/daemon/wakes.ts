import type { StoredEvent } from "@kc/runtime/internal";

export type LoopName =
  | "queue"
  | "automation"
  | "schedules"
  | "sensors"
  | "freshness"
  | "alerts"
  | "lineage"
  | "run-retries"
  | "backfills";

const tellsOfHealth =
  /^(run_failed|run_succeeded|run_retry_cancelled|step_failed|step_succeeded|check_result|materialization|freshness|backfill)$/;
const runStatus = /^run_/;
const endsRun = /^run_(succeeded|failed|cancelled|skipped|retry_cancelled)$/;
const changesConditions = /^(materialization|step_failed|check_result|dynamic_partitions|backfill)$/;
const changesQueue = /^run_(queued|succeeded|failed|cancelled|skipped|retry_cancelled)$/;

/** The loops that events concern: everything else of the daemon sleeps on. */
export function wokenBy(events: readonly Pick<StoredEvent, "type">[]): Set<LoopName> {
  const woken = new Set<LoopName>();
  for (const { type } of events) {
    if (changesQueue.test(type)) woken.add("queue").add("automation").add("lineage");
    if (type === "run_started" || type === "step_started" || type === "step_succeeded" || type === "step_failed")
      woken.add("lineage");
    // A check that passes may let a run go that it held back.
    if (type === "check_result" || type === "wiped") woken.add("queue");
    if (endsRun.test(type) || type === "backfill") woken.add("backfills");
    if (tellsOfHealth.test(type)) woken.add("alerts");
    if (runStatus.test(type) || type === "freshness") woken.add("sensors");
    if (type === "run_failed" || type === "run_retry_cancelled") woken.add("run-retries");
    if (changesConditions.test(type)) woken.add("automation");
    if (type === "instigator_changed") woken.add("schedules").add("sensors").add("automation").add("alerts");
    if (type === "materialization" || type === "unchanged") woken.add("freshness").add("sensors");
    if (type === "wiped") woken.add("freshness").add("automation").add("alerts");
  }
  return woken;
}
