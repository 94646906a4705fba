import { decideRunRetry, type Run, type RunRetryDecision, type RunRetryPolicy, type RunStatus } from "@kc/runtime/internal";
import { lineOf, type Rerunner } from "../runs/rerun.ts";
import type { DaemonContext } from "./context.ts";

const cursorName = "run-retries";

/** Whether a run is run again by itself, as its events say. */
export async function retryDecision(
  { storage }: Pick<DaemonContext, "storage">,
  run: Run,
  policy: RunRetryPolicy,
): Promise<RunRetryDecision> {
  const events =
    run.status === "failed"
      ? await storage.readEvents({ runId: run.id, types: ["run_failed", "step_failed", "run_retry_cancelled"], limit: 100_000 })
      : [];
  return decideRunRetry(run, events, policy);
}

/** Where a run that ended stands in its line: `retried` when another took its place, `waits` while one is to come. */
export async function placeOf(
  context: Pick<DaemonContext, "storage">,
  run: Run,
  policy: RunRetryPolicy,
): Promise<"last" | "waits" | "retried"> {
  if (run.status !== "failed") return "last";
  const last = (await lineOf(context.storage, run)).at(-1)!;
  if (last.id !== run.id) return "retried";
  return (await retryDecision(context, run, policy)).retry ? "waits" : "last";
}

/** How a needed run stands when its retries count: that of the last of its line, `queued` while one is to come. */
export async function standing(
  context: Pick<DaemonContext, "storage">,
  id: string,
  policy: RunRetryPolicy,
): Promise<RunStatus | undefined> {
  const run = await context.storage.getRun(id);
  if (run?.status !== "failed") return run?.status;
  const last = (await lineOf(context.storage, run)).at(-1)!;
  if (last.status !== "failed") return last.status;
  return (await retryDecision(context, last, policy)).retry ? "queued" : "failed";
}

/**
 * Runs failed runs again when their time has come. What was looked at is remembered by the number of its event, and the
 * retry itself by its run key: a host that dies in between makes none twice.
 * @returns when to look again.
 */
export async function tickRunRetries(
  context: DaemonContext,
  options: { policy: RunRetryPolicy; rerun: Pick<Rerunner, "retryRun"> },
): Promise<number | undefined> {
  const { storage, clock } = context;
  const known = await storage.getValue(cursorName);
  // Failures of a time before there were retries stay as they are.
  let cursor = known === null ? await storage.lastEventId() : Number(known);
  if (known === null) await storage.setValue(cursorName, String(cursor));
  const before = cursor;
  let next: number | undefined;
  let after = cursor;
  for (;;) {
    const failed = await storage.readEvents({ after, types: ["run_failed"], limit: 500 });
    for (const event of failed) {
      after = event.id;
      const run = event.runId ? await storage.getRun(event.runId) : null;
      const decision = run && (await retryDecision(context, run, options.policy));
      if (run && decision?.retry && decision.at > clock.now()) next = Math.min(next ?? decision.at, decision.at);
      else if (run && decision?.retry) await options.rerun.retryRun(run, decision);
      // What still waits for its time is looked at again.
      if (next === undefined) cursor = event.id;
    }
    if (failed.length < 500) break;
  }
  if (cursor !== before) await storage.setValue(cursorName, String(cursor));
  return next;
}
