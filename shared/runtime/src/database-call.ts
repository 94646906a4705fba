/**
 * A call to a database, as connectors publish it on the tracing channel of this name (`node:diagnostics_channel`) and as
 * traces show it. What a query's values are, and its text, which may hold values, never stands in it.
 */
export interface DatabaseCall {
  /** `db.system.name` of OpenTelemetry: "postgresql". */
  system: string;
  /** Operations and what they are of, without values: "INSERT orders SELECT raw_orders". */
  summary: string;
  /** What was called, where that is no query: "COPY". */
  operation?: string;
  namespace: string;
  address: string;
  port?: number;
  /** What it failed with. */
  error?: unknown;
}

export const databaseChannel = "kc:database";
