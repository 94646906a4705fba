import { checksOf, parseCheckName, type Run, type SeriesPoint, type Storage, type WorkspaceGraph } from "@kc/runtime/internal";

/** Numbers that the materializations of an asset carried under a name, oldest first, at most `last` of them. */
export async function readSeries(
  storage: Pick<Storage, "readEvents">,
  asset: string,
  name: string,
  last: number,
): Promise<(SeriesPoint & { eventId: number; runId: string | null })[]> {
  const points: (SeriesPoint & { eventId: number; runId: string | null })[] = [];
  const page = Math.min(Math.max(last, 100), 1_000);
  // Not every materialization carries the value: look back some pages, not through all there is.
  for (let before: number | undefined, looked = 0; points.length < last && looked < 10 * page; looked += page) {
    const events = await storage.readEvents({
      asset,
      types: ["materialization"],
      order: "newest",
      limit: page,
      ...(before === undefined ? {} : { before }),
    });
    for (const { id, at, runId, metadata, partition } of events) {
      const value = metadata?.[name]?.value;
      if (typeof value === "number" && points.length < last)
        points.push({ eventId: id, at, value, runId: runId ?? null, ...(partition ? { partition } : {}) });
    }
    if (events.length < page) break;
    before = events.at(-1)!.id;
  }
  return points.reverse();
}

/** What the checks of a run look back at, by asset and name of metadata. */
export async function seriesOf(
  run: Pick<Run, "plan">,
  graph: WorkspaceGraph,
  storage: Pick<Storage, "readEvents">,
): Promise<Record<string, Record<string, SeriesPoint[]>>> {
  const named = new Set(checksOf(run.plan));
  const assets = new Set([...run.plan.assets, ...checksOf(run.plan).map((check) => parseCheckName(check).asset)]);
  const out: Record<string, Record<string, SeriesPoint[]>> = {};
  for (const key of assets)
    for (const { name, history } of graph.assets.get(key)?.checks ?? []) {
      if (!history || (named.size > 0 && !named.has(`${key}:${name}`))) continue;
      const known = out[key]?.[history.metadata]?.length ?? 0;
      // One more than asked for: the newest may be what is being checked.
      if (known > history.last) continue;
      const points = await readSeries(storage, key, history.metadata, history.last + 1);
      out[key] = { ...out[key], [history.metadata]: points };
    }
  return out;
}
