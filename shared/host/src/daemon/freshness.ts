import { freshnessState, type NewEvent } from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { instigators } from "./instigators.ts";
import { latestWindowMadeAt } from "./latest-partition.ts";

/** Notes every freshness state that has changed; answers the instant at which the next one changes by itself. */
export async function tickFreshness(context: DaemonContext): Promise<number | undefined> {
  const { workspace, storage, log, clock } = context;
  const graph = workspace.graph();
  const sensors = await instigators(workspace, storage, "sensor");
  const off = new Set(
    sensors
      .filter(({ definition, running }) => definition.type === "freshness" && !running)
      .map(({ location }) => location.entry.name),
  );
  const watched = [...graph.assets.values()].filter((asset) => asset.freshness && !off.has(asset.location));
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
