import { freshnessState, type NewEvent, type SensorSnapshot, type WorkspaceGraph } from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { type Instigator, instigators } from "./instigators.ts";
import { latestWindowMadeAt } from "./latest-partition.ts";
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
    const at =
      asset.freshness!.of === "latestPartition"
        ? known?.materialization
          ? await latestWindowMadeAt(context, asset.key)
          : null
        : Math.max(known?.materialization?.at ?? 0, known?.materialization ? (known.unchangedAt ?? 0) : 0) || null;
    const { state, changesAt } = freshnessState(asset.freshness!, at, now);
    if (state !== (known?.freshness ?? "unknown")) events.push({ type: "freshness", at: now, asset: asset.key, state });
    if (changesAt !== undefined && (next === undefined || changesAt < next)) next = changesAt;
  }
  if (events.length > 0) await log.append(events);
  return next;
}

/** Whether a freshness sensor that is off watches an asset of its location, and none that is on. */
function turnedOff(
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
