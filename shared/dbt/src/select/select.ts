import { DbtError } from "../errors.ts";
import { allNodes, type Manifest, type ManifestNode, parentsOf } from "../manifest.ts";
import { type Criterion, matches, parseCriterion } from "./criterion.ts";

export type IndirectSelection = "eager" | "cautious" | "buildable" | "empty";

export interface Selection {
  /** Each text: criteria joined by "," intersect; separated by spaces, and the texts among each other, they unite. Default: everything. */
  select?: readonly string[] | undefined;
  exclude?: readonly string[] | undefined;
  resourceTypes?: readonly string[] | undefined;
  /** Which tests a selected model brings with it. Default eager: every test that touches it. */
  indirect?: IndirectSelection | undefined;
}

/**
 * Unique ids that a selection names, sorted. Works on any manifest, without the project.
 * @throws DbtError when the selection is malformed.
 */
export function selectNodes(manifest: Manifest, selection: Selection = {}): string[] {
  const graph = graphOf(manifest);
  const wanted =
    selection.select && selection.select.length > 0 ? united(graph, selection.select, selection) : new Set(graph.nodes.keys());
  for (const id of selection.exclude ? united(graph, selection.exclude, { ...selection, indirect: "eager" }) : [])
    wanted.delete(id);
  const types = selection.resourceTypes;
  return [...wanted].filter((id) => !types || types.includes(graph.nodes.get(id)!.resource_type)).sort();
}

interface Graph {
  nodes: Map<string, ManifestNode>;
  parents: Map<string, string[]>;
  children: Map<string, string[]>;
}

/** Parents and children of all enabled nodes; ids that are not in the manifest are left out. */
export function graphOf(manifest: Manifest): Graph {
  const nodes = new Map([...allNodes(manifest)].filter(([, node]) => node.config?.enabled !== false));
  const parents = new Map<string, string[]>();
  const children = new Map<string, string[]>([...nodes.keys()].map((id) => [id, []]));
  for (const [id, node] of nodes) {
    const known = parentsOf(node).filter((parent) => nodes.has(parent));
    parents.set(id, known);
    for (const parent of known) children.get(parent)!.push(id);
  }
  return { nodes, parents, children };
}

function united(graph: Graph, texts: readonly string[], selection: Selection): Set<string> {
  const out = new Set<string>();
  for (const text of texts) {
    for (const union of text.split(/\s+/).filter(Boolean)) {
      const sets = union.split(",").map((part) => expanded(graph, parseCriterion(part), selection.indirect ?? "eager"));
      const [first, ...rest] = sets;
      if (!first) throw new DbtError("usage", `"${text}" is not a selection`);
      for (const id of first) if (rest.every((set) => set.has(id))) out.add(id);
    }
  }
  return out;
}

/** The nodes of a criterion with its graph operators, and the tests that come along. */
function expanded(graph: Graph, criterion: Criterion, indirect: IndirectSelection): Set<string> {
  const fits = matches(criterion);
  const direct = new Set([...graph.nodes].filter(([, node]) => fits(node)).map(([id]) => id));
  const out = new Set(direct);
  if (criterion.childrensParents) {
    const below = reach(graph.children, direct, Number.POSITIVE_INFINITY);
    for (const id of [...below, ...reach(graph.parents, below, Number.POSITIVE_INFINITY)]) out.add(id);
  }
  for (const id of reach(graph.parents, direct, criterion.parents)) out.add(id);
  for (const id of reach(graph.children, direct, criterion.children)) out.add(id);
  // A test is never a step on the way: it joins by the models it touches.
  if (indirect !== "empty" && !["test_type", "test_name"].includes(criterion.method)) {
    const withParents = new Set([...out, ...reach(graph.parents, out, Number.POSITIVE_INFINITY)]);
    for (const [id, node] of graph.nodes) {
      if (node.resource_type !== "test" || out.has(id)) continue;
      const needs = graph.parents.get(id)!;
      const touches = needs.some((parent) => out.has(parent));
      const allowed =
        indirect === "eager" ? true : needs.every((parent) => (indirect === "cautious" ? out : withParents).has(parent));
      if (touches && allowed) out.add(id);
    }
  }
  return out;
}

/** Everything within so many steps, the start included. */
function reach(edges: Map<string, string[]>, from: Iterable<string>, depth: number): Set<string> {
  const seen = new Set(from);
  let edge = [...seen];
  for (let step = 0; step < depth && edge.length > 0; step++) {
    const next: string[] = [];
    for (const id of edge)
      for (const other of edges.get(id) ?? [])
        if (!seen.has(other)) {
          seen.add(other);
          next.push(other);
        }
    edge = next;
  }
  return seen;
}
