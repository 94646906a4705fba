import type { BackfillPolicy } from "../asset.ts";
import type { Backfill, PartitionsByAsset } from "../backfill.ts";
import { UserError } from "../errors.ts";
import type { AssetNode, WorkspaceGraph } from "../graph.ts";
import { sameKeys } from "../partition/definition.ts";
import {
  intersectSets,
  isEmptySet,
  isSubset,
  noPartitions,
  type PartitionSet,
  subtractSets,
  unionSets,
} from "../partition/partition-set.ts";
import type { WorkspacePartitions } from "../partition/workspace-partitions.ts";

/** One request of a backfill: assets whose partitions have the same keys, and the partitions. */
export interface BackfillRequest {
  assets: string[];
  /** Null for assets without partitions. */
  partition: string | null;
}

export interface BackfillDecision {
  requests: BackfillRequest[];
  /** Partitions that can never be made, because what they need failed. */
  skipped: Map<string, PartitionSet>;
  /** Nothing is left to request or to wait for. */
  ended: boolean;
}

/**
 * What a backfill asks for next: partitions whose needed partitions, as far as they are targets too, are made. Works with
 * ranges: its cost grows with the assets and the gaps, not with the partitions.
 */
export function decideBackfill(params: {
  backfill: Backfill;
  graph: WorkspaceGraph;
  partitions: WorkspacePartitions;
  /** At most so many requests. */
  limit: number;
}): BackfillDecision {
  const { backfill, graph, partitions, limit } = params;
  const read = (all: PartitionsByAsset, key: string): PartitionSet => {
    const space = partitions.spaceOf(key);
    const texts = all[key];
    if (!texts) return noPartitions;
    return space.definition ? space.read(texts) : space.all();
  };
  const keys = graph.order.filter((key) => backfill.targets[key]);
  const target = new Map(keys.map((key) => [key, read(backfill.targets, key)]));
  const done = new Map(keys.map((key) => [key, read(backfill.done, key)]));
  const bad = new Map(keys.map((key) => [key, unionSets(read(backfill.failed, key), read(backfill.skipped, key))]));
  const remaining = new Map(
    keys.map((key) => [key, subtractSets(subtractSets(target.get(key)!, read(backfill.requested, key)), bad.get(key)!)]),
  );
  const needsOf = (key: string): string[] =>
    [...graph.assets.get(key)!.deps, ...(graph.assets.get(key)!.mappings[key] ? [key] : [])].filter((dep) => target.has(dep));

  const skipped = new Map<string, PartitionSet>();
  for (const key of keys) {
    let hopeless = noPartitions;
    for (const dep of needsOf(key)) hopeless = unionSets(hopeless, partitions.downstream(dep, key, bad.get(dep)!));
    hopeless = intersectSets(hopeless, remaining.get(key)!);
    if (isEmptySet(hopeless)) continue;
    skipped.set(key, hopeless);
    bad.set(key, unionSets(bad.get(key)!, hopeless));
    remaining.set(key, subtractSets(remaining.get(key)!, hopeless));
  }

  const requests: BackfillRequest[] = [];
  for (const group of groupsOf(graph, keys)) {
    const inside = new Set(group);
    const policy = policyOf(graph, group, backfill.policy);
    const unmade = (dep: string) => subtractSets(target.get(dep)!, done.get(dep)!);
    const waits = new Map(
      group.map((key) => {
        let notReady = noPartitions;
        for (const dep of needsOf(key)) {
          // What one request makes together needs no waiting; nor does a run over several windows wait for its own earlier ones.
          if (dep === key ? policy !== "perPartition" : inside.has(dep)) continue;
          notReady = unionSets(notReady, partitions.downstream(dep, key, unmade(dep)));
        }
        return [key, notReady];
      }),
    );
    /** Of these partitions in one run of these assets, whether any needs one that an earlier run has yet to make. */
    const waitsForOwn = (keys: readonly string[], set: PartitionSet): boolean =>
      keys.some(
        (key) =>
          needsOf(key).includes(key) &&
          !isEmptySet(intersectSets(set, partitions.downstream(key, key, subtractSets(unmade(key), set)))),
      );
    for (const { set, assets } of classesOf(group, remaining)) {
      const ready = assets.reduce((left, key) => subtractSets(left, waits.get(key)!), set);
      if (isEmptySet(ready)) continue;
      const space = partitions.spaceOf(assets[0]!);
      const whole = isSubset(set, ready);
      if (!space.definition) requests.push({ assets, partition: null });
      else if (policy === "single") {
        // One run: it waits for all of its partitions.
        if (whole) requests.push({ assets, partition: space.kept(ready).join(",") });
      } else {
        const size = typeof policy === "object" ? policy.chunks : 1;
        const some = space.keys(ready, { limit: Math.max(0, limit - requests.length) * size });
        // A part of a chunk waits for the rest of it.
        if (!whole) some.splice(some.length - (some.length % size));
        for (let from = 0; from < some.length; from += size) {
          const chunk = space.read(some.slice(from, from + size));
          if (policy !== "perPartition" && waitsForOwn(assets, chunk)) break;
          requests.push({ assets, partition: space.kept(chunk).join(",") });
        }
      }
    }
    if (requests.length >= limit) break;
  }
  const idle = requests.length === 0 && backfill.open.length === 0;
  return { requests: requests.slice(0, limit), skipped, ended: idle && [...remaining.values()].every(isEmptySet) };
}

/** Assets that a backfill makes in the same requests. */
export interface BackfillGroup {
  assets: string[];
  /** Null for assets without partitions: one run makes each. */
  policy: BackfillPolicy | null;
  /** Runs it takes when nothing fails: requests times the locations that they reach. */
  runs: number;
}

/** How many runs the targets of a backfill take with the policy that counts, in the order of the lineage. */
export function backfillGroups(params: {
  backfill: Pick<Backfill, "targets" | "policy">;
  graph: WorkspaceGraph;
  partitions: WorkspacePartitions;
}): BackfillGroup[] {
  const { backfill, graph, partitions } = params;
  const keys = graph.order.filter((key) => backfill.targets[key]);
  const targets = new Map(
    keys.map((key) => {
      const space = partitions.spaceOf(key);
      return [key, space.definition ? space.read(backfill.targets[key]!) : space.all()];
    }),
  );
  return groupsOf(graph, keys).flatMap((group) => {
    const policy = policyOf(graph, group, backfill.policy);
    return classesOf(group, targets).map(({ set, assets }): BackfillGroup => {
      const locations = new Set(assets.map((key) => graph.assets.get(key)!.location)).size;
      const space = partitions.spaceOf(assets[0]!);
      if (!space.definition) return { assets, policy: null, runs: locations };
      const size = policy === "single" ? Number.POSITIVE_INFINITY : policy === "perPartition" ? 1 : policy.chunks;
      return { assets, policy, runs: Math.max(1, Math.ceil(space.count(set) / size)) * locations };
    });
  });
}

/** Target assets that are made together: joined by edges of equal keys, so that a request can hold them all. */
function groupsOf(graph: WorkspaceGraph, keys: readonly string[]): string[][] {
  const groupOf = new Map<string, Set<string>>();
  for (const key of keys) {
    const node = graph.assets.get(key)!;
    const group = new Set([key]);
    for (const dep of node.deps) {
      const other = groupOf.get(dep);
      if (!other || other === group || !togetherWith(graph, node, dep, other)) continue;
      for (const member of other) group.add(member);
    }
    for (const member of group) groupOf.set(member, group);
  }
  const order = new Map(keys.map((key, index) => [key, index]));
  return [...new Set(groupOf.values())].map((group) => [...group].sort((a, b) => order.get(a)! - order.get(b)!));
}

function togetherWith(graph: WorkspaceGraph, node: AssetNode, dep: string, group: ReadonlySet<string>): boolean {
  if (node.mappings[dep] ? node.mappings[dep].type !== "identity" : node.partitions !== undefined) return false;
  // A way out of the group and back in would make the group wait for itself.
  return node.deps.every((other) => {
    if (group.has(other) || other === dep) return true;
    return !reaches(graph, other, group);
  });
}

function reaches(graph: WorkspaceGraph, from: string, group: ReadonlySet<string>): boolean {
  const seen = new Set<string>();
  const stack = [from];
  while (stack.length > 0) {
    const key = stack.pop()!;
    if (group.has(key)) return true;
    if (seen.has(key)) continue;
    seen.add(key);
    stack.push(...(graph.assets.get(key)?.deps ?? []));
  }
  return false;
}

/** Splits what remains of a group by which of its assets each partition is to be made of. */
function classesOf(
  group: readonly string[],
  remaining: ReadonlyMap<string, PartitionSet>,
): { set: PartitionSet; assets: string[] }[] {
  let classes: { set: PartitionSet; assets: string[] }[] = [];
  for (const key of group) {
    let own = remaining.get(key)!;
    const next: typeof classes = [];
    for (const one of classes) {
      const both = intersectSets(one.set, own);
      own = subtractSets(own, both);
      if (!isEmptySet(both)) next.push({ set: both, assets: [...one.assets, key] });
      const rest = subtractSets(one.set, both);
      if (!isEmptySet(rest)) next.push({ set: rest, assets: one.assets });
    }
    if (!isEmptySet(own)) next.push({ set: own, assets: [key] });
    classes = next;
  }
  return classes;
}

/** The policy that suits every asset of a group: the one with the fewest partitions in a run. */
function policyOf(graph: WorkspaceGraph, group: readonly string[], overrule: BackfillPolicy | null): BackfillPolicy {
  if (overrule) return overrule;
  const policies = group.map((key) => graph.assets.get(key)!.backfill ?? "perPartition");
  if (policies.includes("perPartition")) return "perPartition";
  const sizes = policies.flatMap((policy) => (typeof policy === "object" ? [policy.chunks] : []));
  return sizes.length === 0 ? "single" : { chunks: Math.min(...sizes) };
}

/** Which partitions of a backfill's assets are meant. */
export type BackfillScope = { partitions: readonly string[] } | "all" | "latest";

/**
 * The targets of a backfill: of the most upstream partitioned assets those that are named, of the others those that need
 * any of them.
 * @throws UserError when the most upstream assets have different partitions, and at an unknown partition.
 */
export function backfillTargets(
  graph: WorkspaceGraph,
  partitions: WorkspacePartitions,
  keys: readonly string[],
  scope: BackfillScope,
): Map<string, PartitionSet> {
  const nodes = keys.map((key) => graph.assets.get(key)!).filter((node) => !node.external);
  const selected = new Set(nodes.map((node) => node.key));
  if (!nodes.some((node) => node.partitions))
    throw new UserError("a backfill needs an asset with partitions", { hint: "kc materialize makes assets without." });
  const targets = new Map<string, PartitionSet>();
  let first: AssetNode | undefined;
  for (const node of nodes) {
    const space = partitions.spaceOf(node.key);
    const upstream = node.deps.filter((dep) => selected.has(dep) && graph.assets.get(dep)!.partitions);
    if (upstream.length > 0) {
      const reached = upstream.map((dep) => partitions.downstream(dep, node.key, targets.get(dep)!)).reduce(unionSets);
      targets.set(node.key, intersectSets(reached, space.all()));
    } else if (!node.partitions) targets.set(node.key, space.all());
    else if (scope === "all") targets.set(node.key, space.all());
    else if (scope === "latest") targets.set(node.key, space.latest());
    else {
      first ??= node;
      if (!sameKeys(first.partitions!, node.partitions))
        throw new UserError(`"${first.key}" and "${node.key}" have different partitions, and nothing selected lies before both`, {
          hint: "Backfill them one after the other, or take all partitions.",
        });
      targets.set(node.key, space.parse(scope.partitions));
    }
  }
  return targets;
}
