import { type Postgres, quoteIdentifier, quoteTable, type Session, type TableName } from "@kc/connector-postgres";
import type { PreviousLoad } from "./load.ts";

const table = "_kc_loads";

/** Makes the schema and its bookkeeping table. A short transaction of its own, so that no load waits for another's. */
export async function ensureBookkeeping(db: Postgres, schema: string, signal?: AbortSignal): Promise<void> {
  const name = quoteTable({ schema, table });
  if ((await db.query("select to_regclass($1) is not null as found", [name], { signal })).rows[0]?.["found"]) return;
  await db.transaction(
    async (session) => {
      await session.advisoryLock(`kc:schema:${schema}`);
      const known = await session.query("select from pg_namespace where nspname = $1", [schema]);
      if (known.rowCount === 0) await session.query(`create schema ${quoteIdentifier(schema)}`);
      await session.query(
        `create table if not exists ${name} (target text not null, stream text not null, load_id text not null, mode text not null, fingerprint text not null,
          bytes bigint not null, rows bigint not null, cursor text, loaded_at timestamptz not null default now(), primary key (target, stream))`,
      );
    },
    { signal },
  );
}

/** The latest load of the stream into the target. */
export async function previousLoad(session: Session, target: TableName, stream: string): Promise<PreviousLoad | undefined> {
  const { rows } = await session.query<{
    load_id: string;
    fingerprint: string;
    bytes: string;
    rows: string;
    cursor: string | null;
  }>(
    `select load_id, fingerprint, bytes, rows, cursor from ${quoteTable({ schema: target.schema, table })} where target = $1 and stream = $2`,
    [target.table, stream],
  );
  const row = rows[0];
  return (
    row && {
      loadId: row.load_id,
      fingerprint: row.fingerprint,
      bytes: Number(row.bytes),
      rows: Number(row.rows),
      cursor: row.cursor ?? undefined,
    }
  );
}

/** Records a load. In the transaction of its data, so that cursor and data always agree. */
export async function recordLoad(
  session: Session,
  target: TableName,
  stream: string,
  mode: string,
  load: PreviousLoad,
): Promise<void> {
  const name = quoteTable({ schema: target.schema, table });
  // What other streams said about a table that this one has replaced holds no longer.
  if (mode === "full-refresh" || mode === "truncate")
    await session.query(`delete from ${name} where target = $1 and stream <> $2`, [target.table, stream]);
  await session.query(
    `insert into ${name} (target, stream, load_id, mode, fingerprint, bytes, rows, cursor) values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (target, stream) do update set load_id = $3, mode = $4, fingerprint = $5, bytes = $6, rows = $7, cursor = $8, loaded_at = now()`,
    [target.table, stream, load.loadId, mode, load.fingerprint, load.bytes, load.rows, load.cursor ?? null],
  );
}
