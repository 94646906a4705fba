import { UserError } from "./errors.ts";
import type { AssetNode, WorkspaceGraph } from "./graph.ts";
import type { PoolUse } from "./pool.ts";

export interface PlannedStep {
  /** Unique within the run: the step's name, with `#2` when it must run a second time. */
  key: string;
  /** Name of the step's definition. */
  name: string;
  assets: string[];
  /** Keys of the steps of this run that must succeed first. */
  needs: string[];
  /** Slots that it takes while it runs. */
  pool?: PoolUse;
  /** Checks that it carries out, as `key:name`, of assets that it does not make: `assets` is empty then. */
  checks?: string[];
  /** The partitions it makes of its assets: keys and ranges `first...last`, joined by commas. */
  partition?: string;
}

/** What one run does, within one location. Plain JSON: it is stored and sent to the worker. */
export interface PlannedRun {
  location: string;
  assets: string[];
  steps: PlannedStep[];
  /** Positions of earlier runs of the same request that must succeed first. */
  needs: number[];
}

/**
 * The fewest runs that make the assets, each within one location, in an order in which every run comes after those it
 * needs (a location may appear twice). External assets are left out.
 * @throws UserError when nothing is left to run, when an asset is part of a cycle, or when a step that cannot be split is selected in part.
 */
export function planRuns(graph: WorkspaceGraph, keys: readonly string[]): PlannedRun[] {
  const nodes = keys.map((key) => graph.assets.get(key)!).filter((node) => !node.external);
  if (nodes.length === 0)
    throw new UserError(
      keys.length === 0
        ? "the selection names no asset"
        : `nothing to run: ${keys.join(", ")} ${keys.length === 1 ? "is an external asset" : "are external assets"}`,
    );
  const wanted = new Set(nodes.map((node) => node.key));
  for (const node of nodes) if (!node.subset) requireWhole(graph, node, wanted);
  const chunks = fewestChunks(nodes, (node) => node.location);
  const runOf = new Map<string, number>();
  chunks.forEach((chunk, index) => {
    for (const node of chunk.nodes) runOf.set(node.key, index);
  });
  return chunks.map(({ group, nodes: members }, index) => ({
    location: group,
    assets: members.map((node) => node.key),
    steps: planSteps(members),
    needs: positions(
      members.flatMap((node) => node.deps.map((dep) => runOf.get(dep))),
      index,
    ),
  }));
}

function requireWhole(graph: WorkspaceGraph, node: AssetNode, wanted: ReadonlySet<string>): void {
  const missing = [...graph.assets.values()].filter(
    (other) => other.location === node.location && other.step === node.step && !wanted.has(other.key),
  );
  if (missing.length > 0)
    throw new UserError(`step "${node.step}" makes its assets together and cannot make "${node.key}" alone`, {
      hint: `Select ${missing.map((other) => `"${other.key}"`).join(", ")} too.`,
    });
}

function planSteps(nodes: readonly AssetNode[]): PlannedStep[] {
  const chunks = fewestChunks(nodes, (node) => node.step);
  const stepOf = new Map<string, number>();
  const seen = new Map<string, number>();
  const keys = chunks.map(({ group }) => {
    const count = (seen.get(group) ?? 0) + 1;
    seen.set(group, count);
    return count === 1 ? group : `${group}#${count}`;
  });
  chunks.forEach((chunk, index) => {
    for (const node of chunk.nodes) stepOf.set(node.key, index);
  });
  return chunks.map(({ group, nodes: members }, index) => {
    const split = members.find((node) => !node.subset && seen.get(group)! > 1);
    if (split)
      throw new UserError(
        `step "${group}" makes its assets together, but another selected asset lies between them in the lineage`,
        { hint: "Let its multiAsset be a subset, or split it." },
      );
    const needs = positions(
      members.flatMap((node) => node.deps.map((dep) => stepOf.get(dep))),
      index,
    );
    const pool = members.find((node) => node.pool)?.pool;
    return {
      key: keys[index]!,
      name: group,
      assets: members.map((node) => node.key),
      needs: needs.map((need) => keys[need]!),
      ...(pool ? { pool } : {}),
    };
  });
}

const positions = (found: readonly (number | undefined)[], self: number): number[] =>
  [...new Set(found)].filter((position): position is number => position !== undefined && position !== self).sort((a, b) => a - b);

interface Chunk {
  group: string;
  nodes: AssetNode[];
}

/**
 * Cuts the nodes into as few chunks as possible, each of one group and each closed under the dependencies that are not
 * in earlier chunks. Picking a group always takes all of it that is possible by then, so an answer is a sequence of
 * groups: searched breadth first, and by the largest harvest once the search grows too wide.
 */
function fewestChunks(nodes: readonly AssetNode[], groupOf: (node: AssetNode) => string): Chunk[] {
  const inside = new Set(nodes.map((node) => node.key));
  const groups = new Map<string, AssetNode[]>();
  for (const node of nodes) {
    const members = groups.get(groupOf(node));
    if (members) members.push(node);
    else groups.set(groupOf(node), [node]);
  }
  const harvest = (group: string, done: ReadonlySet<string>): AssetNode[] => {
    // Nodes come in dependency order, so one pass finds the closure.
    const taken = new Set<string>();
    return groups.get(group)!.filter((node) => {
      if (done.has(node.key) || node.deps.some((dep) => inside.has(dep) && !done.has(dep) && !taken.has(dep))) return false;
      taken.add(node.key);
      return true;
    });
  };
  const edges = groupEdges(nodes, groupOf);
  const acyclic = groupOrder(groups, edges);
  if (acyclic) return acyclic.map((group) => ({ group, nodes: groups.get(group)! }));
  return search(nodes, groups, harvest);
}

function groupEdges(nodes: readonly AssetNode[], groupOf: (node: AssetNode) => string): Map<string, Set<string>> {
  const groupOfKey = new Map(nodes.map((node) => [node.key, groupOf(node)]));
  const edges = new Map<string, Set<string>>();
  for (const node of nodes)
    for (const dep of node.deps) {
      const from = groupOfKey.get(dep);
      const to = groupOf(node);
      if (from === undefined || from === to) continue;
      edges.set(to, (edges.get(to) ?? new Set()).add(from));
    }
  return edges;
}

/** The groups in order when no group needs another that needs it: then every group is one chunk. */
function groupOrder(groups: ReadonlyMap<string, AssetNode[]>, edges: ReadonlyMap<string, Set<string>>): string[] | undefined {
  const waiting = new Map([...groups.keys()].map((group) => [group, edges.get(group)?.size ?? 0]));
  const dependents = new Map<string, string[]>();
  for (const [to, froms] of edges) for (const from of froms) dependents.set(from, [...(dependents.get(from) ?? []), to]);
  const order = [...groups.keys()].filter((group) => waiting.get(group) === 0);
  for (let next = 0; next < order.length; next++)
    for (const dependent of dependents.get(order[next]!) ?? []) {
      const left = waiting.get(dependent)! - 1;
      waiting.set(dependent, left);
      if (left === 0) order.push(dependent);
    }
  return order.length === groups.size ? order : undefined;
}

function search(
  nodes: readonly AssetNode[],
  groups: ReadonlyMap<string, readonly AssetNode[]>,
  harvest: (group: string, done: ReadonlySet<string>) => AssetNode[],
): Chunk[] {
  /** `left` is the number of nodes of each group that is not finished, `sum` tells states apart by what is done. */
  type State = { done: Set<string>; sum: number; chunks: Chunk[]; left: Map<string, number> };
  // Sums of mixed positions: should two states ever share one, one of two correct plans is not looked at.
  const weights = new Map(nodes.map((node, at) => [node.key, Math.imul(at + 1, 0x9e3779b1) >>> 0]));
  const widest = 200;
  const all = new Map([...groups].map(([group, members]) => [group, members.length]));
  let front: State[] = [{ done: new Set(), sum: 0, chunks: [], left: all }];
  for (;;) {
    const next = new Map<number, State>();
    for (const state of front) {
      let moves = [...state.left.keys()].map((group): Chunk => ({ group, nodes: harvest(group, state.done) }));
      // To finish a group costs the one chunk that it costs in any case and only opens ways: nothing else can be better.
      const finishing = moves.find(({ group, nodes }) => nodes.length === state.left.get(group));
      if (finishing) moves = [finishing];
      for (const { group, nodes: taken } of moves) {
        if (taken.length === 0) continue;
        const sum = taken.reduce((total, node) => total + weights.get(node.key)!, state.sum);
        if (next.has(sum)) continue;
        const done = new Set(state.done);
        for (const node of taken) done.add(node.key);
        const left = new Map(state.left);
        if (taken.length === left.get(group)) left.delete(group);
        else left.set(group, left.get(group)! - taken.length);
        const reached = { done, sum, left, chunks: [...state.chunks, { group, nodes: taken }] };
        if (done.size === nodes.length) return reached.chunks;
        next.set(sum, reached);
      }
    }
    if (next.size === 0)
      throw new UserError("the selected assets depend on each other in a circle", { hint: "kc check names the cycle." });
    front = [...next.values()].sort((a, b) => b.done.size - a.done.size).slice(0, widest);
  }
}
