import type { PartitionRequest, Tick } from "@kc/runtime/internal";
import { UserError } from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";

/**
 * Adds and deletes keys of dynamic partitions as a sensor asks for; what is there (or gone) already is left. Answers what
 * was done, for the tick's log.
 * @throws UserError when the location has no such definition.
 */
export async function applyPartitions(
  _context: DaemonContext,
  location: string,
  requests: readonly PartitionRequest[],
): Promise<Tick["logs"]> {
  if (requests.length === 0) return [];
  throw new UserError(
    `location ${location} asks for keys of the dynamic partitions "${requests[0]!.definition}": this version keeps no dynamic partitions`,
  );
}
