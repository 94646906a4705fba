import {
  checkRowsOf,
  emptyAssetState,
  emptyPartitionRow,
  isEnd,
  type NewEvent,
  nextStatus,
  partitionTexts,
  projectAsset,
  projectPartition,
  type ReadEventsParams,
  type Storage,
  type StoredEvent,
} from "@kc/runtime/internal";
import { assetEvents } from "../event-rows.ts";
import type { Memory } from "./state.ts";

type Part = Pick<Storage, "appendEvents" | "readEvents" | "lastEventId" | "assetStates">;

/** The event log and its projections. `insert` is for what else stores events in the same breath. */
export function memoryEvents(memory: Memory): { part: Part; insert(events: readonly NewEvent[]): StoredEvent[] } {
  const insert = (events: readonly NewEvent[]): StoredEvent[] => {
    const stored: StoredEvent[] = [];
    for (const event of events) {
      if (event.runId && event.seq !== undefined) {
        const seqs = memory.seqs.get(event.runId) ?? new Set();
        memory.seqs.set(event.runId, seqs);
        if (seqs.has(event.seq)) continue;
        seqs.add(event.seq);
      }
      const one: StoredEvent = { ...event, id: ++memory.lastEventId };
      memory.events.push(one);
      if (one.runId) memory.ofRun(one.runId).push(one);
      project(memory, one);
      stored.push(one);
    }
    return stored;
  };
  return {
    insert,
    part: {
      async appendEvents(events) {
        return insert(events);
      },
      async readEvents(params) {
        return read(memory, params);
      },
      async lastEventId() {
        return memory.lastEventId;
      },
      async assetStates(keys) {
        if (!keys) return new Map(memory.assets);
        return new Map(keys.flatMap((key) => (memory.assets.has(key) ? [[key, memory.assets.get(key)!] as const] : [])));
      },
    },
  };
}

function read(memory: Memory, params: ReadEventsParams): StoredEvent[] {
  const { after = 0, before = Number.POSITIVE_INFINITY, runId, asset, step, types, limit = 1_000, order = "oldest" } = params;
  const events = runId ? (memory.eventsOfRun.get(runId) ?? []) : memory.events;
  const fits = (event: StoredEvent) =>
    (!asset || event.asset === asset) && (!step || event.step === step) && (!types || types.includes(event.type));
  const found: StoredEvent[] = [];
  if (order === "oldest")
    for (let at = firstAfter(events, after); at < events.length && found.length < limit; at++) {
      if (events[at]!.id >= before) break;
      if (fits(events[at]!)) found.push(events[at]!);
    }
  else
    for (let at = events.length - 1; at >= 0 && found.length < limit; at--) {
      if (events[at]!.id <= after) break;
      if (events[at]!.id < before && fits(events[at]!)) found.push(events[at]!);
    }
  return found;
}

/** Position of the first event with a greater id, by halving. */
function firstAfter(events: readonly StoredEvent[], id: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (events[middle]!.id <= id) low = middle + 1;
    else high = middle;
  }
  return low;
}

function project(memory: Memory, event: StoredEvent): void {
  const run = event.runId && event.type.startsWith("run_") ? memory.runs.get(event.runId) : undefined;
  const status = run && nextStatus(run.status, event);
  if (run && status && status !== run.status) {
    memory.runs.set(run.id, {
      ...run,
      status,
      ...(status === "running" ? { startedAt: event.at } : {}),
      ...(isEnd(status) ? { endedAt: event.at } : {}),
      ...(event.message && (isEnd(status) || status === "cancelling") ? { reason: event.message } : {}),
    });
    if (isEnd(status)) memory.open.delete(run.id);
  }
  if (event.asset && assetEvents.has(event.type))
    memory.assets.set(event.asset, projectAsset(memory.assets.get(event.asset) ?? emptyAssetState(event.asset), event));
  if (event.asset && event.type === "wiped" && !event.partition) {
    memory.partitions.delete(event.asset);
    memory.checks.delete(event.asset);
  }
  if (event.asset)
    for (const row of checkRowsOf(event)) {
      const rows = memory.checks.get(event.asset) ?? new Map();
      memory.checks.set(event.asset, rows.set(`${row.check}\0${row.partition}`, row));
    }
  if (event.asset && event.partition)
    for (const text of partitionTexts(event.partition)) {
      const rows = memory.partitions.get(event.asset) ?? new Map();
      memory.partitions.set(event.asset, rows);
      const row = projectPartition(rows.get(text)?.row ?? emptyPartitionRow(text), event);
      if (row) rows.set(text, { row, changed: event.id });
    }
}
