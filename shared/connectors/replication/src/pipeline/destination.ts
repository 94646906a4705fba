import type { LoadContext, LoadPlan, LoadResult } from "../load/load.ts";
import type { Column, ColumnType } from "../types/column-type.ts";
import type { Spill } from "./spill.ts";

/** What a pipeline remembers between runs, per resource. */
export interface PipelineState {
  version: number;
  cursors: Record<string, string | number>;
  /** Hashes of the rows that had exactly that cursor: a row of the same moment that came since is told from them. */
  boundaries?: Record<string, string[]>;
}

/** One table of a load package. */
export interface PackageTable {
  name: string;
  columns: Column[];
  rows: number;
  contentHash: string;
  spill: Spill;
  plan: LoadPlan;
}

export interface LoadPackage {
  pipeline: string;
  schemaName: string;
  loadId: string;
  tables: PackageTable[];
  state: PipelineState;
  /** The tables and their columns as JSON, and its hash. */
  schema: string;
  schemaHash: string;
}

/** Where a pipeline writes to: a dataset of a database. */
export interface Destination {
  readonly name: string;
  /** Makes the dataset and its bookkeeping, and removes what loads that died left. */
  prepare(context: LoadContext): Promise<void>;
  /** Runs `work` while no other load of this pipeline runs. */
  locked<T>(pipeline: string, context: LoadContext, work: () => Promise<T>): Promise<T>;
  state(pipeline: string, context: LoadContext): Promise<PipelineState | undefined>;
  columns(table: string, context: LoadContext): Promise<Map<string, ColumnType> | undefined>;
  /** Writes the tables, the state and the load record: on PostgreSQL in one transaction; on Databricks each table is one commit, the record last. */
  load(pack: LoadPackage, context: LoadContext): Promise<LoadResult[]>;
}
