export { type Postgres, type PostgresOptions, postgresClient } from "./client.ts";
export { parseTableName, quoteIdentifier, quoteLiteral, quoteTable, type TableName } from "./identifier.ts";
export { postgres, postgresResource } from "./resource.ts";
export type { Session } from "./session.ts";
