import { isEnd } from "@kc/runtime/internal";
import { readSpool, removeSpool, spooledRuns } from "../code-server/spool.ts";
import type { EventLog } from "../log.ts";
import { type EndDeps, endRun } from "./end-run.ts";

/** The host that carried out runs before. */
export interface Earlier {
  /** Where its workers' events lie, if this machine can read them. */
  spool: string | undefined;
  /** It carries out nothing more; else it may only be paused, and begin what it had taken. */
  ended: boolean;
  name: string;
}

/** Stores what a run's worker had written and the log does not have yet. */
export async function drainSpool(log: EventLog, folder: string, runId: string): Promise<void> {
  for (const events of readSpool(folder, runId)) await log.append(events);
}

/**
 * Brings the runs that an earlier host carried out to their end. Those that had not begun go back to the queue, unless the
 * earlier host may begin them yet.
 */
export async function recoverRuns(deps: EndDeps & { spool: string }, earlier: Earlier | undefined): Promise<void> {
  const { storage, log, clock, spool } = deps;
  const folders = [spool, ...(earlier?.spool && earlier.spool !== spool ? [earlier.spool] : [])];
  const who = earlier ? `the host that carried it out (${earlier.name})` : "kc";
  const runs = await storage.listRuns({ statuses: ["starting", "running", "cancelling"], limit: 10_000 });
  for (const run of runs) {
    for (const folder of folders) await drainSpool(log, folder, run.id);
    const now = await storage.getRun(run.id);
    if (now && !isEnd(now.status)) {
      if (now.status === "starting" && earlier?.ended !== false)
        await log.append([
          { type: "run_queued", at: clock.now(), runId: run.id, message: `${who} was stopped before the run began` },
        ]);
      else
        await endRun(
          deps,
          run.id,
          now.status === "cancelling" ? "run_cancelled" : "run_failed",
          earlier?.ended === false
            ? `${who} no longer answered while the run went on`
            : `${who} was stopped or killed while the run went on`,
        );
    }
    for (const folder of folders) removeSpool(folder, run.id);
  }
  // Left by a host that was deposed: their runs were ended by the one that took over.
  for (const id of spooledRuns(spool)) removeSpool(spool, id);
}
