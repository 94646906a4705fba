import type { Storage } from "@kc/runtime/internal";
import type { Kysely } from "kysely";
import { backfillRows } from "./backfill-rows.ts";
import { checkRows } from "./check-rows.ts";
import { evaluationRows } from "./evaluation-rows.ts";
import { eventRows } from "./event-rows.ts";
import { instigatorRows } from "./instigator-rows.ts";
import { holdsLease, leaseRows } from "./lease-rows.ts";
import { outboxRows } from "./outbox-rows.ts";
import { partitionRows } from "./partition-rows.ts";
import { countOldRows, pruneRows } from "./prune-rows.ts";
import { runRows } from "./run-rows.ts";
import type { Dialect, Sql } from "./sql.ts";
import type { Tables } from "./tables.ts";
import { valueRows } from "./value-rows.ts";

/** Pauses (ms) before a transaction is tried again while the database is away: together about five minutes. */
const pauses = [100, 250, 500, 1_000, 2_000, ...Array.from({ length: 60 }, () => 5_000)];

/** The storage contract over SQL. Writes are serialised, where several processes write by the server. */
export function sqlStorage(db: Kysely<Tables>, facts: Dialect): Storage {
  let last: Promise<unknown> = Promise.resolve();
  /** One transaction at a time: SQLite has one connection, and projections read what they write. */
  const write: Sql["write"] = (work) => {
    const result = last.then(() =>
      patiently(() =>
        db.transaction().execute(async (tx) => {
          await facts.begin?.(tx);
          return work(tx);
        }),
      ),
    );
    last = result.catch(() => undefined);
    return result;
  };
  /** A database that goes away and comes back costs no event: what is to be written waits for it. */
  const patiently = async <T>(work: () => Promise<T>): Promise<T> => {
    for (let attempt = 0; ; attempt++)
      try {
        return await work();
      } catch (error) {
        if (attempt >= pauses.length || closed || !facts.transient(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, pauses[attempt]));
      }
  };
  let closed = false;

  const parts = (sql: Sql): Storage => ({
    ...runRows(sql),
    ...eventRows(sql),
    ...instigatorRows(sql),
    ...valueRows(sql),
    ...outboxRows(sql),
    ...partitionRows(sql),
    ...checkRows(sql),
    ...backfillRows(sql),
    ...evaluationRows(sql),
    ...leaseRows(sql),
    countOld: (before) => countOldRows(db, before),
    prune: (before) => pruneRows(db, sql.write, before),
    fenced: (name, term) =>
      parts({
        ...sql,
        write: (work) =>
          sql.write(async (tx) => {
            await holdsLease(tx, name, term);
            return work(tx);
          }),
      }),
    changes: (listener) => facts.changes?.(listener),

    async info() {
      const counts: Record<string, number> = {};
      for (const table of ["runs", "events", "assets", "instigators", "ticks"] as const) {
        const row = await db
          .selectFrom(table)
          .select((eb) => eb.fn.countAll<number>().as("count"))
          .executeTakeFirstOrThrow();
        counts[table] = Number(row.count);
      }
      return { dialect: facts.dialect, schemaVersion: await facts.schemaVersion(), counts, bytes: await facts.bytes() };
    },

    async close() {
      closed = true;
      await last;
      await db.destroy();
    },
  });
  return parts({ db, facts, write });
}
