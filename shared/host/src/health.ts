import { type AssetNode, type AssetState, countChecks, type HealthInput } from "@kc/runtime/internal";
import type { LivePartitions } from "./partitions.ts";

/** What an asset's health is made of: also how many of its partitions are made, fail, and are found bad by checks. */
export async function healthInput(
  partitions: LivePartitions,
  node: AssetNode,
  state: AssetState | undefined,
): Promise<HealthInput> {
  const freshness = node.freshness ? (state?.freshness ?? "unknown") : undefined;
  if (!node.partitions) return { node, state, freshness };
  const space = partitions.now().spaceOf(node.key);
  const { materialized, failed } = await partitions.status(node.key);
  const names = node.checks.map((check) => check.name);
  return {
    ...{ node, state, freshness },
    partitions: { made: space.count(materialized), failed: space.count(failed) },
    ...(names.length > 0 ? { checks: countChecks(space, await partitions.checks(node.key), names) } : {}),
  };
}
