import { tabulatedAheadMs } from "@kc/runtime/internal";
import type { LocationState } from "./workspace.ts";

const dayMs = 86_400_000;

/**
 * Whether the partition mappings of a location should be asked for anew: those by function are tables of the keys there are
 * and will be for a time after the load. Long before that time ends, so that no key is ever missing.
 */
export function tablesAge({ status, snapshot, loadedAt }: LocationState, now: number): boolean {
  if (status !== "loaded" || loadedAt === undefined || now - loadedAt < tabulatedAheadMs / 2) return false;
  return snapshot?.assets.some((asset) => Object.values(asset.mappings ?? {}).some(({ type }) => type === "keys")) ?? false;
}

/** Loads locations anew whose tables age; looks once a day. Answers how it is stopped. */
export function watchTables(
  states: ReadonlyMap<string, LocationState>,
  { now, reload }: { now(): number; reload(name: string): unknown },
): () => void {
  const timer = setInterval(() => {
    for (const [name, state] of states) if (tablesAge(state, now())) void reload(name);
  }, dayMs);
  timer.unref();
  return () => clearInterval(timer);
}
