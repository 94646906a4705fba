import { didYouMean } from "./errors.ts";
import { describePartitions } from "./partition/definition.ts";
import { defaultMapping, mappingProblem, type PartitionMapping } from "./partition/mapping.ts";
import type { AssetSnapshot, LocationSnapshot } from "./snapshot.ts";

/** An asset's place in the workspace. */
export interface AssetNode extends AssetSnapshot {
  location: string;
  dependents: string[];
  /** By dependency, for all of them where either side has partitions; for the asset itself when it needs its own earlier ones. */
  mappings: Record<string, PartitionMapping>;
}

/** The lineage of all locations together. */
export interface WorkspaceGraph {
  assets: ReadonlyMap<string, AssetNode>;
  /** Keys so that every dependency comes before its dependents; assets of a cycle last. */
  order: readonly string[];
}

export interface GraphProblem {
  kind: "duplicate" | "dangling" | "cycle" | "partitions" | "selection" | "formerly";
  assets: string[];
  locations: string[];
  message: string;
}

/**
 * Joins the locations' assets into one graph. Never throws: what is wrong with the edges is in `problems`.
 * `remembered` are committed keys of locations that are not loaded now: they stand as external assets.
 */
export function buildGraph(
  locations: readonly LocationSnapshot[],
  remembered: readonly { location: string; keys: readonly string[] }[] = [],
): { graph: WorkspaceGraph; problems: GraphProblem[] } {
  const assets = new Map<string, AssetNode>();
  const problems: GraphProblem[] = [];
  for (const location of locations)
    for (const asset of location.assets) {
      const other = assets.get(asset.key);
      if (other) {
        const places = [other.where, asset.where].filter(Boolean).join(" and ");
        problems.push({
          kind: "duplicate",
          assets: [asset.key],
          locations: [other.location, location.name],
          message: `asset "${asset.key}" is defined in location ${other.location} and in location ${location.name}${places ? ` (${places})` : ""}: a key belongs to one location; the first keeps it`,
        });
      } else {
        // An asset that needs its own earlier partitions is no cycle: the mapping keeps it, the lineage does not.
        const deps = ownPast(asset) ? asset.deps.filter((dep) => dep !== asset.key) : asset.deps;
        assets.set(asset.key, { ...asset, deps, location: location.name, dependents: [], mappings: { ...asset.mappings } });
      }
    }
  const loaded = new Set(locations.map((location) => location.name));
  for (const { location, keys } of remembered)
    if (!loaded.has(location)) for (const key of keys) if (!assets.has(key)) assets.set(key, absent(key, location));
  for (const node of [...assets.values()])
    for (const dep of node.deps) {
      const upstream = assets.get(dep);
      if (upstream) {
        upstream.dependents.push(node.key);
        const problem = mapEdge(node, upstream);
        if (problem) problems.push(problem);
      } else
        problems.push({
          kind: "dangling",
          assets: [node.key, dep],
          locations: [node.location],
          message: `asset "${node.key}" (location ${node.location}${node.where ? `, ${node.where}` : ""}) depends on "${dep}", which no location defines.${didYouMean(dep, assets.keys())}`,
        });
    }
  const { order, cycle } = sort(assets);
  if (cycle.length > 0) {
    const places = cycle.flatMap((key) => (assets.get(key)!.where ? [`${key} at ${assets.get(key)!.where}`] : []));
    problems.push({
      kind: "cycle",
      assets: cycle,
      locations: [...new Set(cycle.map((key) => assets.get(key)!.location))],
      message: `cyclic dependency: ${[...cycle, cycle[0]].join(" -> ")}${places.length > 0 ? ` (${places.join(", ")})` : ""}`,
    });
  }
  return { graph: { assets, order }, problems };
}

/** Whether an asset depends on itself by windows that lie before its own. */
function ownPast(asset: AssetSnapshot): boolean {
  const own = asset.mappings?.[asset.key];
  return own?.type === "window" && own.endOffset < 0 && asset.partitions?.type === "time";
}

/** Gives an edge its mapping. One that does not fit is told, and needs everything until it is mended. */
function mapEdge(node: AssetNode, upstream: AssetNode): GraphProblem | undefined {
  if (!node.partitions && !upstream.partitions) {
    delete node.mappings[upstream.key];
    return undefined;
  }
  const chosen = node.mappings[upstream.key];
  const mapping = chosen ?? defaultMapping(node.partitions, upstream.partitions);
  const why = mapping ? mappingProblem(mapping, node.partitions, upstream.partitions) : "their keys are not the same";
  node.mappings[upstream.key] = why === undefined ? mapping! : { type: "all" };
  if (why === undefined) return undefined;
  const described = (one: AssetNode) => (one.partitions ? describePartitions(one.partitions) : "no partitions");
  return {
    kind: "partitions",
    assets: [node.key, upstream.key],
    locations: [...new Set([node.location, upstream.location])],
    message: `asset "${node.key}" (location ${node.location}${node.where ? `, ${node.where}` : ""}; ${described(node)}) cannot be mapped to the partitions of "${upstream.key}" (${described(upstream)}): ${why}${why.endsWith("?") ? "" : "."} Give the dependency a mapping: { key: "${upstream.key}", mapping: mapping.all() }.`,
  };
}

function absent(key: string, location: string): AssetNode {
  return {
    key,
    location,
    step: key,
    deps: [],
    dependents: [],
    mappings: {},
    group: "default",
    owners: [],
    kinds: [],
    tags: {},
    metadata: {},
    checks: [],
    external: true,
    subset: true,
    resources: [],
  };
}

function sort(assets: ReadonlyMap<string, AssetNode>): { order: string[]; cycle: string[] } {
  const waiting = new Map<string, number>();
  const order: string[] = [];
  for (const node of assets.values()) {
    const count = node.deps.filter((dep) => assets.has(dep)).length;
    waiting.set(node.key, count);
    if (count === 0) order.push(node.key);
  }
  for (let next = 0; next < order.length; next++)
    for (const dependent of assets.get(order[next]!)!.dependents) {
      const left = waiting.get(dependent)! - 1;
      waiting.set(dependent, left);
      if (left === 0) order.push(dependent);
    }
  const stuck = [...waiting].filter(([, count]) => count > 0).map(([key]) => key);
  return { order: [...order, ...stuck], cycle: stuck.length > 0 ? findCycle(assets, new Set(stuck)) : [] };
}

function findCycle(assets: ReadonlyMap<string, AssetNode>, stuck: ReadonlySet<string>): string[] {
  // Every stuck node has a stuck dependency, so walking dependencies must come back to a node already passed.
  const path: string[] = [];
  let at = [...stuck][0]!;
  while (!path.includes(at)) {
    path.push(at);
    at = assets.get(at)!.deps.find((dep) => stuck.has(dep))!;
  }
  return path.slice(path.indexOf(at)).reverse();
}

/** Keys reached from `start` along `direction`, `start` included, at most `depth` edges away. */
export function reach(
  graph: WorkspaceGraph,
  start: Iterable<string>,
  direction: "deps" | "dependents",
  depth = Number.POSITIVE_INFINITY,
): Set<string> {
  const found = new Set(start);
  let front = [...found];
  for (let step = 0; step < depth && front.length > 0; step++) {
    const next: string[] = [];
    for (const key of front)
      for (const other of graph.assets.get(key)?.[direction] ?? [])
        if (graph.assets.has(other) && !found.has(other)) {
          found.add(other);
          next.push(other);
        }
    front = next;
  }
  return found;
}
