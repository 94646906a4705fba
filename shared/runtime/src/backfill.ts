import type { BackfillPolicy } from "./asset.ts";
import type { WorkspaceGraph } from "./graph.ts";
import { kindOfKeys } from "./partition/definition.ts";

export const backfillStatuses = ["running", "paused", "cancelling", "succeeded", "failed", "cancelled"] as const;
export type BackfillStatus = (typeof backfillStatuses)[number];

export const isBackfillEnd = (status: BackfillStatus): boolean =>
  status === "succeeded" || status === "failed" || status === "cancelled";

/** Partitions by asset, as `PartitionSpace.kept` writes them. */
export type PartitionsByAsset = Record<string, string[]>;

/** Materializations of many partitions of one or more assets, made by as many runs as it takes. Instants are ms. */
export interface Backfill {
  id: string;
  status: BackfillStatus;
  /** What was asked for, as a person reads it. */
  title: string;
  targets: PartitionsByAsset;
  /** What kind of keys each target with partitions had when it was asked for. */
  kinds?: Record<string, string>;
  /** Overrules the policies of the assets. */
  policy: BackfillPolicy | null;
  tags: Record<string, string>;
  config: Record<string, unknown>;
  /** At most so many of its runs wait or go on at one time. */
  maxRuns: number;
  /** Runs that have not ended. */
  open: string[];
  requested: PartitionsByAsset;
  done: PartitionsByAsset;
  failed: PartitionsByAsset;
  /** Left out because what they need failed. */
  skipped: PartitionsByAsset;
  /** What was broken off because kc was stopped or killed, and asked for again by itself: once, twice, three times. */
  tries?: PartitionsByAsset[];
  /** How often what failed was asked for again. */
  round: number;
  runs: number;
  createdAt: number;
  endedAt: number | null;
  /** Why it ended or waits, when that is not plain. */
  reason: string | null;
}

/** `kinds` of a backfill over these assets. */
export function kindsOf(graph: WorkspaceGraph, keys: readonly string[]): Record<string, string> {
  const kinds = keys.flatMap((key) => {
    const definition = graph.assets.get(key)?.partitions;
    return definition ? [[key, kindOfKeys(definition)] as const] : [];
  });
  return Object.fromEntries(kinds);
}

/** A backfill that has done nothing yet. */
export const newBackfill = (
  given: Pick<Backfill, "id" | "title" | "targets" | "createdAt"> &
    Partial<Pick<Backfill, "kinds" | "policy" | "tags" | "config" | "maxRuns">>,
): Backfill => ({
  policy: null,
  tags: {},
  config: {},
  maxRuns: 100,
  ...given,
  status: "running",
  open: [],
  requested: {},
  done: {},
  failed: {},
  skipped: {},
  round: 0,
  runs: 0,
  endedAt: null,
  reason: null,
});

/** The part of the storage contract that keeps backfills. */
export interface BackfillStorage {
  createBackfill(backfill: Backfill): Promise<void>;
  getBackfill(id: string): Promise<Backfill | null>;
  /** Newest first. */
  listBackfills(params?: { statuses?: readonly BackfillStatus[]; limit?: number }): Promise<Backfill[]>;
  /** Changes one in a transaction of its own; `change` may answer the same object to leave it. Null when there is none. */
  updateBackfill(id: string, change: (backfill: Backfill) => Backfill): Promise<Backfill | null>;
}
