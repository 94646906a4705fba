import { isEnd, type Run, UserError } from "@kc/runtime/internal";
import type { EventLog } from "../log.ts";
import type { RunLauncher } from "./launcher.ts";

/**
 * Cancels a run: a queued one at once, one that goes on by a signal.
 * @throws UserError when it has ended.
 */
export async function cancelRun(
  deps: { launcher: Pick<RunLauncher, "cancel" | "elsewhere">; log: EventLog; now(): number },
  run: Pick<Run, "id" | "status">,
): Promise<void> {
  if (isEnd(run.status)) throw new UserError(`run ${run.id} has ended: it ${run.status}`);
  const at = deps.now();
  const hears = deps.launcher.cancel(run.id) || (run.status !== "queued" && deps.launcher.elsewhere?.());
  if (hears) await deps.log.append([{ type: "run_cancelling", at, runId: run.id }]);
  else await deps.log.append([{ type: "run_cancelled", at, runId: run.id, message: "cancelled before it started" }]);
}
