import {
  type AssetState,
  type CheckStatus,
  type PartitionSet,
  type PartitionStatus,
  projectAsset,
  type Run,
  type Storage,
  type StoredEvent,
  subtractSets,
  unionSets,
  type WorkspaceGraph,
} from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { openBackfills } from "./open-backfills.ts";

/** What the log has made of each asset, kept between evaluations: reading it all would be most of a tick. */
export interface AutomationFacts {
  states: Map<string, AssetState>;
  /** Of assets with partitions that conditions look at. */
  partitions: Map<string, PartitionStatus>;
  /** Of those of them that have checks, where conditions look at checks. */
  checks: Map<string, ReadonlyMap<string, CheckStatus>>;
  /** A condition looks at checks. */
  readsChecks: boolean;
  graph: WorkspaceGraph | undefined;
}

export async function loadFacts(storage: Storage): Promise<AutomationFacts> {
  return { states: await storage.assetStates(), partitions: new Map(), checks: new Map(), readsChecks: false, graph: undefined };
}

/** Takes in the events since the last evaluation; reads the partitions of what they concern, of everything after a reload. */
export async function advanceFacts(
  context: Pick<DaemonContext, "partitions" | "workspace">,
  facts: AutomationFacts,
  events: readonly StoredEvent[],
): Promise<void> {
  const graph = context.workspace.graph();
  const changed = new Set<string>();
  let all = facts.graph !== graph;
  for (const event of events) {
    if (event.type === "dynamic_partitions") all = true;
    if (!event.asset) continue;
    const state = facts.states.get(event.asset) ?? emptyState(event.asset);
    facts.states.set(event.asset, projectAsset(state, event));
    if (changing.has(event.type)) changed.add(event.asset);
  }
  facts.graph = graph;
  const wanted = all ? watchedPartitions(graph) : [...changed].filter((key) => facts.partitions.has(key));
  if (all) facts.partitions.clear();
  if (all) {
    facts.checks.clear();
    facts.readsChecks = looksAtChecks(graph);
  }
  for (const key of wanted) {
    facts.partitions.set(key, await context.partitions.status(key));
    if (facts.readsChecks && graph.assets.get(key)!.checks.length > 0)
      facts.checks.set(key, await context.partitions.checksSinceMade(key));
  }
}

const changing = new Set<StoredEvent["type"]>(["materialization", "step_failed", "wiped", "check_result"]);

const looksAtChecks = (graph: WorkspaceGraph): boolean =>
  [...graph.assets.values()].some(
    ({ automation }) => automation && /"type":"(?:any|all)Checks"/.test(JSON.stringify(automation)),
  );

const emptyState = (key: string): AssetState => ({
  key,
  materialization: null,
  unchangedAt: null,
  last: null,
  checks: {},
  freshness: null,
});

/** Assets with partitions that have a condition, or whose dependents do, at any distance that a condition may look. */
export function watchedPartitions(graph: WorkspaceGraph): string[] {
  const deep = [...graph.assets.values()].some(({ automation }) => automation && nested(JSON.stringify(automation)));
  return graph.order.filter((key) => {
    const node = graph.assets.get(key)!;
    if (!node.partitions) return false;
    return deep || node.automation || node.dependents.some((one) => graph.assets.get(one)?.automation);
  });
}

const nested = (text: string): boolean => text.split(/"type":"(?:any|all)Deps"/).length > 2;

/** What runs and backfills are making or are to make, by asset. */
export async function goingOn(context: DaemonContext, runs: readonly Run[]): Promise<Map<string, PartitionSet>> {
  const { partitions } = context;
  const going = partitions.inProgress(runs);
  const open = await openBackfills(context).list();
  const now = partitions.now();
  for (const { targets, done, failed, skipped } of open)
    for (const [key, texts] of Object.entries(targets)) {
      const space = now.spaceOf(key);
      const ended = [done, failed, skipped].flatMap((one) => (one[key] ? [one[key]] : []));
      const left = space.definition
        ? ended.reduce((rest, one) => subtractSets(rest, space.read(one)), space.read(texts))
        : ended.length > 0
          ? new Map()
          : space.all();
      if (left.size > 0) going.set(key, unionSets(going.get(key) ?? new Map(), left));
    }
  return going;
}
