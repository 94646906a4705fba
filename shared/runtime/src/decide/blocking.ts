import type { AssetNode, WorkspaceGraph } from "../graph.ts";
import type { AssetState, Run } from "../storage.ts";

/** A check whose latest result is a failure of severity ERROR. */
export interface FailedCheck {
  asset: string;
  name: string;
  at: number;
  runId: string | null;
  /** The partitions it failed for, of those that are asked about. */
  partitions?: string;
}

/** What a check of a partitioned asset says of the partitions that are asked about; undefined: nothing bad. */
export type FailingPartitions = (asset: string, check: string) => Pick<FailedCheck, "at" | "runId" | "partitions"> | undefined;

/**
 * The blocking checks of an asset whose latest result is a failure of severity ERROR; `everywhere`: only those that hold back
 * dependants in other runs and locations. A check that the asset no longer has holds nothing back. Pure.
 */
export function failedBlockingChecks(
  node: Pick<AssetNode, "key" | "checks" | "partitions">,
  state: Pick<AssetState, "checks"> | undefined,
  reach: "any" | "everywhere" = "any",
  failing?: FailingPartitions,
): FailedCheck[] {
  if (!state) return [];
  return node.checks.flatMap((check) => {
    if (!check.blocking || (reach === "everywhere" && !check.everywhere)) return [];
    if (node.partitions && failing) {
      const found = failing(node.key, check.name);
      return found ? [{ asset: node.key, name: check.name, ...found }] : [];
    }
    const result = state.checks[check.name];
    if (!result || result.passed || result.severity !== "ERROR") return [];
    return [{ asset: node.key, name: check.name, at: result.at, runId: result.runId }];
  });
}

/** Dependencies that a run reads and does not make, of which a check can hold it back. */
export function blockableDeps(graph: WorkspaceGraph, run: Pick<Run, "plan">): string[] {
  const own = new Set(run.plan.assets);
  const deps = new Set(run.plan.assets.flatMap((key) => graph.assets.get(key)?.deps ?? []));
  return [...deps].filter((key) => !own.has(key) && graph.assets.get(key)?.checks.some((check) => check.everywhere));
}

/**
 * What holds a queued run back until a check passes, as a person reads it; undefined when nothing does. Its dependencies'
 * checks count that block everywhere; what the run makes itself is checked within it.
 * @param failing Of dependencies with partitions: what their checks say of those that the run needs.
 */
export function heldByCheck(
  graph: WorkspaceGraph,
  run: Pick<Run, "plan">,
  states: ReadonlyMap<string, AssetState>,
  failing?: FailingPartitions,
): string | undefined {
  for (const key of blockableDeps(graph, run)) {
    const [first] = failedBlockingChecks(graph.assets.get(key)!, states.get(key), "everywhere", failing);
    if (first)
      return `waits for check ${first.asset}:${first.name} to pass${first.partitions ? ` for ${first.partitions}` : ""}: it blocks everywhere and failed${first.runId ? ` in run ${first.runId}` : ""}`;
  }
  return undefined;
}
