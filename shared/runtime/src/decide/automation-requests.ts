import type { PartitionsByAsset } from "../backfill.ts";
import type { WorkspaceGraph } from "../graph.ts";
import { sameKeys } from "../partition/definition.ts";
import type { PartitionSet } from "../partition/partition-set.ts";
import type { WorkspacePartitions } from "../partition/workspace-partitions.ts";

/** What automation asks for at once: one run request, or one backfill. */
export type AutomationRequest =
  | { type: "run"; assets: string[]; partition: string | null }
  | { type: "backfill"; targets: PartitionsByAsset };

/**
 * Groups what is due. Assets that depend on each other are asked for together, so that they are made in their order; those
 * that all make the same one partition (or have none) are a run request, shared with others of the same partition, and
 * anything else is one backfill.
 */
export function automationRequests(
  graph: WorkspaceGraph,
  partitions: WorkspacePartitions,
  requested: ReadonlyMap<string, PartitionSet>,
): AutomationRequest[] {
  const runs = new Map<string, { definition: string | undefined; partition: string | null; assets: Set<string> }>();
  const targets: PartitionsByAsset = {};
  for (const group of connected(graph, requested)) {
    const one = onePartition(graph, partitions, group, requested);
    if (one === undefined) {
      for (const key of group) {
        const space = partitions.spaceOf(key);
        targets[key] = space.definition ? space.kept(requested.get(key)!) : [];
      }
      continue;
    }
    const run = runs.get(one.name);
    if (run) for (const key of group) run.assets.add(key);
    else runs.set(one.name, { definition: one.name, partition: one.partition, assets: new Set(group) });
  }
  const order = (keys: ReadonlySet<string>) => [...keys].sort((a, b) => places.get(a)! - places.get(b)!);
  const places = placesOf(graph);
  return [
    ...[...runs.values()].map(({ assets, partition }): AutomationRequest => ({ type: "run", assets: order(assets), partition })),
    ...(Object.keys(targets).length > 0 ? [{ type: "backfill" as const, targets }] : []),
  ];
}

const orders = new WeakMap<WorkspaceGraph, Map<string, number>>();
function placesOf(graph: WorkspaceGraph): Map<string, number> {
  let places = orders.get(graph);
  if (!places) {
    places = new Map(graph.order.map((key, place) => [key, place]));
    orders.set(graph, places);
  }
  return places;
}

/** The requested assets in groups that dependencies, and steps that make their assets together, connect. */
function connected(graph: WorkspaceGraph, requested: ReadonlyMap<string, PartitionSet>): string[][] {
  const groupOf = new Map<string, string[]>();
  const join = (a: string, b: string) => {
    const [one, other] = [groupOf.get(a)!, groupOf.get(b)!];
    if (one === other) return;
    const [big, small] = one.length < other.length ? [other, one] : [one, other];
    big.push(...small);
    for (const key of small) groupOf.set(key, big);
  };
  const steps = new Map<string, string>();
  for (const key of requested.keys()) groupOf.set(key, [key]);
  for (const key of requested.keys()) {
    const node = graph.assets.get(key)!;
    for (const dep of node.deps) if (groupOf.has(dep)) join(key, dep);
    const step = `${node.location}\0${node.step}`;
    if (!node.subset && steps.has(step)) join(key, steps.get(step)!);
    steps.set(step, key);
  }
  return [...new Set(groupOf.values())];
}

/** The one partition that a group makes, with a name by which groups of the same are known; undefined when there are several. */
function onePartition(
  graph: WorkspaceGraph,
  partitions: WorkspacePartitions,
  group: readonly string[],
  requested: ReadonlyMap<string, PartitionSet>,
): { name: string; partition: string | null } | undefined {
  const partitioned = group.filter((key) => graph.assets.get(key)!.partitions);
  const [first] = partitioned;
  if (first === undefined) return { name: "", partition: null };
  const definition = graph.assets.get(first)!.partitions!;
  let partition: string | undefined;
  for (const key of partitioned) {
    const space = partitions.spaceOf(key);
    const [own, ...more] = space.keys(requested.get(key)!, { limit: 2 });
    if (more.length > 0 || own === undefined) return undefined;
    if (partition !== undefined && (own !== partition || !sameKeys(graph.assets.get(key)!.partitions!, definition)))
      return undefined;
    partition = own;
  }
  // Definitions of other spans have the same keys: their name leaves the span out.
  const { startAt: _start, endAt: _end, endOffset: _offset, ...kind } = definition as unknown as Record<string, unknown>;
  return { name: `${JSON.stringify(kind)}\0${partition}`, partition: partition! };
}
