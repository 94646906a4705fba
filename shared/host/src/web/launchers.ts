import type { AssetNode, ScheduleSnapshot, SensorSnapshot, WorkspaceGraph } from "@kc/runtime/internal";
import { type Instigator, instigators } from "../daemon/instigators.ts";
import { selectOrNone } from "../daemon/ticks.ts";
import type { WebContext } from "./context.ts";

// Selections of one graph are evaluated once: a location may have hundreds of jobs.
const known = new WeakMap<WorkspaceGraph, Map<string, ReadonlySet<string>>>();

function selected(graph: WorkspaceGraph, selection: string): ReadonlySet<string> {
  const ofGraph = known.get(graph) ?? new Map<string, ReadonlySet<string>>();
  known.set(graph, ofGraph);
  const keys = ofGraph.get(selection) ?? new Set(selectOrNone(graph, selection));
  ofGraph.set(selection, keys);
  return keys;
}

/** What makes an asset by itself: the schedules and sensors that target it and the sensor of its condition, and the jobs it is in. */
export async function launchersOf(
  { workspace, storage }: Pick<WebContext, "workspace" | "storage">,
  node: AssetNode,
): Promise<{ jobs: string[]; by: Instigator<ScheduleSnapshot | SensorSnapshot>[] }> {
  const graph = workspace.graph();
  const has = (selection: string | undefined) => selection !== undefined && selected(graph, selection).has(node.key);
  const jobs = (workspace.location(node.location)?.snapshot?.jobs ?? []).filter((job) => has(job.selection));
  // They launch what is of their own location.
  const own = ({ location }: Instigator<unknown>) => location.entry.name === node.location;
  const schedules = (await instigators(workspace, storage, "schedule")).filter(own);
  const sensors = (await instigators(workspace, storage, "sensor")).filter(own);
  const automated = sensors.filter(({ definition }) => definition.type === "automation" && has(definition.selection));
  // Of several the one of all assets takes those that are left.
  const condition = automated.find(({ definition }) => definition.selection !== "*") ?? automated[0];
  return {
    jobs: jobs.map((job) => job.name),
    by: [
      ...schedules.filter(({ definition }) => has(definition.target)),
      ...sensors.filter(({ definition }) => has(definition.target)),
      ...(node.automation && condition ? [condition] : []),
    ],
  };
}
