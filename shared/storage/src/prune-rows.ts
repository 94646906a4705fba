import type { PruneParams } from "@kc/runtime/internal";
import type { Kysely, Transaction } from "kysely";
import type { Tables } from "./tables.ts";

type Write = <T>(work: (tx: Transaction<Tables>) => Promise<T>) => Promise<T>;

/** Deletes old rows in portions, so that the runs that go on meanwhile never wait long for the database. */
export async function pruneRows(
  db: Kysely<Tables>,
  write: Write,
  { runs, ticks, logs }: PruneParams,
): Promise<{ runs: number; events: number; ticks: number }> {
  const gone = { runs: 0, events: 0, ticks: 0 };
  const ended = db.selectFrom("runs").select("id").where("ended_at", "is not", null);
  const needed = runs === undefined ? [] : await neededRuns(db);
  while (runs !== undefined) {
    const ids = (await ended.where("ended_at", "<", runs).where("id", "not in", needed).limit(500).execute()).map(
      (row) => row.id,
    );
    if (ids.length === 0) break;
    await write(async (tx) => {
      gone.events += Number((await tx.deleteFrom("events").where("run_id", "in", ids).executeTakeFirst()).numDeletedRows);
      // A run key counts for ever, also once its run is gone.
      await tx
        .insertInto("spent_run_keys")
        .columns(["run_key"])
        .expression((eb) =>
          eb
            .selectFrom("runs")
            .select((row) => row.ref("run_key").$castTo<string>().as("run_key"))
            .where("id", "in", ids)
            .where("run_key", "is not", null),
        )
        .onConflict((conflict) => conflict.doNothing())
        .execute();
      await tx.deleteFrom("run_assets").where("run_id", "in", ids).execute();
      gone.runs += Number((await tx.deleteFrom("runs").where("id", "in", ids).executeTakeFirst()).numDeletedRows);
    });
  }
  await write(async (tx) => {
    if (runs !== undefined) {
      const loose = await tx.deleteFrom("events").where("run_id", "is", null).where("at", "<", runs).executeTakeFirst();
      gone.events += Number(loose.numDeletedRows);
    }
    if (logs !== undefined) {
      const lines = tx.deleteFrom("events").where("type", "=", "log").where("at", "<", logs).where("run_id", "in", ended);
      gone.events += Number((await lines.executeTakeFirst()).numDeletedRows);
    }
    if (ticks !== undefined) {
      const old = await tx.deleteFrom("ticks").where("at", "<", ticks).where("status", "!=", "started").executeTakeFirst();
      gone.ticks += Number(old.numDeletedRows);
      await tx.deleteFrom("evaluations").where("at", "<", ticks).execute();
    }
  });
  return gone;
}

/** Ended runs that others wait upon: how they ended must be known until those have. Never empty, as SQL wants it. */
async function neededRuns(db: Kysely<Tables>): Promise<string[]> {
  const open = await db.selectFrom("runs").select("needs").where("ended_at", "is", null).where("needs", "!=", "[]").execute();
  return ["", ...new Set(open.flatMap(({ needs }) => JSON.parse(needs) as string[]))];
}

/** What `pruneRows` would delete, as three counts. */
export async function countOldRows(
  db: Kysely<Tables>,
  { runs, ticks, logs }: PruneParams,
): Promise<{ runs: number; events: number; ticks: number }> {
  const count = async (query: { executeTakeFirstOrThrow(): Promise<{ n: unknown }> }) =>
    Number((await query.executeTakeFirstOrThrow()).n);
  const endedRuns = db.selectFrom("runs").where("ended_at", "is not", null);
  const counts = { runs: 0, events: 0, ticks: 0 };
  if (runs !== undefined) {
    const old = endedRuns.where("ended_at", "<", runs).where("id", "not in", await neededRuns(db));
    counts.runs = await count(old.select((eb) => eb.fn.countAll().as("n")));
    counts.events = await count(
      db
        .selectFrom("events")
        .select((eb) => eb.fn.countAll().as("n"))
        .where((eb) => eb.or([eb("run_id", "in", old.select("id")), eb.and([eb("run_id", "is", null), eb("at", "<", runs)])])),
    );
  }
  if (logs !== undefined) {
    // Log lines of runs that go as a whole are counted there.
    const staying = runs === undefined ? endedRuns : endedRuns.where("ended_at", ">=", runs);
    const lines = db
      .selectFrom("events")
      .where("type", "=", "log")
      .where("at", "<", logs)
      .where("run_id", "in", staying.select("id"));
    counts.events += await count(lines.select((eb) => eb.fn.countAll().as("n")));
  }
  if (ticks !== undefined) {
    const old = db.selectFrom("ticks").where("at", "<", ticks).where("status", "!=", "started");
    counts.ticks = await count(old.select((eb) => eb.fn.countAll().as("n")));
  }
  return counts;
}
