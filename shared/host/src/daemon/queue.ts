import {
  blockableDeps,
  type CheckStatus,
  decideQueue,
  type FailingPartitions,
  heldByCheck,
  intersectSets,
  type NewEvent,
  type PartitionSet,
  partitionTexts,
  type Run,
  type RunRetryPolicy,
  type Storage,
  type TagLimit,
  unionSets,
  type WorkspaceGraph,
  type WorkspacePartitions,
} from "@kc/runtime/internal";
import type { RunLauncher } from "../runs/launcher.ts";
import type { Pools } from "../runs/pools.ts";
import type { DaemonContext } from "./context.ts";
import { standing } from "./run-retries.ts";

/** The queued runs that a failed check of a dependency holds back, with the reason. Reads nothing where no check blocks so. */
async function heldByChecks(
  { workspace, storage, partitions }: DaemonContext,
  queued: readonly Run[],
): Promise<(id: string) => string | undefined> {
  const graph = workspace.graph();
  const concerned = queued.map((run) => ({ run, deps: blockableDeps(graph, run) })).filter(({ deps }) => deps.length > 0);
  if (concerned.length === 0) return () => undefined;
  const keys = [...new Set(concerned.flatMap(({ deps }) => deps))];
  const states = await storage.assetStates(keys);
  const results = new Map<string, ReadonlyMap<string, CheckStatus>>();
  for (const key of keys) if (graph.assets.get(key)!.partitions) results.set(key, await partitions.checks(key));
  const now = partitions.now();
  const held = concerned.map(({ run }) => {
    const needed = new Map<string, PartitionSet>();
    const failing: FailingPartitions = (dep, check) => {
      const status = results.get(dep)?.get(check);
      if (!status) return undefined;
      if (status.whole?.severity === "ERROR") return status.whole;
      const set = needed.get(dep) ?? neededOf(graph, now, run, dep);
      needed.set(dep, set);
      const bad = intersectSets(status.failed, set);
      if (bad.size === 0) return undefined;
      return { at: status.latest!.at, runId: null, partitions: now.spaceOf(dep).text(bad).slice(0, 5).join(", ") };
    };
    return [run.id, heldByCheck(graph, run, states, failing)] as const;
  });
  const byId = new Map(held);
  return (id) => byId.get(id);
}

/** The partitions of a dependency that what a run makes needs. */
function neededOf(graph: WorkspaceGraph, partitions: WorkspacePartitions, run: Run, dep: string): PartitionSet {
  let set: PartitionSet = new Map();
  for (const step of run.plan.steps)
    for (const asset of step.assets) {
      if (!graph.assets.get(asset)?.deps.includes(dep)) continue;
      const space = partitions.spaceOf(asset);
      const own = space.definition ? space.read(partitionTexts(step.partition)) : space.all();
      set = unionSets(set, partitions.upstream(asset, dep, own));
    }
  return set;
}

/** How many runs are read at one time. */
const page = 1_000;

/** All runs that are queued, oldest first: one that waits behind ever so many is as good as they are. */
async function queuedRuns(storage: Pick<Storage, "queuedRunIds" | "listRuns">, known: Map<string, Run>): Promise<Run[]> {
  const ids = await storage.queuedRunIds();
  const fresh = ids.filter((id) => !known.has(id));
  const still = new Set(ids);
  for (const id of known.keys()) if (!still.has(id)) known.delete(id);
  for (let from = 0; from < fresh.length; from += page)
    for (const run of await storage.listRuns({ ids: fresh.slice(from, from + page), limit: page })) known.set(run.id, run);
  return ids.flatMap((id) => known.get(id) ?? []);
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
    /** The runs that were queued when it was last looked: nothing of a run changes while it waits. */
    queued: Map<string, Run>;
    wake(): void;
  },
): Promise<Map<string, string>> {
  const { storage, log, clock } = context;
  const queued = (await queuedRuns(storage, options.queued)).filter((run) => !options.launched.has(run.id));
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
  const byId = new Map(queued.map((run) => [run.id, run]));
  const skips = decision.skip.flatMap(({ id, because, status }): NewEvent[] => {
    const run = byId.get(id)!;
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
    const run = byId.get(id)!;
    options.launched.set(id, run);
    void launcher.launch(run).finally(() => {
      options.launched.delete(id);
      options.wake();
    });
  }
  return decision.waiting;
}
