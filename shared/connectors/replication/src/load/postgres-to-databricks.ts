import { rm } from "node:fs/promises";
import type { DatabricksClient } from "@kc/connector-databricks/client";
import { type Postgres, quoteIdentifier, type Session } from "@kc/connector-postgres";
import { type DatabricksTable, fullName } from "./databricks-table.ts";
import { loadIntoDatabricks, type ParquetFeed } from "./databricks-target.ts";
import { csvToParquet, type DuckCsv, padding } from "./duck.ts";
import type { LoadContext, LoadPlan, LoadResult } from "./load.ts";
import { boundCondition, exported, exportRows, measureDecimals, type PostgresSource, withSource } from "./postgres-source.ts";
import { tempFile } from "./temp-files.ts";

/**
 * PostgreSQL to a Delta table: COPY out, Parquet, volume, one commit. The source's session holds the lock of the target, so that
 * loads of it wait for one another, and its transaction gives one consistent view of the rows.
 */
export async function postgresToDatabricks(
  db: Postgres,
  source: PostgresSource,
  client: DatabricksClient,
  table: DatabricksTable,
  plan: LoadPlan,
  context: LoadContext,
): Promise<LoadResult> {
  const csv = tempFile(context.tempDir, ".csv");
  const load = async (session: Session) => {
    await session.query(
      "set transaction isolation level repeatable read; set local timezone to 'UTC'; set local datestyle to 'ISO, MDY'; set local bytea_output to 'hex'",
    );
    return withSource(session, source, (opened) => {
      const feed: ParquetFeed = {
        async read(bounds) {
          const where = boundCondition(bounds, opened.columns);
          const columns = await measureDecimals(session, opened.view, opened.columns, where);
          const chosen = plan.select
            ? plan.select.map(({ from, as }) => ({ column: columns.find(({ name }) => name === from)!, as }))
            : columns.map((column) => ({ column, as: column.name }));
          const named = chosen.map(({ column, as }) => ({ ...column, name: as }));
          const list = [
            ...chosen.map(({ column, as }) => `${exported(column)} as ${quoteIdentifier(as)}`),
            ...padding(named).map(() => "1"),
          ].join(", ");
          const moved = await exportRows(
            db,
            session,
            `select ${list} from ${opened.view}${where}`,
            csv,
            fullName(table),
            context,
          );
          const toParquet = (path: string) => csvToParquet(csv, path, named, postgresCsv, context.tempDir);
          return { ...moved, columns: named, toParquet };
        },
      };
      return loadIntoDatabricks(client, table, plan, feed, context);
    });
  };
  try {
    return await db.session(
      (session) => session.locked(`kc:load:${client.origin}/${fullName(table)}`, () => session.transaction(() => load(session))),
      { signal: context.signal },
    );
  } finally {
    await rm(csv, { force: true });
  }
}

const postgresCsv: DuckCsv = { delimiter: ",", quote: '"', escape: '"', header: false, newLine: "\\n", nullText: "\\N" };
