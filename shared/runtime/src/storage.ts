import type { BackfillStorage } from "./backfill.ts";
import type { EvaluationStorage } from "./evaluation-storage.ts";
import { type FreshnessState, isCancelled, type NewEvent, type RunStatus, type StoredEvent } from "./event.ts";
import type { InstigatorStorage } from "./instigator-storage.ts";
import type { LeaseStorage } from "./lease.ts";
import type { MetadataValue } from "./metadata.ts";
import type { OutboxStorage } from "./outbox.ts";
import type { PartitionStorage } from "./partition/storage.ts";
import type { PlannedRun } from "./plan.ts";

export type * from "./instigator-storage.ts";

/** A run as it is stored. Instants are milliseconds since the epoch. */
export interface Run {
  id: string;
  /** All runs of one request share it. */
  requestId: string;
  location: string;
  status: RunStatus;
  plan: PlannedRun;
  /** Ids of the runs of the request that must succeed first. */
  needs: string[];
  tags: Record<string, string>;
  config: Record<string, unknown>;
  partition: string | null;
  /** At most one run, for ever, has this key. */
  runKey: string | null;
  /** Connections the run used, by name. */
  connections: Record<string, "vendor" | "standin">;
  createdAt: number;
  startedAt: number | null;
  endedAt: number | null;
  /** Why it failed, was skipped or cancelled. */
  reason: string | null;
}

export type NewRun = Pick<
  Run,
  "id" | "requestId" | "location" | "plan" | "needs" | "tags" | "config" | "partition" | "runKey" | "createdAt"
>;

export interface ListRunsParams {
  statuses?: readonly RunStatus[];
  location?: string;
  requestId?: string;
  asset?: string;
  tags?: Record<string, string>;
  /** Only these. */
  ids?: readonly string[];
  /** Only runs older than this one. */
  before?: string;
  /** Default 100. */
  limit?: number;
  order?: "newest" | "oldest";
}

export interface ReadEventsParams {
  /** Only events with a greater id. */
  after?: number;
  before?: number;
  runId?: string;
  asset?: string;
  step?: string;
  types?: readonly NewEvent["type"][];
  /** Default 1,000. */
  limit?: number;
  order?: "oldest" | "newest";
}

/** Projection of the log: the latest of everything about one asset. */
export interface AssetState {
  key: string;
  materialization: { eventId: number; at: number; runId: string | null; metadata: Record<string, MetadataValue> } | null;
  /** The last time its step found nothing to do. */
  unchangedAt: number | null;
  /** The last step that ended for it, good or bad. */
  last: { runId: string; status: "succeeded" | "failed" | "skipped"; at: number } | null;
  checks: Record<
    string,
    {
      passed: boolean;
      severity: "WARN" | "ERROR";
      at: number;
      runId: string | null;
      /** The partitions it was about, when about some only. */
      partition?: string;
      description?: string;
      metadata: Record<string, MetadataValue>;
    }
  >;
  freshness: FreshnessState | null;
}

export interface PruneParams {
  runs?: number;
  ticks?: number;
  logs?: number;
}

/**
 * Where an instance keeps everything. One contract suite (`@kc/runtime/testing`) holds for every implementation.
 * Events are the truth: `appendEvents` also moves run statuses and asset states, in the same transaction.
 */
export interface Storage
  extends OutboxStorage,
    InstigatorStorage,
    PartitionStorage,
    BackfillStorage,
    LeaseStorage,
    EvaluationStorage {
  // runs
  /**
   * Stores all runs, their events and `values` or nothing. A run whose `runKey` exists already makes the call answer the
   * existing runs of that request, or none once they were pruned; `values` are stored all the same.
   */
  createRuns(
    runs: readonly NewRun[],
    events: readonly NewEvent[],
    values?: Record<string, string>,
  ): Promise<{ runs: Run[]; events: StoredEvent[]; existed: boolean }>;
  getRun(id: string): Promise<Run | null>;
  listRuns(params?: ListRunsParams): Promise<Run[]>;
  /** The ids of all runs that are queued, oldest first: for who knows the runs already, a fraction of what listing them costs. */
  queuedRunIds(): Promise<string[]>;
  setRunConnections(id: string, connections: Run["connections"]): Promise<void>;

  // events
  /** Appends in order. An event with a (runId, seq) that is stored already is left out of the answer. */
  appendEvents(events: readonly NewEvent[]): Promise<StoredEvent[]>;
  readEvents(params: ReadEventsParams): Promise<StoredEvent[]>;
  lastEventId(): Promise<number>;

  // assets
  assetStates(keys?: readonly string[]): Promise<Map<string, AssetState>>;

  // small values by name
  getValue(name: string): Promise<string | null>;
  setValue(name: string, value: string): Promise<void>;

  /**
   * Deletes what is older than the given instants (ms): ended runs with their events (and events without a run), ticks, and
   * the log lines of ended runs. What is known of assets stays. Answers how many rows went.
   */
  prune(before: PruneParams): Promise<{ runs: number; events: number; ticks: number }>;
  /** How many rows `prune` would delete now. Deletes nothing. */
  countOld(before: PruneParams): Promise<{ runs: number; events: number; ticks: number }>;
  info(): Promise<{ dialect: string; schemaVersion: number; counts: Record<string, number>; bytes: number }>;
  close(): Promise<void>;
}

/** An asset of which nothing is known. */
export const emptyAssetState = (key: string): AssetState => ({
  key,
  materialization: null,
  unchangedAt: null,
  last: null,
  checks: {},
  freshness: null,
});

/** The state of an asset after an event about it. Pure: storage keeps the result. */
export function projectAsset(state: AssetState, event: StoredEvent): AssetState {
  switch (event.type) {
    case "materialization":
      return {
        ...state,
        materialization: { eventId: event.id, at: event.at, runId: event.runId ?? null, metadata: event.metadata ?? {} },
      };
    case "wiped":
      // The policy's state follows by an event of its own, so that whoever was told of it hears of the change.
      return event.partition ? state : { ...emptyAssetState(state.key), freshness: state.freshness };
    case "unchanged":
      return { ...state, unchangedAt: event.at };
    case "check_result": {
      const { name, passed, severity, description } = event.check!;
      const result = {
        passed,
        severity,
        at: event.at,
        runId: event.runId ?? null,
        metadata: event.metadata ?? {},
        ...(event.partition ? { partition: event.partition } : {}),
        ...(description ? { description } : {}),
      };
      return { ...state, checks: { ...state.checks, [name]: result } };
    }
    case "freshness":
      return { ...state, freshness: event.state ?? null };
    case "step_succeeded":
    case "step_failed":
    case "step_skipped":
      return event.runId && !isCancelled(event)
        ? { ...state, last: { runId: event.runId, status: event.type.slice(5) as "succeeded", at: event.at } }
        : state;
    default:
      return state;
  }
}
