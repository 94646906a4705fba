// tables
export type { Add, CommitInfo, Metadata, Protocol } from "./actions.ts";
// registry
export {
  Catalog,
  type CatalogEntry,
  canonicalName,
  type NewTable,
  type SchemaEntry,
  type TableEntry,
  type VolumeEntry,
} from "./catalog.ts";
export type { Commit } from "./commit.ts";
export { type DeltaField, type DeltaType, deltaType, duckType, sqlTypeName } from "./delta-type.ts";
// compute
export { type DuckOptions, openDuck, queryRows, quoteIdentifier, quoteLiteral, quotePath, withDuck } from "./duck.ts";
export { LakehouseError, type LakehouseErrorCode } from "./errors.ts";
export { type ChangeClause, type InsertClause, type Merge, merge } from "./merge.ts";
export { deleteRows, type RowChange, updateRows } from "./rewrite.ts";
export { dataPath, registerView, scanSql } from "./scan.ts";
export { describeQuery } from "./schema.ts";
// reading
export { type At, type HistoryEntry, readHistory, readSnapshot, type Snapshot } from "./snapshot.ts";
export { addColumns, alterTable, append, createTable, overwrite, type TableDefinition, type WriteOptions } from "./table.ts";
