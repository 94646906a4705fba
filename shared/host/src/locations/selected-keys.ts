import { requireNames, select } from "@kc/runtime/internal";
import type { Workspace } from "./workspace.ts";

/**
 * The keys that a person's selection names, in dependency order; without one all of them.
 * @throws UserError when it does not parse, or a filter of it names nothing.
 */
export function selectedKeys(workspace: Pick<Workspace, "graph" | "locations">, selection: string | undefined): string[] {
  const graph = workspace.graph();
  if (!selection) return [...graph.order];
  const locations = workspace.locations().map((state) => state.entry.name);
  requireNames(graph, selection, locations);
  return select(graph, selection);
}
