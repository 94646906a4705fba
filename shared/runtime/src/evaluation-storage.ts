import type { Evaluation } from "./decide/automation-evaluate.ts";

/** One evaluation of an asset's automation condition, as its history keeps it. */
export interface NewEvaluation {
  asset: string;
  /** Instant (ms). */
  at: number;
  evaluation: Evaluation;
  /** The request or backfill that it led to. */
  requestId: string | null;
  /** The partitions it requested, as text; empty where there are none. */
  requested: string[];
  /** It became due while the asset was paused. */
  paused: boolean;
}

export interface StoredEvaluation extends NewEvaluation {
  /** Growing. */
  id: number;
}

/** The part of the storage contract that keeps the history of evaluations. */
export interface EvaluationStorage {
  /** Adds them in order, and deletes of each of their assets all but the newest `keep`. */
  addEvaluations(evaluations: readonly NewEvaluation[], keep: number): Promise<void>;
  /** Newest first; `before` an id. Default limit 50. */
  listEvaluations(asset: string, params?: { before?: number; limit?: number }): Promise<StoredEvaluation[]>;
  /** The newest of each asset that has any. */
  latestEvaluations(assets: readonly string[]): Promise<Map<string, StoredEvaluation>>;
}
