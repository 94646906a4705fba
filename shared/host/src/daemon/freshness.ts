import {
  type FreshnessState,
  freshnessSince,
  freshnessState,
  iso,
  type NewEvent,
  type SensorSnapshot,
  type WorkspaceGraph,
} from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { type Instigator, instigators } from "./instigators.ts";
import { type LatestWindow, latestWindow } from "./latest-partition.ts";
import { selectOrNone } from "./ticks.ts";

/** Notes every freshness state that has changed; answers the instant at which the next one changes by itself. */
export async function tickFreshness(context: DaemonContext): Promise<number | undefined> {
  const { workspace, storage, log, clock } = context;
  const graph = workspace.graph();
  const isOff = turnedOff(graph, await instigators(workspace, storage, "sensor"));
  const watched = [...graph.assets.values()].filter((asset) => asset.freshness && !isOff(asset));
  if (watched.length === 0) return undefined;
  const states = await storage.assetStates(watched.map((asset) => asset.key));
  const now = clock.now();
  let next: number | undefined;
  const events: NewEvent[] = [];
  for (const asset of watched) {
    const known = states.get(asset.key);
    // An asset that was checked and found unchanged is as fresh as one that was made anew.
    const window =
      asset.freshness!.of === "latestPartition" && known?.materialization ? await latestWindow(context, asset.key) : undefined;
    const at =
      asset.freshness!.of === "latestPartition"
        ? (window?.at ?? null)
        : Math.max(known?.materialization?.at ?? 0, known?.materialization ? (known.unchangedAt ?? 0) : 0) || null;
    const { state, changesAt } = freshnessState(asset.freshness!, at, now);
    const before = known?.freshness ?? "unknown";
    if (state !== before) {
      const since = iso(freshnessSince(asset.freshness!, state, at, now));
      const partition = window ? windowOf(window, state, now) : undefined;
      const fields = { before, since, ...(partition ? { partition } : {}) };
      events.push({ type: "freshness", at: now, asset: asset.key, state, fields });
    }
    if (changesAt !== undefined && (next === undefined || changesAt < next)) next = changesAt;
  }
  if (events.length > 0) await log.append(events);
  return next;
}

/** The window that a state is about: one that is made, or the one after it that is missing. */
const windowOf = ({ key, next }: LatestWindow, state: FreshnessState, now: number): string =>
  state !== "fresh" && next && next.endsAt <= now ? next.key : key;

/** Whether a freshness sensor that is off watches an asset of its location, and none that is on. */
export function turnedOff(
  graph: WorkspaceGraph,
  sensors: readonly Instigator<SensorSnapshot>[],
): (asset: { key: string; location: string }) => boolean {
  const switches = sensors
    .filter(({ definition }) => definition.type === "freshness")
    .map(({ definition, location, running }) => ({
      running,
      location: location.entry.name,
      // The default needs no look at the graph.
      keys: definition.selection === "*" ? undefined : new Set(selectOrNone(graph, definition.selection)),
    }));
  if (switches.every((one) => one.running)) return () => false;
  return ({ key, location }) => {
    const own = switches.filter((one) => one.location === location && (!one.keys || one.keys.has(key)));
    return own.length > 0 && !own.some((one) => one.running);
  };
}
