import { type PartitionRow, type PartitionSet, type PartitionSpace, partitionStatus, subtractSets } from "@kc/runtime/internal";

/**
 * The partitions that were made after an event and did not fail again since.
 * @param rows What is known of the asset's partitions; those with newer events are enough.
 */
export function madeSince(space: PartitionSpace, rows: readonly PartitionRow[], eventId: number): PartitionSet {
  const newer = rows.map((row) => ({
    ...row,
    materialized: row.materialized && row.materialized.eventId > eventId ? row.materialized : null,
    failedEventId: row.failedEventId !== null && row.failedEventId > eventId ? row.failedEventId : null,
  }));
  const { materialized, failed } = partitionStatus(space, newer);
  return subtractSets(materialized, failed);
}
