import type { PartitionRequest, Tick } from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";

/**
 * Adds and deletes keys of dynamic partitions as a sensor asks for; what is there (or gone) already is left. Answers what
 * was done, for the tick's log.
 * @throws UserError when no asset has a dynamic definition of the name, or a key is none.
 */
export async function applyPartitions(
  { partitions }: Pick<DaemonContext, "partitions">,
  requests: readonly PartitionRequest[],
): Promise<Tick["logs"]> {
  const lines: Tick["logs"] = [];
  for (const { definition, add = [], delete: gone = [] } of requests) {
    const { added, deleted } = await partitions.change(definition, { add, delete: gone });
    const left = add.length + gone.length - added.length - deleted.length;
    const message = `partitions ${definition}: ${added.length} added, ${deleted.length} deleted, ${left} left as they were`;
    lines.push({ level: "info", message });
  }
  return lines;
}
