import type { InstigatorName, InstigatorState, InstigatorStorage, Tick } from "@kc/runtime/internal";
import type { Memory } from "./state.ts";

const keyOf = ({ location, name }: InstigatorName) => `${location}\0${name}`;
const unknown = { status: null, cursor: null, lastTickAt: null, since: null, goneAt: null };

/** Schedules and sensors, and their ticks. */
export function memoryInstigators(memory: Memory): InstigatorStorage {
  const { instigators } = memory;
  const change = (id: number, work: (tick: Tick) => Tick): Tick | undefined => {
    const tick = memory.ticks.get(id);
    if (!tick) return undefined;
    const next = work(tick);
    memory.ticks.set(id, next);
    return next;
  };
  return {
    async instigators() {
      return [...instigators.values()].sort((a, b) =>
        a.location === b.location ? (a.name < b.name ? -1 : 1) : a.location < b.location ? -1 : 1,
      );
    },
    async setInstigator(state) {
      const given = Object.fromEntries(Object.entries(state).filter(([, value]) => value !== undefined));
      const before = instigators.get(keyOf(state));
      instigators.set(keyOf(state), { ...unknown, ...before, ...given } as InstigatorState);
    },
    async renameInstigator(from, to) {
      const state = instigators.get(keyOf(from));
      if (!state) return;
      const { location, name } = to;
      instigators.delete(keyOf(from));
      instigators.set(keyOf(to), { ...state, location, name });
      for (const tick of memory.ticks.values())
        if (keyOf(tick) === keyOf(from)) memory.ticks.set(tick.id, { ...tick, location, name });
      const [old, fresh] = [from, to].map((one) => `${state.type}:${one.location}/${one.name}:`) as [string, string];
      for (const [key, id] of [...memory.runOfKey]) {
        const moved = fresh + key.slice(old.length);
        if (!key.startsWith(old) || memory.runOfKey.has(moved)) continue;
        memory.runOfKey.delete(key);
        memory.runOfKey.set(moved, id);
        const run = memory.runs.get(id);
        if (run) memory.runs.set(id, { ...run, runKey: moved });
      }
      for (const key of [...memory.spentKeys])
        if (key.startsWith(old) && !memory.spentKeys.has(fresh + key.slice(old.length))) {
          memory.spentKeys.delete(key);
          memory.spentKeys.add(fresh + key.slice(old.length));
        }
    },
    async forgetInstigator(name) {
      instigators.delete(keyOf(name));
    },
    async startTick({ location, name, type, at, startedAt = null, manual = false }) {
      const tick: Tick = {
        id: ++memory.lastTickId,
        location,
        name,
        type,
        status: "started",
        at,
        startedAt,
        endedAt: null,
        manual,
        attempts: 0,
        retryAt: null,
        requestIds: [],
        skip: null,
        error: null,
        logs: [],
      };
      memory.ticks.set(tick.id, tick);
      memory.openTicks.add(tick.id);
      const before = instigators.get(keyOf(tick)) ?? { ...unknown, location, name, type };
      instigators.set(keyOf(tick), manual ? before : { ...before, lastTickAt: at });
      return tick;
    },
    async retryTick(id, { attempts, retryAt, error }) {
      change(id, (tick) => ({ ...tick, attempts, retryAt, error }));
    },
    async endTick(id, { status, endedAt, requestIds = [], skip = null, error = null, logs = [], moveCursor }, cursor) {
      const tick = change(id, (one) => ({ ...one, status, endedAt, requestIds, skip, error, logs, retryAt: null }));
      if (status !== "started") memory.openTicks.delete(id);
      const state = tick && instigators.get(keyOf(tick));
      if (state && cursor !== undefined && (status !== "failed" || moveCursor))
        instigators.set(keyOf(tick), { ...state, cursor });
    },
    async listTicks({ location, name, type, status, before = Number.POSITIVE_INFINITY, limit = 50 } = {}) {
      const found: Tick[] = [];
      const all = status === "started" ? [...memory.openTicks].map((id) => memory.ticks.get(id)!) : [...memory.ticks.values()];
      for (const tick of all.reverse()) {
        if (found.length >= limit) break;
        if (location && tick.location !== location) continue;
        if (name && tick.name !== name) continue;
        if (type && tick.type !== type) continue;
        if (status && tick.status !== status) continue;
        if (tick.id < before) found.push(tick);
      }
      return found;
    },
  };
}
