import { randomBytes } from "node:crypto";
import type { Logger } from "@kc/runtime";
import type { Column } from "../types/column-type.ts";

export const modes = ["full-refresh", "truncate", "incremental", "snapshot", "backfill"] as const;
export type Mode = (typeof modes)[number];
export type MergeStrategy = "insert" | "update" | "update_insert" | "delete_insert";

/** One stream into one table: what is to happen, with every name resolved. */
export interface LoadPlan {
  /** Name of the stream, as bookkeeping and messages show it. */
  stream: string;
  mode: Mode;
  /** Columns of the result, in order, from the source's columns; undefined: all as they are. */
  select?: { from: string; as: string }[] | undefined;
  primaryKey: readonly string[];
  /** Rows of the target with these values give way to the staged ones, whose keys need not be unique. PostgreSQL targets only. */
  mergeKey?: readonly string[] | undefined;
  updateKey?: string | undefined;
  /** Bounds of a backfill on the update key, both included. */
  range?: readonly [string, string] | undefined;
  /** SQL functions by column, in the order of application. */
  transforms?: ReadonlyMap<string, string[]> | undefined;
  mergeStrategy?: MergeStrategy | undefined;
  deleteMissing?: "hard" | undefined;
  /** Default true. */
  addNewColumns?: boolean | undefined;
  /** Lets a full refresh change the type of a column. Default false: a value that does not fit fails the load. */
  adjustColumnType?: boolean | undefined;
  /** Names of columns whose type the author fixed. */
  fixedTypes?: ReadonlySet<string> | undefined;
  /** Changes when the stream's settings do: part of the fingerprint. */
  configHash: string;
  /** Column that a snapshot's load time goes into. */
  loadedAtColumn?: string | undefined;
  /** Run inside the transaction, before and after the merge. PostgreSQL targets only. */
  preMerge?: ((query: (sql: string) => Promise<Record<string, unknown>[]>) => Promise<void>) | undefined;
  postMerge?: ((query: (sql: string) => Promise<Record<string, unknown>[]>) => Promise<void>) | undefined;
}

export interface LoadContext {
  signal?: AbortSignal | undefined;
  log: Logger;
  /** Folder for temporary files. */
  tempDir: string;
}

export interface LoadResult {
  /** Rows that the load read. */
  rows: number;
  /** Bytes that the load read; undefined when it read nothing. */
  bytes: number | undefined;
  loadId: string;
  table: string;
  /** Whether the target already was what the source says: nothing was written. */
  unchanged: boolean;
  /** Highest value of the update key. */
  cursor: string | undefined;
  durationMs: number;
}

/** What an earlier load of the same stream left in the target's bookkeeping. */
export interface PreviousLoad {
  loadId: string;
  fingerprint: string;
  bytes: number;
  rows: number;
  cursor: string | undefined;
}

/** What a source told about the bytes it gave. */
export interface Transferred {
  rows: number;
  bytes: number;
  /** Hash of the content. */
  contentHash: string;
}

/** Columns that a table has now. */
export interface ExistingTable {
  /** Each with its type as the database spells it. */
  columns: (Column & { sqlType: string })[];
}

/** Sorts by time; unique without asking anyone. */
export function newLoadId(now = Date.now()): string {
  return `${now.toString(36)}${randomBytes(4).toString("hex")}`;
}

export const fingerprintOf = (contentHash: string, plan: LoadPlan): string => `${contentHash}:${plan.configHash}`;
