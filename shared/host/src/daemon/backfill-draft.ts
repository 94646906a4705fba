import {
  type Backfill,
  isEmptySet,
  type PartitionSet,
  type PartitionsByAsset,
  subtractSets,
  unionSets,
  type WorkspacePartitions,
} from "@kc/runtime/internal";
import { setOf } from "./backfill-ends.ts";

/** A part of a backfill that changes: by name, or the level of `tries`. */
type Part = "requested" | "done" | "failed" | "skipped" | number;

/**
 * A backfill while one look at it goes on: what changes is held as sets and written once, however many runs have ended.
 * Reading and writing a list of many keys for each of them would cost their product.
 */
export interface BackfillDraft {
  readonly status: Backfill["status"];
  get(part: Part, key: string): PartitionSet;
  add(part: Part, key: string, set: PartitionSet): void;
  remove(part: Part, key: string, set: PartitionSet): void;
  /** The backfill with all changes. */
  written(): Backfill;
}

export function backfillDraft(partitions: WorkspacePartitions, backfill: Backfill): BackfillDraft {
  const sets = new Map<Part, Map<string, PartitionSet>>();
  const changed = new Map<Part, Set<string>>();
  const textsOf = (part: Part): PartitionsByAsset => (typeof part === "number" ? backfill.tries?.[part] : backfill[part]) ?? {};
  const get = (part: Part, key: string): PartitionSet => {
    const known = sets.get(part) ?? new Map<string, PartitionSet>();
    sets.set(part, known);
    const set = known.get(key) ?? setOf(partitions, key, textsOf(part)[key]);
    known.set(key, set);
    return set;
  };
  const change = (part: Part, key: string, join: typeof unionSets, set: PartitionSet) => {
    if (isEmptySet(set)) return;
    const before = get(part, key);
    const after = join(before, set);
    if (after === before) return;
    sets.get(part)!.set(key, after);
    changed.set(part, (changed.get(part) ?? new Set()).add(key));
  };
  const write = (part: Part): PartitionsByAsset => {
    const texts = { ...textsOf(part) };
    for (const key of changed.get(part) ?? []) {
      const space = partitions.spaceOf(key);
      const set = sets.get(part)!.get(key)!;
      if (isEmptySet(set)) delete texts[key];
      else texts[key] = space.definition ? space.kept(set) : [];
    }
    return texts;
  };
  return {
    status: backfill.status,
    get,
    add: (part, key, set) => change(part, key, unionSets, set),
    remove: (part, key, set) => change(part, key, subtractSets, set),
    written() {
      const parts = [...changed.keys()];
      const named = parts.filter((part) => typeof part !== "number");
      const levels = parts.filter((part) => typeof part === "number");
      const tries = [...(backfill.tries ?? [])];
      for (const level of levels.sort()) tries[level] = write(level);
      return {
        ...backfill,
        ...Object.fromEntries(named.map((part) => [part, write(part)])),
        ...(levels.length > 0 ? { tries: Array.from(tries, (one) => one ?? {}) } : {}),
      };
    },
  };
}
