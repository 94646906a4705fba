export { slingComponent } from "./component.ts";
export { parseReplication, type Replication, type StreamSpec } from "./language/parse.ts";
export type { LoadResult } from "./load/load.ts";
export type { ReplicationConnection } from "./run/connection.ts";
export { type SlingReplicationOptions, slingReplication } from "./sling.ts";
