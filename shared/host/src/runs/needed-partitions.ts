import { partitionTexts, type Run, type RunInput, type WorkspaceGraph, type WorkspacePartitions } from "@kc/runtime/internal";

/** By asset and dependency: the partitions of the dependency that the run's partitions need. */
export function neededPartitions(
  run: Run,
  graph: WorkspaceGraph,
  partitions: WorkspacePartitions,
): NonNullable<RunInput["upstreamPartitions"]> {
  const needed: NonNullable<RunInput["upstreamPartitions"]> = {};
  for (const step of run.plan.steps)
    for (const asset of step.assets) {
      const mappings = Object.keys(graph.assets.get(asset)?.mappings ?? {});
      const partitioned = mappings.filter((dep) => graph.assets.get(dep)?.partitions);
      if (partitioned.length === 0) continue;
      const space = partitions.spaceOf(asset);
      const own = space.definition ? space.read(partitionTexts(step.partition)) : space.all();
      needed[asset] = Object.fromEntries(
        partitioned.map((dep) => [dep, partitions.spaceOf(dep).text(partitions.upstream(asset, dep, own))]),
      );
    }
  return needed;
}
