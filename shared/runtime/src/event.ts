import type { MetadataValue } from "./metadata.ts";

/** Every kind of event in the log. The log is the truth; statuses are projections of it. */
export const eventTypes = [
  "run_queued",
  "run_starting",
  "run_started",
  "run_succeeded",
  "run_failed",
  "run_cancelling",
  "run_cancelled",
  "run_skipped",
  "run_retry_cancelled",
  "step_waiting",
  "step_started",
  "step_succeeded",
  "step_failed",
  "step_retry",
  "step_skipped",
  "materialization",
  "unchanged",
  "observation",
  "wiped",
  "check_result",
  "freshness",
  "dynamic_partitions",
  "backfill",
  "log",
  "instigator_changed",
] as const;
export type EventType = (typeof eventTypes)[number];
export type LogLevel = "debug" | "info" | "warn" | "error";

/** An event before it is stored. */
export interface NewEvent {
  type: EventType;
  /** Milliseconds since the epoch. */
  at: number;
  runId?: string;
  /** Number of the event within its run, from 1, given by the worker: the same number is stored once. */
  seq?: number;
  step?: string;
  asset?: string;
  /** Keys and ranges `first...last`, joined by commas. */
  partition?: string;
  level?: LogLevel;
  message?: string;
  /** Where a log line came from: the code's logger, or what it wrote to its streams. */
  stream?: "logger" | "stdout" | "stderr";
  metadata?: Record<string, MetadataValue>;
  check?: { name: string; passed: boolean; severity: "WARN" | "ERROR"; blocking: boolean; description?: string };
  /** A failure's text, place and stack as the step threw it; `user` when the stack says nothing more. */
  error?: { message: string; where?: string; hint?: string; stack?: string; user: boolean };
  attempt?: number;
  /** Freshness state that an asset has entered. */
  state?: FreshnessState;
  fields?: Record<string, unknown>;
}

/** A step that ended because its run was cancelled did not fail: it leaves its assets as they were. */
export const isCancelled = (event: Pick<NewEvent, "fields">): boolean => event.fields?.cancelled === true;

export interface StoredEvent extends NewEvent {
  /** Position in the log, growing. */
  id: number;
}

export type FreshnessState = "fresh" | "warn" | "fail" | "unknown";

export const runStatuses = [
  "queued",
  "starting",
  "running",
  "cancelling",
  "succeeded",
  "failed",
  "cancelled",
  "skipped",
] as const;
export type RunStatus = (typeof runStatuses)[number];

const statusOf: Partial<Record<EventType, RunStatus>> = {
  run_queued: "queued",
  run_starting: "starting",
  run_started: "running",
  run_cancelling: "cancelling",
  run_succeeded: "succeeded",
  run_failed: "failed",
  run_cancelled: "cancelled",
  run_skipped: "skipped",
};

export const isEnd = (status: RunStatus): boolean =>
  status === "succeeded" || status === "failed" || status === "cancelled" || status === "skipped";

/** The status of a run after an event; an ended run stays as it is. */
export function nextStatus(status: RunStatus, event: Pick<NewEvent, "type">): RunStatus {
  const next = statusOf[event.type];
  if (!next || isEnd(status)) return status;
  if (status === "cancelling" && (next === "queued" || next === "starting" || next === "running")) return status;
  // Only a run that has not begun goes back to the queue.
  if (status === "running" && next === "queued") return status;
  return next;
}
