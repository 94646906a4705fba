import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { DatabricksClient } from "@kc/connector-databricks/client";
import { type Postgres, quoteIdentifier } from "@kc/connector-postgres";
import { type DatabricksTable, fullName } from "./databricks-table.ts";
import { loadIntoDatabricks } from "./databricks-target.ts";
import { csvToParquet } from "./duck.ts";
import { type LoadContext, type LoadPlan, type LoadResult, newLoadId } from "./load.ts";
import { boundCondition, exportRows, measureDecimals, openSource, type PostgresSource } from "./postgres-source.ts";

/**
 * PostgreSQL to a Delta table: COPY out, Parquet, volume, one commit. The source's transaction holds the lock of the target, so that
 * loads of it wait for one another, and gives one consistent view of the rows.
 */
export async function postgresToDatabricks(db: Postgres, source: PostgresSource, client: DatabricksClient, table: DatabricksTable, plan: LoadPlan, context: LoadContext): Promise<LoadResult> {
  const csv = join(context.tempDir, `${newLoadId()}.csv`);
  return db.transaction(
    async (session) => {
      await session.advisoryLock(`kc:load:${client.origin}/${fullName(table)}`);
      await session.query("set local timezone to 'UTC'; set local datestyle to 'ISO, MDY'; set local bytea_output to 'hex'; set local idle_in_transaction_session_timeout to 0");
      const opened = await openSource(session, source);
      try {
        return await loadIntoDatabricks(
          client,
          table,
          plan,
          {
            async read(bounds) {
              const where = boundCondition(bounds, opened.columns);
              const columns = (await measureDecimals(session, opened.view, opened.columns, where)).filter(({ name }) => !plan.select || plan.select.some(({ from }) => from === name));
              const chosen = plan.select?.map(({ from, as }) => ({ ...columns.find(({ name }) => name === from)!, name: as, from })) ?? columns.map((column) => ({ ...column, from: column.name }));
              const list = chosen.map(({ from, name }) => `${quoteIdentifier(from)} as ${quoteIdentifier(name)}`).join(", ");
              const moved = await exportRows(db, session, `select ${list} from ${opened.view}${where}`, csv, fullName(table), context);
              const toParquet = (path: string) => csvToParquet(csv, path, chosen, { delimiter: ",", quote: '"', escape: '"', header: false, nullText: "\\N" }, context.tempDir);
              return { ...moved, columns: chosen, toParquet };
            },
          },
          context,
        );
      } finally {
        await rm(csv, { force: true });
      }
    },
    { signal: context.signal },
  );
}
