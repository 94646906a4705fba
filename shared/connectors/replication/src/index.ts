export { slingComponent } from "./component.ts";
export { parseReplication, type Replication, type StreamSpec } from "./language/parse.ts";
export type { LoadResult } from "./load/load.ts";
export { csvResource } from "./pipeline/csv-resource.ts";
export { databricksDestination } from "./pipeline/databricks-destination.ts";
export type { Destination } from "./pipeline/destination.ts";
export { type LoadInfo, type LoadPipeline, loadPipeline } from "./pipeline/pipeline.ts";
export { postgresDestination } from "./pipeline/postgres-destination.ts";
export {
  type LoadResource,
  type LoadResourceOptions,
  type LoadSource,
  loadResource,
  loadSource,
  type Row,
  type WriteDisposition,
} from "./pipeline/resource.ts";
export type { ReplicationConnection } from "./run/connection.ts";
export { type SlingReplicationOptions, slingReplication } from "./sling.ts";
