import type { Clock, NewEvent, Storage } from "@kc/runtime/internal";
import type { EventLog } from "../log.ts";

export interface EndDeps {
  storage: Storage;
  log: EventLog;
  clock: Clock;
}

/** Which run ends, how, why, and what its last event says besides. */
export type Ending = [
  runId: string,
  type: "run_failed" | "run_cancelled",
  message: string,
  fields?: { crashed?: boolean; refused?: boolean },
];

/** Ends a run whose worker cannot say it any more, and the steps that were going on. */
export async function endRun(
  { storage, log, clock }: EndDeps,
  ...[runId, type, message, fields = type === "run_failed" ? { crashed: true } : {}]: Ending
): Promise<void> {
  const steps = await storage.readEvents({
    runId,
    types: ["step_started", "step_succeeded", "step_failed", "step_skipped"],
    limit: 100_000,
  });
  const run = await storage.getRun(runId);
  const ended = new Set(steps.filter((event) => event.type !== "step_started").map((event) => event.asset));
  const begun = new Set(steps.filter((event) => event.type === "step_started").map((event) => event.step));
  const at = clock.now();
  const endedChecks = new Set(steps.filter((event) => event.type !== "step_started" && !event.asset).map((event) => event.step));
  // Why they ended stands in the steps too: cancelled is not failed, and what only kc's own end broke is asked for again.
  const why = type === "run_cancelled" ? { fields: { cancelled: true } } : fields.crashed ? { fields: { crashed: true } } : {};
  const closing: NewEvent[] = (run?.plan.steps ?? []).flatMap((step) =>
    // A step of checks ends as a step, one that makes assets ends for each of them.
    (step.checks ? (endedChecks.has(step.key) ? [] : [undefined]) : step.assets.filter((asset) => !ended.has(asset))).map(
      (asset): NewEvent => {
        const about = {
          at,
          runId,
          step: step.key,
          ...(asset ? { asset } : {}),
          ...(asset && step.partition ? { partition: step.partition } : {}),
          ...why,
        };
        return begun.has(step.key)
          ? { ...about, type: "step_failed", error: { message, user: true } }
          : { ...about, type: "step_skipped", message };
      },
    ),
  );
  await log.append([...closing, { type, at, runId, message, ...(Object.keys(fields).length > 0 ? { fields } : {}) }]);
}
