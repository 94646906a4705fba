import { isEnd, type RunStatus } from "../event.ts";
import type { Run } from "../storage.ts";

type QueuedRun = Pick<Run, "id" | "needs" | "location" | "createdAt">;

export interface QueueDecision {
  launch: string[];
  /** Runs that can never start, with the run that is why. */
  skip: { id: string; because: string; status: RunStatus }[];
  /** What each waiting run waits for, as a person reads it. */
  waiting: Map<string, string>;
}

/**
 * Which queued runs start now: in the order of their creation, those whose needed runs have succeeded, up to the limit.
 * A run that needs a run which ended otherwise is skipped.
 */
export function decideQueue(params: {
  queued: readonly QueuedRun[];
  active: number;
  maxConcurrentRuns: number;
  statusOf(id: string): RunStatus | undefined;
}): QueueDecision {
  const decision: QueueDecision = { launch: [], skip: [], waiting: new Map() };
  let active = params.active;
  for (const run of [...params.queued].sort((a, b) => a.createdAt - b.createdAt)) {
    const statuses = run.needs.map((id) => ({ id, status: params.statusOf(id) }));
    const bad = statuses.find(({ status }) => status !== undefined && isEnd(status) && status !== "succeeded");
    const open = statuses.filter(({ status }) => status !== "succeeded");
    if (bad) decision.skip.push({ id: run.id, because: bad.id, status: bad.status! });
    else if (open.length > 0) decision.waiting.set(run.id, `waits for run ${open.map(({ id }) => id).join(", ")}`);
    else if (active >= params.maxConcurrentRuns)
      decision.waiting.set(run.id, `waits for one of ${params.maxConcurrentRuns} places (runs.max_concurrent)`);
    else {
      decision.launch.push(run.id);
      active++;
    }
  }
  return decision;
}
