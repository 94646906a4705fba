import type { PartitionContext } from "./axis.ts";
import type { PartitionsDefinition } from "./definition.ts";
import type { PartitionSet } from "./partition-set.ts";

/** The sets of long lists of keys that were read or written of late: what goes on is read again at every look. */
export interface ReadMemory {
  find(texts: readonly string[]): PartitionSet | undefined;
  /** A list that was read. */
  keep(texts: readonly string[], set: PartitionSet): void;
  /** A list that was made of a set: found as this very list only. */
  made(texts: readonly string[], set: PartitionSet): void;
}

/** Shorter lists are read as fast as they are found. */
const shortest = 32;
/** Characters of all lists of one definition together. */
const most = 8_000_000;

interface Memory extends ReadMemory {
  /** The lists of keys that the sets are of: positions mean nothing with others. */
  lists: readonly (readonly string[])[];
}

const memories = new WeakMap<PartitionsDefinition, Memory>();

/** What was read of a definition, as long as its dynamic keys are the same. */
export function readMemory(definition: PartitionsDefinition, context: PartitionContext): ReadMemory {
  const dimensions = definition.type === "multi" ? Object.values(definition.dimensions) : [definition];
  const lists = dimensions.flatMap((one) => (one.type === "dynamic" ? [context.dynamicKeys(one.name)] : []));
  const known = memories.get(definition);
  if (known && known.lists.length === lists.length && known.lists.every((list, index) => list === lists[index])) return known;
  const sets = new Map<string, PartitionSet>();
  // What is held in memory comes again as the very same list: to spell a hundred thousand keys takes milliseconds.
  const same = new WeakMap<readonly string[], PartitionSet>();
  let size = 0;
  const memory: Memory = {
    lists,
    find(texts) {
      if (texts.length < shortest) return undefined;
      const known = same.get(texts) ?? sets.get(texts.join());
      if (known) same.set(texts, known);
      return known;
    },
    made(texts, set) {
      if (texts.length >= shortest) same.set(texts, set);
    },
    keep(texts, set) {
      if (texts.length < shortest) return;
      same.set(texts, set);
      const text = texts.join();
      if (sets.has(text) || text.length > most) return;
      sets.set(text, set);
      size += text.length;
      for (const oldest of sets.keys()) {
        if (size <= most) break;
        sets.delete(oldest);
        size -= oldest.length;
      }
    },
  };
  memories.set(definition, memory);
  return memory;
}
