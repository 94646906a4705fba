import type { Storage } from "@kc/runtime/internal";
import { memoryBackfills } from "./backfills.ts";
import { memoryEvaluations } from "./evaluations.ts";
import { memoryEvents } from "./events.ts";
import { memoryInstigators } from "./instigators.ts";
import { memoryLeases } from "./leases.ts";
import { memoryOutbox } from "./outbox.ts";
import { memoryPartitions } from "./partitions.ts";
import { memoryRuns } from "./runs.ts";
import { type Memory, newMemory } from "./state.ts";

/** The storage contract in this process's memory: for simulations and tests, gone with the process. */
export function openMemory(): Storage {
  const memory = newMemory();
  const events = memoryEvents(memory);
  const storage: Storage = {
    ...memoryRuns(memory, events.insert),
    ...events.part,
    ...memoryInstigators(memory),
    ...memoryOutbox(memory),
    ...memoryPartitions(memory, events.insert),
    ...memoryBackfills(memory),
    ...memoryEvaluations(memory),
    async getValue(name) {
      return memory.values.get(name) ?? null;
    },
    async setValue(name, value) {
      memory.values.set(name, value);
    },
    async countOld(before) {
      return countOld(memory, before);
    },
    async prune(before) {
      return prune(memory, before);
    },
    async info() {
      const counts = {
        runs: memory.runs.size,
        events: memory.events.length,
        assets: memory.assets.size,
        instigators: memory.instigators.size,
        ticks: memory.ticks.size,
      };
      return { dialect: "memory", schemaVersion: 1, counts, bytes: 64 + JSON.stringify(memory.events).length };
    },
    async close() {},
    ...memoryLeases(() => storage),
  };
  return storage;
}

/** Ended runs that others wait upon: how they ended must be known until those have. */
const neededRuns = (memory: Memory): ReadonlySet<string> =>
  new Set([...memory.runs.values()].flatMap((run) => (run.endedAt === null ? run.needs : [])));

function countOld(memory: Memory, { runs, ticks, logs }: Parameters<Storage["countOld"]>[0]) {
  const ended = [...memory.runs.values()].filter((run) => run.endedAt !== null);
  const needed = neededRuns(memory);
  const gone = new Set(
    ended.filter((run) => runs !== undefined && run.endedAt! < runs && !needed.has(run.id)).map((run) => run.id),
  );
  const over = new Set(ended.map((run) => run.id));
  const events = memory.events.filter((event) =>
    event.runId
      ? gone.has(event.runId) || (event.type === "log" && logs !== undefined && event.at < logs && over.has(event.runId))
      : runs !== undefined && event.at < runs,
  );
  const old = [...memory.ticks.values()].filter((tick) => ticks !== undefined && tick.at < ticks && tick.status !== "started");
  return { runs: gone.size, events: events.length, ticks: old.length };
}

function prune(memory: Memory, { runs, ticks, logs }: Parameters<Storage["prune"]>[0]) {
  const gone = { runs: 0, events: 0, ticks: 0 };
  const ended = new Map([...memory.runs.values()].flatMap((run) => (run.endedAt === null ? [] : [[run.id, run.endedAt]])));
  const old = new Set<string>();
  const needed = neededRuns(memory);
  if (runs !== undefined)
    for (const [id, at] of ended)
      if (at < runs && !needed.has(id)) {
        old.add(id);
        const { runKey } = memory.runs.get(id)!;
        // A run key counts for ever, also once its run is gone.
        if (runKey) memory.spentKeys.add(runKey);
        memory.runs.delete(id);
        memory.eventsOfRun.delete(id);
        gone.runs++;
      }
  const stays = memory.events.filter((event) => {
    if (event.runId && old.has(event.runId)) return false;
    if (!event.runId && runs !== undefined && event.at < runs) return false;
    return !(event.type === "log" && logs !== undefined && event.at < logs && event.runId && ended.has(event.runId));
  });
  gone.events = memory.events.length - stays.length;
  memory.events = stays;
  if (gone.events > 0) {
    memory.eventsOfRun.clear();
    for (const event of stays) if (event.runId) memory.ofRun(event.runId).push(event);
  }
  if (ticks !== undefined)
    for (const [asset, own] of memory.evaluations)
      memory.evaluations.set(
        asset,
        own.filter((one) => one.at >= ticks),
      );
  for (const tick of ticks === undefined ? [] : [...memory.ticks.values()])
    if (tick.at < ticks! && tick.status !== "started") {
      memory.ticks.delete(tick.id);
      gone.ticks++;
    }
  return gone;
}
