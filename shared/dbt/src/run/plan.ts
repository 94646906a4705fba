import type { Manifest, ManifestNode } from "../manifest.ts";
import { graphOf } from "../select/select.ts";

export interface PlannedNode {
  node: ManifestNode;
  /** Unique ids within the plan that must end first. */
  after: Set<string>;
}

/**
 * What runs, and what must end before it. Models wait for their nearest selected ancestors; with `testsGate` (dbt build) also for
 * the tests of what they are built from, so that bad data stops at the model that has it.
 */
export function planRun(manifest: Manifest, ids: readonly string[], testsGate: boolean): PlannedNode[] {
  const graph = graphOf(manifest);
  const chosen = new Set(ids);
  const plan = new Map(ids.map((id) => [id, { node: graph.nodes.get(id)!, after: nearest(id, graph.parents, chosen) }]));
  if (testsGate) {
    const ancestors = new Map(ids.map((id) => [id, above(id, graph.parents)]));
    const tests = ids.filter((id) => graph.nodes.get(id)!.resource_type === "test");
    for (const [id, planned] of plan) {
      if (planned.node.resource_type === "test") continue;
      for (const test of tests) {
        const needs = graph.parents.get(test)!;
        if (needs.length > 0 && needs.every((parent) => ancestors.get(id)!.has(parent))) planned.after.add(test);
      }
    }
  }
  return [...plan.values()];
}

/** Selected ancestors reached without passing another selected one. */
function nearest(id: string, parents: Map<string, string[]>, chosen: Set<string>): Set<string> {
  const out = new Set<string>();
  const seen = new Set<string>();
  const visit = (at: string): void => {
    for (const parent of parents.get(at) ?? []) {
      if (seen.has(parent)) continue;
      seen.add(parent);
      if (chosen.has(parent)) out.add(parent);
      else visit(parent);
    }
  };
  visit(id);
  return out;
}

function above(id: string, parents: Map<string, string[]>): Set<string> {
  const seen = new Set<string>();
  const queue = [id];
  for (let at = queue.pop(); at !== undefined; at = queue.pop())
    for (const parent of parents.get(at) ?? [])
      if (!seen.has(parent)) {
        seen.add(parent);
        queue.push(parent);
      }
  return seen;
}
