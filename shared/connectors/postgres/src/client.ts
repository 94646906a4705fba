import pg from "pg";
import { connectError } from "./connect-error.ts";
import { type Session, session } from "./session.ts";
import { queryTrace } from "./trace-query.ts";

export interface PostgresOptions {
  /** Host name, address, or the folder of a unix socket. */
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
  /** Most connections at one time. Default 16. */
  maxConnections?: number;
  /** `require`: TLS with a checked certificate; `no-verify`: TLS without. Default: none. */
  tls?: "require" | "no-verify" | undefined;
  applicationName?: string;
}

/** A PostgreSQL database. */
export interface Postgres {
  /** `host:port/database`, for messages. */
  readonly address: string;
  /** One statement on any free connection. Values of int8, numeric, date and time types come back as PostgreSQL's text. */
  query<R = Record<string, unknown>>(
    sql: string,
    values?: unknown[],
    options?: { signal?: AbortSignal | undefined },
  ): Promise<{ rows: R[]; rowCount: number }>;
  /** A connection of its own for as long as `work` takes. Never wait inside for another session of the same client: with few connections that can block forever. */
  session<T>(work: (session: Session) => Promise<T>, options?: { signal?: AbortSignal | undefined }): Promise<T>;
  /** A session whose work is one transaction. */
  transaction<T>(work: (session: Session) => Promise<T>, options?: { signal?: AbortSignal | undefined }): Promise<T>;
  close(): Promise<void>;
}

/** Types whose JavaScript value would lose digits or time zone: int8, date, time, timestamp, timestamptz, interval, numeric, timetz. */
const asText = new Set([20, 1082, 1083, 1114, 1184, 1186, 1700, 1266]);
const types = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    asText.has(oid) ? (text: unknown) => text : pg.types.getTypeParser(oid, format as "text"),
};

/** A client of a PostgreSQL database. Connects when first used. */
export function postgresClient(options: PostgresOptions): Postgres {
  const target = {
    host: options.host,
    port: options.port,
    user: options.user,
    password: options.password,
    database: options.database,
    application_name: options.applicationName ?? "kc",
    keepAlive: true,
    types: types as never,
    ...(options.tls ? { ssl: { rejectUnauthorized: options.tls === "require" } } : {}),
  };
  const pool = new pg.Pool({
    ...target,
    max: options.maxConnections ?? 16,
    connectionTimeoutMillis: 15_000,
    allowExitOnIdle: true,
  });
  const trace = queryTrace(options);
  // An idle connection that the server closes is replaced by the next use; without a listener it would end the process.
  pool.on("error", () => undefined);

  async function connect(): Promise<pg.PoolClient> {
    try {
      return await pool.connect();
    } catch (error) {
      throw connectError(error, options);
    }
  }

  async function withSession<T>(
    work: (session: Session) => Promise<T>,
    { signal }: { signal?: AbortSignal | undefined } = {},
  ): Promise<T> {
    signal?.throwIfAborted();
    const client = await connect();
    let broken: Error | undefined;
    const onError = (error: Error) => {
      broken = error;
    };
    client.on("error", onError);
    const own = session(client, trace, async (pid) => {
      const other = new pg.Client({ ...target, connectionTimeoutMillis: 5_000 });
      other.on("error", () => undefined);
      await other.connect();
      await other.query("select pg_cancel_backend($1)", [pid]).finally(() => other.end());
    });
    let failed = true;
    try {
      const result = await own.cancellable(signal, () => work(own));
      failed = false;
      return result;
    } finally {
      client.off("error", onError);
      // After a failure the connection may be inside a COPY or a transaction: it is not given to anyone else.
      // After an abort a cancel may still be on its way to its backend.
      client.release(broken ?? (failed || signal?.aborted === true));
    }
  }

  return {
    address: `${options.host}:${options.port}/${options.database}`,
    query: (sql, values, call) => withSession((own) => own.query(sql, values), call),
    session: withSession,
    transaction: (work, call) => withSession((own) => own.transaction(() => work(own)), call),
    close: () => pool.end(),
  };
}
