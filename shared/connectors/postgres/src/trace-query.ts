import { tracingChannel } from "node:diagnostics_channel";
import { type DatabaseCall, databaseChannel } from "@kc/runtime";
import { querySummary } from "./query-summary.ts";

export type QueryTrace = <T>(sql: string, work: () => Promise<T>, operation?: string) => Promise<T>;

const channel = tracingChannel<DatabaseCall>(databaseChannel);

/** Tells who listens, such as the traces of a run, of each query of a server. Costs nothing when nobody does. */
export function queryTrace(server: { host: string; port: number; database: string }): QueryTrace {
  return (sql, work, operation) => {
    if (!channel.hasSubscribers) return work();
    const call: DatabaseCall = {
      system: "postgresql",
      summary: querySummary(sql),
      namespace: server.database,
      address: server.host,
      // A socket has none.
      ...(server.host.startsWith("/") ? {} : { port: server.port }),
      ...(operation ? { operation } : {}),
    };
    return channel.tracePromise(work, call);
  };
}
