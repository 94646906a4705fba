// assets

export type * from "./asset.ts";
export { asset, externalAsset, multiAsset } from "./asset.ts";
export type { AssetKey, KnownAssets } from "./asset-key.ts";
export type { AutomationCondition } from "./automation.ts";
// when they run
export { anyDepsUpdated, eager, onCron, onMissing } from "./automation.ts";
export * as automation from "./automation-algebra.ts";
export type * from "./check.ts";
export { assetCheck } from "./check.ts";
// ready-made checks
export { type Anomaly, type AnomalyOptions, anomalyCheck, anomalyOf } from "./check-factories/anomaly.ts";
export { columnRangeCheck, notNullCheck, uniqueCheck } from "./check-factories/columns.ts";
export type { Bounds, FactoryOptions } from "./check-factories/factory.ts";
export { freshnessCheck } from "./check-factories/fresh.ts";
export { rangeCheck, rowCountCheck } from "./check-factories/row-count.ts";
export { type SchemaExpectation, schemaCheck } from "./check-factories/schema.ts";
export type { SqlExecuting, SqlQuerying, SqlSource, TableOptions } from "./check-factories/sql-source.ts";
export type * from "./component.ts";
// the location
export { component } from "./component.ts";
// traces
export { type DatabaseCall, databaseChannel } from "./database-call.ts";
// values
export { type Duration, durationMs, formatDuration } from "./duration.ts";
export { UserError } from "./errors.ts";
export type { CronPolicy, FreshnessOf, FreshnessPolicy, MaxAgePolicy } from "./freshness-policy.ts";
export type { DefaultStatus, PartitionRequest, ReportedEvent, RunRequest, TickContext } from "./instigator.ts";
export type * from "./job.ts";
export { job } from "./job.ts";
export type { LocationDefinition } from "./location.ts";
export { defineLocation } from "./location.ts";
export type { ColumnLineage, ColumnSchema, Metadata, MetadataValue } from "./metadata.ts";
export { md } from "./metadata.ts";
// how assets are divided
export type * from "./partition/definition.ts";
export {
  cronPartitions,
  dailyPartitions,
  dynamicPartitions,
  hourlyPartitions,
  monthlyPartitions,
  multiPartitions,
  staticPartitions,
  weeklyPartitions,
} from "./partition/definition.ts";
export { type AuthoredMapping, mapping, type PartitionMapping } from "./partition/mapping.ts";
export type { PoolOption } from "./pool.ts";
export type * from "./resource.ts";
// what they use
export { env, resource, secret, valueResource } from "./resource.ts";
export type * from "./schedule.ts";
export { schedule } from "./schedule.ts";
export type * from "./sensor.ts";
export { assetSensor, automationSensor, freshnessSensor, multiAssetSensor, runStatusSensor, sensor } from "./sensor.ts";
