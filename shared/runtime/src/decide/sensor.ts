import type { RunStatus } from "../event.ts";
import type { RunWatch, SensorKind } from "../sensor.ts";
import type { SensorSnapshot } from "../snapshot.ts";

/** The instant (ms) at which a poll sensor is due: from start to start. A clock that was set back delays nothing. */
export function pollDue(intervalMs: number, lastTickAt: number | null | undefined, now: number): number {
  return lastTickAt == null || lastTickAt > now ? now : lastTickAt + intervalMs;
}

/** Sensors that are called once for each thing they are told of. What their function throws fails the tick; it is not called again. */
export const calledOnceForEach = (kind: SensorKind): boolean => kind === "run_status" || kind === "freshness_change";

/** Where a multi-asset sensor stands in the log. */
export interface MultiAssetCursor {
  /** The newest event that a tick has seen, consumed or not. */
  seen: number;
  /** By asset: the newest event that a successful tick has consumed. */
  consumed: Record<string, number>;
  /** Where it began: what is older was never new. */
  start: number;
}

/**
 * The assets that are new to a multi-asset sensor, or undefined while it has nothing to do: something must be newer than
 * all it has seen, and all (or any) of its assets newer than what it has consumed.
 * @param latest id of the newest materialization of each asset that has one.
 */
export function multiAssetDue(
  require: "all" | "any",
  assets: readonly string[],
  latest: ReadonlyMap<string, number>,
  cursor: MultiAssetCursor,
): string[] | undefined {
  const fresh = assets.filter((key) => (latest.get(key) ?? 0) > (cursor.consumed[key] ?? cursor.start));
  if (!fresh.some((key) => latest.get(key)! > cursor.seen)) return undefined;
  return require === "any" || fresh.length === assets.length ? fresh : undefined;
}

/** The cursor after a tick: with success what it saw is consumed, after a skip it is only seen. */
export function multiAssetAfter(cursor: MultiAssetCursor, saw: ReadonlyMap<string, number>, consumed: boolean): MultiAssetCursor {
  return {
    start: cursor.start,
    seen: Math.max(cursor.seen, ...saw.values()),
    consumed: consumed ? { ...cursor.consumed, ...Object.fromEntries(saw) } : cursor.consumed,
  };
}

/** Whether a run-status sensor of location `own` is told of a run. `selected` are the assets of its selection, if it has one. */
export function watchesRun(
  watch: RunWatch,
  own: string,
  run: { location: string; assets: readonly string[]; tags: Readonly<Record<string, string>>; status?: RunStatus },
  selected: ReadonlySet<string> | undefined,
): boolean {
  const { on, job, locations = [own] } = watch;
  if (run.status !== undefined && !on.includes(run.status)) return false;
  if (locations !== "all" && !locations.includes(run.location)) return false;
  if (job !== undefined && run.tags["kc/job"] !== job) return false;
  return selected === undefined || run.assets.some((asset) => selected.has(asset));
}

/**
 * Why a sensor would trigger itself with a run that it asks for: the run makes what it listens to, or is a run that it is
 * told of. Undefined when it would not.
 */
export function triggersItself(
  sensor: Pick<SensorSnapshot, "type" | "require" | "watches">,
  own: string,
  watched: ReadonlySet<string>,
  run: { assets: readonly string[]; tags: Readonly<Record<string, string>> },
): string | undefined {
  if (sensor.type === "run_status") {
    const watch = sensor.watches!;
    const told = watchesRun(watch, own, { location: own, ...run }, watch.selection === undefined ? undefined : watched);
    return told ? `its own runs are among those it is told of (${watch.on.join(", ")})` : undefined;
  }
  const makes = run.assets.filter((asset) => watched.has(asset));
  if (sensor.type === "asset" || (sensor.type === "multi_asset" && sensor.require === "any"))
    return makes.length > 0 ? `its run makes ${makes.slice(0, 3).join(", ")}, which it listens to` : undefined;
  if (sensor.type === "multi_asset")
    return watched.size > 0 && makes.length === watched.size ? "its run makes everything it waits for" : undefined;
  return undefined;
}
