import { randomUUID } from "node:crypto";
import type { Storage } from "@kc/runtime/internal";
import { Kysely, PostgresDialect, sql } from "kysely";
import pg from "pg";
import { listenFor } from "./listen.ts";
import { migrationsOf, pendingMigrations } from "./migrations.ts";
import { sqlStorage } from "./sql-storage.ts";
import type { Tables } from "./tables.ts";

/** int8 as a number: ids and instants stay far below 2^53. */
const int8 = 20;
const types = {
  getTypeParser: (oid: number, format?: "text" | "binary") =>
    oid === int8 ? Number : pg.types.getTypeParser(oid, format as "text"),
};

/** PostgreSQL keeps no NUL in a text: a cursor or an error's message with one would never be stored. */
const withoutNul = (value: unknown): unknown => (typeof value === "string" ? value.replaceAll("\0", "") : value);

/** How long (ms) a connection may stand in a transaction without saying anything. */
const idleMs = 4_000;

/** Codes of an error that says the server is away, starting, stopping or out of connections (PostgreSQL manual, appendix A; Node's network codes). */
const away = new Set([
  "57P01",
  "57P02",
  "57P03",
  "08000",
  "08001",
  "08003",
  "08006",
  "53300",
  // A host that was paused in the middle of a transaction finds it ended.
  "25P03",
  "ECONNREFUSED",
  "ECONNRESET",
  "EPIPE",
  "ETIMEDOUT",
  "ENOTFOUND",
]);

function isAway(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return (
    (code !== undefined && away.has(code)) ||
    /Connection terminated|connection timeout|Client has encountered a connection error/i.test(message ?? "")
  );
}

/**
 * Opens the instance database on a PostgreSQL server: tables in the schema `kc` unless the URL's `search_path` says otherwise.
 * @throws Error when the server cannot be reached or was written by a newer kc; the URL's password is in no message.
 */
export async function openPostgres(url: string, options: { schema?: string; migrate?: boolean } = {}): Promise<Storage> {
  const schema = options.schema ?? "kc";
  const place = placeOf(url);
  const channel = `kc:${schema}`;
  const origin = randomUUID();
  const pool = new pg.Pool({
    connectionString: url,
    max: 8,
    connectionTimeoutMillis: 10_000,
    application_name: "kc",
    types: types as never,
    keepAlive: true,
    // A host that hangs or is cut off in the middle of a write must not keep the others waiting.
    options: `-c search_path=${schema} -c timezone=UTC -c idle_in_transaction_session_timeout=${idleMs}`,
  });
  // A connection that breaks, idle or in use, is replaced; the statement that it carried fails by itself.
  pool.on("error", () => {});
  pool.on("connect", (client) => {
    client.on("error", () => {});
    const query = client.query.bind(client) as (...args: unknown[]) => unknown;
    client.query = ((text: unknown, values?: unknown, ...rest: unknown[]) =>
      query(text, Array.isArray(values) ? values.map(withoutNul) : values, ...rest)) as typeof client.query;
  });
  try {
    await migrate(pool, schema, place, options.migrate ?? true);
  } catch (error) {
    await pool.end();
    if (isAway(error))
      throw new Error(
        `the instance database at ${place} cannot be reached: ${(error as Error).message || (error as { code?: string }).code}. Check that the server runs and storage.postgres.url in kc.yaml is right.`,
        { cause: error },
      );
    throw error;
  }
  const db = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  return sqlStorage(db, {
    dialect: "postgres",
    schemaVersion: () => schemaVersion(pool),
    async bytes() {
      const { rows } = await pool.query(
        "select coalesce(sum(pg_total_relation_size(c.oid)), 0) as bytes from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relkind = 'r'",
        [schema],
      );
      return Number(rows[0].bytes);
    },
    hasTag: (name, value) => sql<boolean>`runs.tags::jsonb ->> ${name} = ${value}`,
    transient: isAway,
    // Hosts take turns: ids of events are then in the order of their commits, and projections read what they write.
    async begin(tx) {
      await sql`select pg_advisory_xact_lock(hashtext(${`kc:write:${schema}`})), pg_notify(${channel}, ${origin})`.execute(tx);
    },
    changes: (listener) => listenFor({ url, channel, origin, listener }),
  });
}

/** Ends every connection of kc to a database, as an administrator may: for what injects faults. */
export async function cutConnections(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, application_name: "kc-cut" });
  client.on("error", () => {});
  await client.connect();
  try {
    await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kc'");
  } finally {
    await client.end();
  }
}

/** Host, port and database of a URL, without its password. */
export function placeOf(url: string): string {
  const parsed = URL.parse(url);
  return parsed ? `${parsed.hostname || "localhost"}:${parsed.port || "5432"}${parsed.pathname}` : "its URL";
}

async function schemaVersion(pool: pg.Pool): Promise<number> {
  const { rows } = await pool.query("select version from schema_version");
  return (rows[0] as { version: number } | undefined)?.version ?? 0;
}

/** Migrates under a lock of the server, so that two programs that start at once do it once. */
async function migrate(pool: pg.Pool, schema: string, place: string, apply: boolean): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query("select pg_advisory_lock(hashtext($1))", [`kc:migrate:${schema}`]);
    await client.query(`create schema if not exists ${pg.escapeIdentifier(schema)}`);
    await client.query("create table if not exists schema_version (version integer not null)");
    const { rows } = await client.query("select version from schema_version");
    const current = (rows[0] as { version: number } | undefined)?.version ?? 0;
    const pending = pendingMigrations("postgres", current, place);
    if (pending.length > 0 && current > 0 && !apply)
      throw new Error(
        `the instance database at ${place} has schema ${current}, this kc needs ${migrationsOf("postgres").at(-1)!.version}. Run: kc storage migrate`,
      );
    for (const { version, sql: text } of pending) {
      await client.query("begin");
      try {
        await client.query(text);
        await client.query("delete from schema_version");
        await client.query("insert into schema_version values ($1)", [version]);
        await client.query("commit");
      } catch (error) {
        await client.query("rollback");
        throw error;
      }
    }
  } finally {
    await client.query("select pg_advisory_unlock(hashtext($1))", [`kc:migrate:${schema}`]).catch(() => undefined);
    client.release();
  }
}
