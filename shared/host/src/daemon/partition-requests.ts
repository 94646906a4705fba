import { didYouMean, type PartitionRequest, type PartitionsDefinition, type Tick, UserError } from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";

/**
 * Adds and deletes keys of dynamic partitions as a sensor asks for; what is there (or gone) already is left. Answers what
 * was done, for the tick's log. All names are checked before anything is changed.
 * @throws UserError when no asset has a dynamic definition of the name.
 */
export async function applyPartitions(
  { workspace, log, clock }: Pick<DaemonContext, "workspace" | "log" | "clock">,
  requests: readonly PartitionRequest[],
): Promise<Tick["logs"]> {
  if (requests.length === 0) return [];
  const names = new Set([...workspace.graph().assets.values()].flatMap(({ partitions }) => dynamicNames(partitions)));
  for (const { definition } of requests)
    if (!names.has(definition))
      throw new UserError(`no asset has dynamic partitions "${definition}".${didYouMean(definition, names)}`);
  const lines: Tick["logs"] = [];
  for (const { definition, add = [], delete: gone = [] } of requests) {
    const change = await log.changeDynamicPartitions(definition, { add, delete: gone, at: clock.now() });
    const left = add.length + gone.length - change.added.length - change.deleted.length;
    const message = `partitions ${definition}: ${change.added.length} added, ${change.deleted.length} deleted, ${left} left as they were`;
    lines.push({ level: "info", message });
  }
  return lines;
}

function dynamicNames(definition: PartitionsDefinition | undefined): string[] {
  if (definition?.type === "dynamic") return [definition.name];
  return definition?.type === "multi" ? Object.values(definition.dimensions).flatMap(dynamicNames) : [];
}
