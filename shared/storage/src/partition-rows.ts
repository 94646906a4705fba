import {
  emptyPartitionRow,
  type PartitionRow,
  partitionTexts,
  projectPartition,
  type Storage,
  type StoredEvent,
} from "@kc/runtime/internal";
import type { Insertable, Selectable } from "kysely";
import { insertEvents } from "./event-rows.ts";
import { portions, type Sql, type Tx } from "./sql.ts";
import type { Tables } from "./tables.ts";

type Part = Pick<Storage, "partitionRows" | "dynamicPartitions" | "changeDynamicPartitions">;

/** What is known of partitions, and the keys of dynamic ones. */
export function partitionRows({ db, write }: Sql): Part {
  return {
    async partitionRows(asset, after) {
      let query = db.selectFrom("asset_partitions").selectAll().where("asset", "=", asset);
      if (after !== undefined) query = query.where("changed", ">", after);
      return (await query.orderBy("partition").execute()).map(fromRow);
    },

    async dynamicPartitions() {
      const names = new Map<string, string[]>();
      for (const { name, key } of await db
        .selectFrom("dynamic_partitions")
        .select(["name", "key"])
        .orderBy("position")
        .execute()) {
        const keys = names.get(name);
        if (keys) keys.push(key);
        else names.set(name, [key]);
      }
      return names;
    },

    changeDynamicPartitions: (name, change) =>
      write(async (tx) => {
        const rows = await tx.selectFrom("dynamic_partitions").select("key").where("name", "=", name).execute();
        const known = new Set(rows.map((row) => row.key));
        const deleted = [...new Set(change.delete ?? [])].filter((key) => known.has(key));
        const added = [...new Set(change.add ?? [])].filter((key) => !known.has(key));
        if (added.length === 0 && deleted.length === 0) return { added, deleted, events: [] };
        for (const keys of portions(deleted))
          await tx.deleteFrom("dynamic_partitions").where("name", "=", name).where("key", "in", keys).execute();
        const { top } = await tx
          .selectFrom("dynamic_partitions")
          .select((eb) => eb.fn.max<number | null>("position").as("top"))
          .executeTakeFirstOrThrow();
        let position = top ?? 0;
        for (const keys of portions(added))
          await tx
            .insertInto("dynamic_partitions")
            .values(keys.map((key) => ({ name, key, position: ++position })))
            .execute();
        const events = await insertEvents(tx, [{ type: "dynamic_partitions", at: change.at, fields: { name, added, deleted } }]);
        return { added, deleted, events };
      }),
  };
}

/** Keeps what events say of partitions. */
export async function projectPartitions(tx: Tx, events: readonly StoredEvent[]): Promise<void> {
  // What was known of a whole asset goes, with the partitions that were wiped one by one before.
  const whole = events.filter((event) => event.type === "wiped" && event.asset && !event.partition);
  if (whole.length > 0) {
    // Events before and after it keep their order.
    const at = events.indexOf(whole[0]!);
    await projectPartitions(tx, events.slice(0, at));
    await tx.deleteFrom("asset_partitions").where("asset", "=", whole[0]!.asset!).execute();
    return projectPartitions(tx, events.slice(at + 1));
  }
  const byAsset = new Map<string, Map<string, PartitionRow>>();
  const relevant = events.filter(
    (event) =>
      event.asset &&
      event.partition &&
      (event.type === "materialization" || event.type === "step_failed" || event.type === "wiped"),
  );
  if (relevant.length === 0) return;
  for (const asset of new Set(relevant.map((event) => event.asset!))) {
    const texts = new Set(relevant.filter((event) => event.asset === asset).flatMap((event) => partitionTexts(event.partition)));
    const rows = new Map<string, PartitionRow>();
    for (const some of portions([...texts]))
      for (const row of await tx
        .selectFrom("asset_partitions")
        .selectAll()
        .where("asset", "=", asset)
        .where("partition", "in", some)
        .execute())
        rows.set(row.partition, fromRow(row));
    byAsset.set(asset, rows);
  }
  const changed = new Map<string, Insertable<Tables["asset_partitions"]>>();
  for (const event of relevant)
    for (const text of partitionTexts(event.partition)) {
      const rows = byAsset.get(event.asset!)!;
      const row = projectPartition(rows.get(text) ?? emptyPartitionRow(text), event);
      if (!row) continue;
      rows.set(text, row);
      changed.set(`${event.asset}\0${text}`, toRow(event.asset!, row, event.id));
    }
  for (const some of portions([...changed.values()]))
    await tx
      .insertInto("asset_partitions")
      .values(some)
      .onConflict((conflict) =>
        conflict.columns(["asset", "partition"]).doUpdateSet((eb) => ({
          event_id: eb.ref("excluded.event_id"),
          at: eb.ref("excluded.at"),
          run_id: eb.ref("excluded.run_id"),
          failed_event_id: eb.ref("excluded.failed_event_id"),
          failed_run_id: eb.ref("excluded.failed_run_id"),
          wiped_event_id: eb.ref("excluded.wiped_event_id"),
          changed: eb.ref("excluded.changed"),
        })),
      )
      .execute();
}

const toRow = (asset: string, row: PartitionRow, changed: number): Insertable<Tables["asset_partitions"]> => ({
  asset,
  partition: row.partition,
  event_id: row.materialized?.eventId ?? null,
  at: row.materialized?.at ?? null,
  run_id: row.materialized?.runId ?? null,
  failed_event_id: row.failedEventId,
  failed_run_id: row.failedRunId,
  wiped_event_id: row.wipedEventId ?? null,
  changed,
});

const fromRow = (row: Selectable<Tables["asset_partitions"]>): PartitionRow => ({
  partition: row.partition,
  materialized: row.event_id === null ? null : { eventId: row.event_id, at: row.at!, runId: row.run_id },
  failedEventId: row.failed_event_id,
  failedRunId: row.failed_run_id,
  ...(row.wiped_event_id === null ? {} : { wipedEventId: row.wiped_event_id }),
});
