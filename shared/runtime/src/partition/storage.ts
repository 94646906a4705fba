import type { StoredEvent } from "../event.ts";
import type { CheckRow } from "./check-status.ts";
import type { PartitionRow } from "./status.ts";

/** The part of the storage contract that keeps partitions. */
export interface PartitionStorage {
  /** What is known of the partitions of an asset; those with events newer than `after` only. */
  partitionRows(asset: string, after?: number): Promise<PartitionRow[]>;
  /**
   * The latest results of an asset's checks by partition, and which partitions were wiped; those of events newer than `after`
   * only. Wiping the whole asset leaves none.
   */
  checkRows(asset: string, after?: number): Promise<CheckRow[]>;
  /** All keys of all dynamic definitions, by name, in the order they were added. */
  dynamicPartitions(): Promise<Map<string, string[]>>;
  /**
   * Adds and deletes keys; those that exist already, or do not, are left out of the answer. A change is an event of type
   * `dynamic_partitions`, with `fields` `{ name, added, deleted }`. What is known of a deleted key's partition stays.
   */
  changeDynamicPartitions(
    name: string,
    change: { add?: readonly string[]; delete?: readonly string[]; at: number },
  ): Promise<{ added: string[]; deleted: string[]; events: StoredEvent[] }>;
}
