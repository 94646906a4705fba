import type { Readable, Writable } from "node:stream";
import type pg from "pg";
import copyStreams from "pg-copy-streams";
import type { QueryTrace } from "./trace-query.ts";

/** One connection to PostgreSQL: statements, COPY, transactions, locks. */
export interface Session {
  /** Process id of this connection's backend, for pg_stat views. */
  readonly pid: number;
  query<R = Record<string, unknown>>(sql: string, values?: unknown[]): Promise<{ rows: R[]; rowCount: number }>;
  /** Runs `COPY … FROM STDIN` over the bytes of a stream. Returns the rows copied. */
  copyIn(sql: string, from: Readable, signal?: AbortSignal): Promise<number>;
  /** Runs `COPY … TO STDOUT` into a stream. Returns the rows copied. */
  copyOut(sql: string, to: Writable, signal?: AbortSignal): Promise<number>;
  /** Runs `work` in a transaction: committed when it returns, rolled back when it throws. */
  transaction<T>(work: () => Promise<T>): Promise<T>;
  /** Waits for a lock of that name until the end of the transaction. */
  advisoryLock(name: string): Promise<void>;
  /** Runs `work` while holding a lock of that name. Unlike `advisoryLock` it needs no transaction, so one begun inside sees all that the last holder wrote. */
  locked<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Cancels the running statement when the signal aborts, for as long as `work` takes. */
  cancellable<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T>;
}

/** A session on a connected client. `cancelBackend` cancels what another backend runs, from a connection of its own. */
export function session(client: pg.ClientBase, trace: QueryTrace, cancelBackend: (pid: number) => Promise<void>): Session {
  const backendPid = (client as unknown as { processID: number }).processID;

  async function cancellable<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
    signal?.throwIfAborted();
    const cancel = () => void cancelBackend(backendPid).catch(() => undefined);
    signal?.addEventListener("abort", cancel, { once: true });
    try {
      return await work();
    } catch (error) {
      signal?.throwIfAborted();
      throw error;
    } finally {
      signal?.removeEventListener("abort", cancel);
    }
  }

  const query: Session["query"] = async <R>(sql: string, values?: unknown[]) => {
    const { rows, rowCount } = await trace(sql, () => client.query(sql, values));
    return { rows: rows as R[], rowCount: rowCount ?? 0 };
  };

  return {
    pid: backendPid,
    query,
    cancellable,
    copyIn: (sql, from, signal) =>
      cancellable(signal, () => {
        const work = async () => {
          const copy = client.query(copyStreams.from(sql, { highWaterMark: 1 << 20 } as never));
          await pump(from, copy, signal);
          return copy.rowCount;
        };
        return trace(sql, work, "COPY");
      }),
    copyOut: (sql, to, signal) =>
      cancellable(signal, () => {
        const work = async () => {
          const copy = client.query(copyStreams.to(sql, { highWaterMark: 1 << 20 } as never));
          await pump(copy, to, signal);
          return copy.rowCount;
        };
        return trace(sql, work, "COPY");
      }),
    async transaction(work) {
      await query("begin");
      try {
        const result = await work();
        await query("commit");
        return result;
      } catch (error) {
        await query("rollback").catch(() => undefined);
        throw error;
      }
    },
    async locked(name, work) {
      await query("select pg_advisory_lock(hashtextextended($1, 0))", [name]);
      try {
        return await work();
      } finally {
        await query("select pg_advisory_unlock(hashtextextended($1, 0))", [name]).catch(() => undefined);
      }
    },
    async advisoryLock(name) {
      await query("select pg_advisory_xact_lock(hashtextextended($1, 0))", [name]);
    },
  };
}

async function pump(from: Readable, to: Writable, signal?: AbortSignal): Promise<void> {
  const { pipeline } = await import("node:stream/promises");
  await pipeline(from, to, signal ? { signal } : {});
}
