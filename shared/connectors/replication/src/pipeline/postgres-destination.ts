import { randomBytes } from "node:crypto";
import { type Postgres, quoteIdentifier, quoteTable } from "@kc/connector-postgres";
import type { LoadResult } from "../load/load.ts";
import { ensureBookkeeping } from "../load/postgres-bookkeeping.ts";
import { describeTable } from "../load/postgres-catalog.ts";
import { loadTable, type PostgresFeed } from "../load/postgres-target.ts";
import type { Destination, PackageTable, PipelineState } from "./destination.ts";

/** A schema of a PostgreSQL database. A whole load, with its state, is one transaction. */
export function postgresDestination(db: Postgres, dataset: string): Destination {
  const table = (name: string) => quoteTable({ schema: dataset, table: name });
  return {
    name: `${db.address}/${dataset}`,
    async prepare({ signal }) {
      await ensureBookkeeping(db, dataset, signal);
      await db.transaction(
        async (session) => {
          await session.advisoryLock(`kc:schema:${dataset}`);
          await session.query(
            `create table if not exists ${table("_dlt_loads")} (load_id text not null, schema_name text, status bigint not null, inserted_at timestamptz not null, schema_version_hash text)`,
          );
          await session.query(
            `create table if not exists ${table("_dlt_pipeline_state")} (version bigint not null, engine_version bigint not null, pipeline_name text not null, state text not null, created_at timestamptz not null, version_hash text, _dlt_load_id text not null, _dlt_id text not null)`,
          );
          await session.query(
            `create table if not exists ${table("_dlt_version")} (version bigint not null, engine_version bigint not null, inserted_at timestamptz not null, schema_name text not null, version_hash text not null, schema text not null)`,
          );
        },
        { signal },
      );
    },
    locked: (pipeline, { signal }, work) =>
      db.session((session) => session.locked(`kc:pipeline:${dataset}:${pipeline}`, work), { signal }),
    async state(pipeline, { signal }) {
      const { rows } = await db.query<{ state: string }>(
        `select state from ${table("_dlt_pipeline_state")} where pipeline_name = $1 order by version desc limit 1`,
        [pipeline],
        { signal },
      );
      return rows[0] && (JSON.parse(rows[0].state) as PipelineState);
    },
    async columns(name, { signal }) {
      const found = await db.session((session) => describeTable(session, { schema: dataset, table: name }), { signal });
      return found && new Map(found.columns.map((column) => [column.name, column.type]));
    },
    load: (pack, context) =>
      db.transaction(
        async (session) => {
          await session.query("set local timezone to 'UTC'; set local datestyle to 'ISO, MDY'");
          const results: LoadResult[] = [];
          for (const part of pack.tables)
            results.push(
              await loadTable(db, session, { schema: dataset, table: part.name }, part.plan, feed(part, context.signal), context),
            );
          // A run that found nothing new leaves no trace, so that asking again and again costs nothing.
          if (results.every((result) => result.unchanged)) return results;
          const now = new Date().toISOString();
          await session.query(`insert into ${table("_dlt_loads")} values ($1, $2, 0, $3, $4)`, [
            pack.loadId,
            pack.schemaName,
            now,
            pack.schemaHash,
          ]);
          await session.query(`insert into ${table("_dlt_pipeline_state")} values ($1, 1, $2, $3, $4, $5, $6, $7)`, [
            pack.state.version,
            pack.pipeline,
            JSON.stringify(pack.state),
            now,
            pack.schemaHash,
            pack.loadId,
            randomBytes(10).toString("base64url"),
          ]);
          await session.query(
            `insert into ${table("_dlt_version")} select $1::bigint, 1, $2, $3::text, $4::text, $5 where not exists (select from ${table("_dlt_version")} where schema_name = $3::text and version_hash = $4::text)`,
            [pack.state.version, now, pack.schemaName, pack.schemaHash, pack.schema],
          );
          return results;
        },
        { signal: context.signal },
      ),
  };
}

function feed(part: PackageTable, signal: AbortSignal | undefined): PostgresFeed {
  return {
    columns: part.columns,
    isSame: async (previous) => part.plan.mode === "full-refresh" && previous.fingerprint.startsWith(`${part.contentHash}:`),
    async copy(session, table, columns) {
      const list = columns.map(({ name }) => quoteIdentifier(name)).join(", ");
      const rows = await session.copyIn(
        `copy ${table} (${list}) from stdin (format csv, null '\\N')`,
        part.spill.csv(columns),
        signal,
      );
      return { rows, bytes: part.spill.bytes, contentHash: part.contentHash };
    },
  };
}
