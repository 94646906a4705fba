import {
  type Clock,
  isEnd,
  type NewEvent,
  type NewRun,
  type RetryStrategy,
  type Run,
  type RunRetryDecision,
  type RunRetryPolicy,
  rerunPlan,
  type Storage,
  UserError,
} from "@kc/runtime/internal";
import type { Workspace } from "../locations/workspace.ts";
import type { EventLog } from "../log.ts";
import { newId, type Submitted } from "./submit.ts";

/** `runs.retries` of kc.yaml; the delay in milliseconds. */
export const retryPolicy = (settings: {
  max: number;
  delay?: number | undefined;
  backoff: "constant" | "linear" | "exponential";
  strategy: RetryStrategy;
  on_step_failure: boolean;
}): RunRetryPolicy => ({
  max: settings.max,
  backoff: settings.backoff,
  strategy: settings.strategy,
  onStepFailure: settings.on_step_failure,
  ...(settings.delay === undefined ? {} : { delay: `${settings.delay}ms` as const }),
});

/** No run is run again by itself. */
export const noRetries: RunRetryPolicy = { max: 0, strategy: "from_failure", onStepFailure: true };

const lineTags = ["kc/retry_of_run", "kc/retry_number", "kc/root_run"];

/** The first run of the line that a run belongs to: its own id unless it retries another. */
export const rootOf = (run: Pick<Run, "id" | "tags">): string => run.tags["kc/root_run"] ?? run.id;

/** The runs of a request that share a root, oldest first: a run and its retries. */
export async function lineOf(storage: Pick<Storage, "listRuns">, run: Run): Promise<Run[]> {
  if (
    !run.tags["kc/root_run"] &&
    !(await storage.listRuns({ requestId: run.requestId, tags: { "kc/root_run": run.id }, limit: 1 })).length
  )
    return [run];
  const runs = await storage.listRuns({ requestId: run.requestId, order: "oldest", limit: 10_000 });
  return runs.filter((one) => rootOf(one) === rootOf(run));
}

/** Runs what was run before: by itself within its request, or as a new request when a person asks. */
export function rerunner(deps: {
  workspace: Workspace;
  storage: Storage;
  log: EventLog;
  clock: Clock;
  /** Whether a run that failed is run again by itself. */
  retryOf(run: Run): Promise<RunRetryDecision>;
}) {
  const { workspace, storage, log, clock } = deps;

  async function succeededIn(runs: readonly Run[]): Promise<Set<string>> {
    const found = new Set<string>();
    for (const run of runs)
      for (const event of await storage.readEvents({ runId: run.id, types: ["step_succeeded"], limit: 1_000_000 }))
        if (event.asset) found.add(event.asset);
    return found;
  }
  const planOf = (run: Run, strategy: RetryStrategy, succeeded: ReadonlySet<string>) => {
    const graph = workspace.graph();
    const first = new Map(run.plan.steps.map((step) => [step.name, step.assets[0]!]));
    return rerunPlan(run.plan, strategy, succeeded, (step) => graph.assets.get(first.get(step)!)?.subset ?? false);
  };
  const requireLoaded = (name: string) => {
    const state = workspace.location(name);
    if (state?.status !== "loaded")
      throw new UserError(`location ${name} does not load${state?.error ? `: ${state.error.message}` : ""}`, {
        where: state?.error?.where || undefined,
        hint: "Fix it and save: it reloads by itself.",
      });
  };

  /**
   * Runs a failed run again, within its request, so that what needs it goes on after it. At most once for ever: the run key
   * names the run.
   * @returns undefined when all of its steps had succeeded.
   */
  async function retryRun(run: Run, retry: { number: number; of: number; strategy: RetryStrategy }): Promise<Run | undefined> {
    const plan = planOf(run, retry.strategy, await succeededIn([run]));
    if (!plan) return undefined;
    const now = clock.now();
    const again: NewRun = {
      ...run,
      id: newId(now),
      plan,
      tags: {
        ...run.tags,
        "kc/retry_of_run": run.id,
        "kc/root_run": rootOf(run),
        "kc/retry_number": String(retry.number),
      },
      runKey: `kc/retry:${run.id}`,
      createdAt: now,
    };
    const message = `retry ${retry.number} of ${retry.of} of run ${rootOf(run)}`;
    const { runs } = await log.createRuns([again], [{ type: "run_queued", at: now, runId: again.id, message }]);
    return runs.find((one) => one.runKey === again.runKey);
  }

  /**
   * A new request for runs that ended: of a whole request, or of one run with what it needs and what needs it. From failure
   * only steps that did not succeed, from scratch all of them. It takes the place of a retry that is still to come.
   * @param id Of a run or of a request.
   * @throws UserError when there is no such run, one of them goes on, or nothing is left to do.
   */
  async function reexecute(id: string, strategy: RetryStrategy): Promise<Submitted> {
    const one = await storage.getRun(id);
    const all = await storage.listRuns({ requestId: one?.requestId ?? id, order: "oldest", limit: 10_000 });
    if (all.length === 0) throw new UserError(`there is no run or request "${id}"`, { hint: "kc runs list shows them." });
    const roots = all.filter((run) => rootOf(run) === run.id);
    const wanted = one ? related(roots, rootOf(one)) : new Set(roots.map((run) => run.id));
    const open = all.find((run) => wanted.has(rootOf(run)) && !isEnd(run.status));
    if (open) throw new UserError(`run ${open.id} of the request is ${open.status}`, { hint: "Cancel it or let it end first." });
    const now = clock.now();
    const requestId = newId(now);
    const next = new Map<string, NewRun>();
    const instead: NewEvent[] = [];
    for (const root of roots.filter((run) => wanted.has(run.id))) {
      const line = all.filter((run) => rootOf(run) === root.id);
      const plan = planOf(root, strategy, strategy === "all_steps" ? new Set() : await succeededIn(line));
      if (!plan) continue;
      const last = line.at(-1)!;
      if (last.status === "failed" && (await deps.retryOf(last)).retry)
        instead.push({ type: "run_retry_cancelled", at: now, runId: last.id, message: `run again by hand, as ${requestId}` });
      requireLoaded(root.location);
      const needs = root.needs.flatMap((need) => next.get(need)?.id ?? []);
      const ids = [...next.values()].map((run) => run.id);
      const tags = Object.fromEntries(Object.entries(root.tags).filter(([name]) => !lineTags.includes(name)));
      next.set(root.id, {
        ...root,
        id: newId(now),
        requestId,
        plan: { ...plan, needs: needs.map((need) => ids.indexOf(need)) },
        needs,
        tags: { ...tags, "kc/retry_of": root.requestId, "kc/rerun_of": root.id },
        runKey: null,
        createdAt: now,
      });
    }
    if (next.size === 0)
      throw new UserError(`every step of the ${one ? "run" : "request"} succeeded: there is nothing to retry`, {
        hint: `To run all of it again: kc runs retry ${id} --from scratch`,
      });
    const runs = [...next.values()];
    const events = runs.map((run): NewEvent => ({ type: "run_queued", at: now, runId: run.id }));
    const stored = await log.createRuns(runs, [...instead, ...events]);
    return { requestId, runs: stored.runs, created: true };
  }

  return { retryRun, reexecute };
}

export type Rerunner = ReturnType<typeof rerunner>;

/** The run with those that it needs and those that need it, by the needs of a request's runs. */
function related(runs: readonly Run[], id: string): Set<string> {
  const found = new Set([id]);
  const down = (from: string) => runs.filter((run) => run.needs.includes(from)).map((run) => run.id);
  const up = (from: string) => runs.find((run) => run.id === from)?.needs ?? [];
  for (const next of [down, up]) {
    const front = [...found];
    for (const at of front)
      for (const other of next(at))
        if (!found.has(other)) {
          found.add(other);
          front.push(other);
        }
  }
  return found;
}
