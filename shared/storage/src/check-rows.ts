import { type CheckRow, checkRowsOf, type Storage, type StoredEvent } from "@kc/runtime/internal";
import type { Insertable, Selectable } from "kysely";
import { portions, type Sql, type Tx } from "./sql.ts";
import type { Tables } from "./tables.ts";

/** The latest results of checks, by partition. */
export function checkRows({ db }: Sql): Pick<Storage, "checkRows"> {
  return {
    async checkRows(asset, after) {
      let query = db.selectFrom("partition_checks").selectAll().where("asset", "=", asset);
      if (after !== undefined) query = query.where("event_id", ">", after);
      return (await query.execute()).map(fromRow);
    },
  };
}

/** Keeps what events say of checks. */
export async function projectChecks(tx: Tx, events: readonly StoredEvent[]): Promise<void> {
  const changed = new Map<string, Insertable<Tables["partition_checks"]>>();
  for (const event of events) {
    if (!event.asset) continue;
    if (event.type === "wiped" && !event.partition) {
      for (const [key, row] of changed) if (row.asset === event.asset) changed.delete(key);
      await tx.deleteFrom("partition_checks").where("asset", "=", event.asset).execute();
    }
    for (const row of checkRowsOf(event)) changed.set(`${event.asset}\0${row.check}\0${row.partition}`, toRow(event.asset, row));
  }
  for (const some of portions([...changed.values()]))
    await tx
      .insertInto("partition_checks")
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(["asset", "name", "partition"]).doUpdateSet((eb) => ({
          event_id: eb.ref("excluded.event_id"),
          at: eb.ref("excluded.at"),
          run_id: eb.ref("excluded.run_id"),
          passed: eb.ref("excluded.passed"),
          severity: eb.ref("excluded.severity"),
          description: eb.ref("excluded.description"),
        })),
      )
      .execute();
}

const toRow = (asset: string, row: CheckRow): Insertable<Tables["partition_checks"]> => ({
  asset,
  name: row.check,
  partition: row.partition,
  event_id: row.eventId,
  at: row.at,
  run_id: row.runId,
  passed: row.passed ? 1 : 0,
  severity: row.severity,
  description: row.description ?? null,
});

const fromRow = (row: Selectable<Tables["partition_checks"]>): CheckRow => ({
  check: row.name,
  partition: row.partition,
  eventId: row.event_id,
  at: row.at,
  runId: row.run_id,
  passed: row.passed === 1,
  severity: row.severity as CheckRow["severity"],
  ...(row.description === null ? {} : { description: row.description }),
});
