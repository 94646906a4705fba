import { isEnd, type Run, type RunRetryDecision, UserError } from "@kc/runtime/internal";
import type { EventLog } from "../log.ts";
import type { RunLauncher } from "./launcher.ts";

/**
 * Cancels a run: a queued one at once, one that goes on by a signal. Of one that failed and would be tried again the retry is
 * cancelled.
 * @param retryOf Whether a run that failed is run again by itself.
 * @throws UserError when it has ended.
 */
export async function cancelRun(
  deps: {
    launcher: Pick<RunLauncher, "cancel" | "elsewhere">;
    log: EventLog;
    now(): number;
    retryOf(run: Run): Promise<RunRetryDecision>;
  },
  run: Run,
): Promise<void> {
  const at = deps.now();
  if (isEnd(run.status)) {
    if (run.status !== "failed" || !(await deps.retryOf(run)).retry)
      throw new UserError(`run ${run.id} has ended: it ${run.status}`);
    await deps.log.append([{ type: "run_retry_cancelled", at, runId: run.id, message: "its retry was cancelled" }]);
    return;
  }
  const hears = deps.launcher.cancel(run.id) || (run.status !== "queued" && deps.launcher.elsewhere?.());
  if (hears) await deps.log.append([{ type: "run_cancelling", at, runId: run.id }]);
  else await deps.log.append([{ type: "run_cancelled", at, runId: run.id, message: "cancelled before it started" }]);
}
