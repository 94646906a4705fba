import type { NewEvent, Storage, StoredEvent } from "@kc/runtime/internal";
import type { Memory } from "./state.ts";

type Part = Pick<Storage, "partitionRows" | "checkRows" | "dynamicPartitions" | "changeDynamicPartitions">;

/** What is known of partitions, and the keys of dynamic ones. */
export function memoryPartitions(memory: Memory, insert: (events: readonly NewEvent[]) => StoredEvent[]): Part {
  return {
    async partitionRows(asset, after = 0) {
      const rows = [...(memory.partitions.get(asset)?.values() ?? [])];
      return rows
        .filter(({ changed }) => changed > after)
        .map(({ row }) => row)
        .sort((a, b) => (a.partition < b.partition ? -1 : 1));
    },
    async checkRows(asset, after = 0) {
      return [...(memory.checks.get(asset)?.values() ?? [])].filter(({ eventId }) => eventId > after);
    },
    async dynamicPartitions() {
      return new Map([...memory.dynamic].filter(([, keys]) => keys.size > 0).map(([name, keys]) => [name, [...keys]]));
    },
    async changeDynamicPartitions(name, change) {
      const keys = memory.dynamic.get(name) ?? new Set<string>();
      const added = [...new Set(change.add ?? [])].filter((key) => !keys.has(key));
      const deleted = [...new Set(change.delete ?? [])].filter((key) => keys.has(key));
      if (added.length === 0 && deleted.length === 0) return { added, deleted, events: [] };
      for (const key of deleted) keys.delete(key);
      for (const key of added) keys.add(key);
      memory.dynamic.set(name, keys);
      const events = insert([{ type: "dynamic_partitions", at: change.at, fields: { name, added, deleted } }]);
      return { added, deleted, events };
    },
  };
}
