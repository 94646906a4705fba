import { checkedAssets, type NewEvent, type Run, type Storage, type StoredEvent } from "@kc/runtime/internal";
import type { Memory } from "./state.ts";

type Part = Pick<Storage, "createRuns" | "getRun" | "listRuns" | "queuedRunIds" | "setRunConnections">;

/** Runs and what they target. */
export function memoryRuns(memory: Memory, insert: (events: readonly NewEvent[]) => StoredEvent[]): Part {
  return {
    async createRuns(runs, events, values = {}) {
      const keys = runs.flatMap((run) => (run.runKey === null ? [] : [run.runKey]));
      const existing = keys.map((key) => memory.runOfKey.get(key)).find((id) => id !== undefined && memory.runs.has(id));
      const spent = keys.some((key) => memory.spentKeys.has(key));
      const ids = new Set(runs.map((run) => run.id));
      if (!existing && !spent && (ids.size < runs.length || runs.some((run) => memory.runs.has(run.id))))
        throw new Error("a run of this id exists");
      for (const [name, value] of Object.entries(values)) memory.values.set(name, value);
      if (existing) {
        const { requestId } = memory.runs.get(existing)!;
        return { runs: ofRequest(memory, requestId), events: [], existed: true };
      }
      if (spent) return { runs: [], events: [], existed: true };
      const stored = runs.map((run): Run => {
        const one: Run = { ...run, status: "queued", connections: {}, startedAt: null, endedAt: null, reason: null };
        memory.runs.set(run.id, one);
        memory.open.add(run.id);
        const siblings = memory.runsOfRequest.get(run.requestId);
        if (siblings) siblings.push(run.id);
        else memory.runsOfRequest.set(run.requestId, [run.id]);
        if (run.runKey !== null) memory.runOfKey.set(run.runKey, run.id);
        return one;
      });
      return { runs: stored, events: insert(events), existed: false };
    },

    async getRun(id) {
      return memory.runs.get(id) ?? null;
    },

    async listRuns({ statuses, location, requestId, asset, tags, ids, before, limit = 100, order = "newest" } = {}) {
      if (before !== undefined && !memory.runs.has(before)) return [];
      const ended = statuses?.some(
        (status) => status === "succeeded" || status === "failed" || status === "cancelled" || status === "skipped",
      );
      // Mostly the few runs are asked for that have not ended.
      const some = statuses && !ended && before === undefined;
      const all =
        requestId && before === undefined
          ? ofRequest(memory, requestId)
          : some
            ? [...memory.open].map((id) => memory.runs.get(id)!)
            : [...memory.runs.values()];
      const upTo =
        before === undefined
          ? all
          : all.slice(
              0,
              Math.max(
                0,
                all.findIndex((run) => run.id === before),
              ),
            );
      const asked = ids && new Set(ids);
      const wanted = Object.entries(tags ?? {});
      const found: Run[] = [];
      for (const run of order === "newest" ? upTo.toReversed() : upTo) {
        if (found.length >= limit) break;
        if (asked && !asked.has(run.id)) continue;
        if (statuses && !statuses.includes(run.status)) continue;
        if (location && run.location !== location) continue;
        if (requestId && run.requestId !== requestId) continue;
        if (asset && !run.plan.assets.includes(asset) && !checkedAssets(run.plan).includes(asset)) continue;
        if (wanted.every(([name, value]) => run.tags[name] === value)) found.push(run);
      }
      return found;
    },

    async queuedRunIds() {
      return [...memory.open].filter((id) => memory.runs.get(id)!.status === "queued");
    },

    async setRunConnections(id, connections) {
      const run = memory.runs.get(id);
      if (run) memory.runs.set(id, { ...run, connections });
    },
  };
}

const ofRequest = (memory: Memory, requestId: string): Run[] =>
  (memory.runsOfRequest.get(requestId) ?? []).flatMap((id) => memory.runs.get(id) ?? []);
