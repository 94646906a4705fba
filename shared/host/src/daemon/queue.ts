import {
  blockableDeps,
  decideQueue,
  heldByCheck,
  type NewEvent,
  type Run,
  type RunRetryPolicy,
  type TagLimit,
} from "@kc/runtime/internal";
import type { RunLauncher } from "../runs/launcher.ts";
import type { Pools } from "../runs/pools.ts";
import type { DaemonContext } from "./context.ts";
import { standing } from "./run-retries.ts";

/** The queued runs that a failed check of a dependency holds back, with the reason. Reads nothing where no check blocks so. */
async function heldByChecks(
  { workspace, storage }: DaemonContext,
  queued: readonly Run[],
): Promise<(id: string) => string | undefined> {
  const graph = workspace.graph();
  const concerned = queued.map((run) => ({ run, deps: blockableDeps(graph, run) })).filter(({ deps }) => deps.length > 0);
  if (concerned.length === 0) return () => undefined;
  const states = await storage.assetStates([...new Set(concerned.flatMap(({ deps }) => deps))]);
  const held = new Map(concerned.map(({ run }) => [run.id, heldByCheck(graph, run, states)]));
  return (id) => held.get(id);
}

/** Launches the queued runs that may start, and ends those that never can. Answers what the others wait for. */
export async function tickQueue(
  context: DaemonContext,
  launcher: RunLauncher,
  options: {
    maxConcurrentRuns: number;
    tagLimits: readonly TagLimit[];
    pools: Pools;
    retries: RunRetryPolicy;
    launched: Map<string, Run>;
    wake(): void;
  },
): Promise<Map<string, string>> {
  const { storage, log, clock } = context;
  const queued = (await storage.listRuns({ statuses: ["queued"], order: "oldest", limit: 1_000 })).filter(
    (run) => !options.launched.has(run.id),
  );
  if (queued.length === 0) return new Map();
  const needed = new Map<string, Run["status"] | undefined>();
  for (const id of new Set(queued.flatMap((run) => run.needs))) needed.set(id, await standing(context, id, options.retries));
  const decision = decideQueue({
    queued: queued.map((run) => ({ ...run, pools: options.pools.ofRun(run.plan) })),
    active: options.launched.size,
    going: [...options.launched.values()].map((run) => ({ ...run, pools: options.pools.ofRun(run.plan) })),
    slotsOf: options.pools.slotsOf,
    maxConcurrentRuns: options.maxConcurrentRuns,
    tagLimits: options.tagLimits,
    now: clock.now(),
    statusOf: (id) => needed.get(id),
    heldBy: await heldByChecks(context, queued),
  });
  const at = clock.now();
  const skips = decision.skip.flatMap(({ id, because, status }): NewEvent[] => {
    const run = queued.find((one) => one.id === id)!;
    const message = `run ${because}, which it needs, is ${status}`;
    return [
      ...run.plan.steps.flatMap((step) =>
        step.assets.map((asset): NewEvent => ({ type: "step_skipped", at, runId: id, step: step.key, asset, message })),
      ),
      { type: "run_skipped", at, runId: id, message },
    ];
  });
  if (skips.length > 0) await log.append(skips);
  for (const id of decision.launch) {
    const run = queued.find((one) => one.id === id)!;
    options.launched.set(id, run);
    void launcher.launch(run).finally(() => {
      options.launched.delete(id);
      options.wake();
    });
  }
  return decision.waiting;
}
