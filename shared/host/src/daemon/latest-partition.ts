import { latestPartitionAt, partitionTexts, type Storage } from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";

interface Known {
  definition: unknown;
  end: number;
  /** Events up to this id are taken into account. */
  after: number;
  at: number;
}
const remembered = new WeakMap<Storage, Map<string, Known>>();

/** The newest window of an asset that is made. */
export interface LatestWindow {
  /** The instant (ms) that counts as the asset's materialization. */
  at: number;
  key: string;
  /** The window after it, which counts once it has ended. */
  next: { key: string; endsAt: number } | undefined;
}

/**
 * What counts of an asset divided by time, of which only the latest window does; null when no window is made. Reads the rows
 * of all partitions once per window, else only what is new.
 */
export async function latestWindow(
  { storage, partitions }: Pick<DaemonContext, "storage" | "partitions">,
  key: string,
): Promise<LatestWindow | null> {
  const space = partitions.now().spaceOf(key);
  const { materialized } = await partitions.status(key);
  /** Of the newest window that is made; positions of windows are instants. */
  const end = materialized.get("")?.at(-1)?.[1];
  if (end === undefined) return null;
  const byAsset = remembered.get(storage) ?? new Map<string, Known>();
  remembered.set(storage, byAsset);
  const before = byAsset.get(key);
  const same = before && before.end === end && before.definition === space.definition ? before : undefined;
  const after = await storage.lastEventId();
  let at = same?.at ?? 0;
  for (const row of same?.after === after ? [] : await storage.partitionRows(key, same?.after)) {
    const ranges = space.read(partitionTexts(row.partition)).get("") ?? [];
    if (row.materialized && ranges.some(([from, to]) => from < end && end <= to)) at = Math.max(at, row.materialized.at);
  }
  byAsset.set(key, { definition: space.definition, end, after, at });
  const { primary } = space;
  const [own, endsAt] = [-1, 1].map((count) => primary.windows?.shift(end, count));
  return {
    at: latestPartitionAt({ at, nextEndsAt: endsAt ?? Number.POSITIVE_INFINITY })!,
    key: own === undefined ? "" : primary.keyOf(own),
    next: endsAt === undefined ? undefined : { key: primary.keyOf(end), endsAt },
  };
}
