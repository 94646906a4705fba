import type { WorkspaceGraph } from "../graph.ts";
import type { PartitionContext } from "./axis.ts";
import { downstreamOf, upstreamOf } from "./map-set.ts";
import type { PartitionSet } from "./partition-set.ts";
import { type PartitionSpace, partitionSpace } from "./space.ts";

/** The partitions of all assets at one moment, and what leads from one asset's to another's. */
export interface WorkspacePartitions {
  /** An asset without partitions has one, without a name: its set is `all()` or nothing. */
  spaceOf(key: string): PartitionSpace;
  /** Partitions of a dependency that a set of an asset's partitions needs; of the asset itself: its own earlier ones. */
  upstream(key: string, dep: string, set: PartitionSet): PartitionSet;
  /** Partitions of a dependent that need any of a set of an asset's partitions. */
  downstream(key: string, dependent: string, set: PartitionSet): PartitionSet;
}

/** Cheap to make: what it works out is worked out when it is asked for. */
export function workspacePartitions(graph: WorkspaceGraph, context: PartitionContext): WorkspacePartitions {
  const spaces = new Map<string, PartitionSpace>();
  const byDefinition = new Map<unknown, PartitionSpace>();
  const spaceOf = (key: string): PartitionSpace => {
    let space = spaces.get(key);
    if (!space) {
      const definition = graph.assets.get(key)?.partitions;
      space = byDefinition.get(definition) ?? partitionSpace(definition, context);
      byDefinition.set(definition, space);
      spaces.set(key, space);
    }
    return space;
  };
  const mappingOf = (key: string, dep: string) => graph.assets.get(key)?.mappings[dep] ?? ({ type: "all" } as const);
  return {
    spaceOf,
    upstream: (key, dep, set) => upstreamOf(mappingOf(key, dep), spaceOf(key), spaceOf(dep), set),
    downstream: (key, dependent, set) => downstreamOf(mappingOf(dependent, key), spaceOf(dependent), spaceOf(key), set),
  };
}
