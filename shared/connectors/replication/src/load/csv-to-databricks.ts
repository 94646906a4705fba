import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import type { DatabricksClient } from "@kc/connector-databricks/client";
import { UserError } from "@kc/runtime";
import type { CsvFile } from "./csv-file.ts";
import { type DatabricksTable, fullName } from "./databricks-table.ts";
import { loadIntoDatabricks, type ParquetFeed } from "./databricks-target.ts";
import { csvToParquet, measureCsvDecimals } from "./duck.ts";
import { withFileLock } from "./file-lock.ts";
import type { LoadContext, LoadPlan, LoadResult } from "./load.ts";

/** A CSV file to a Delta table. Loads of one target on this machine wait for one another by a lock file. */
export async function csvToDatabricks(
  file: CsvFile,
  options: { emptyAsNull?: boolean | undefined },
  client: DatabricksClient,
  table: DatabricksTable,
  plan: LoadPlan,
  context: LoadContext,
): Promise<LoadResult> {
  if (plan.mode === "incremental" && plan.updateKey)
    throw new UserError(`stream ${plan.stream}: an update_key needs a database as the source of a Databricks target`, {
      hint: "Load the file into PostgreSQL first.",
    });
  if (file.encoding !== "UTF8")
    throw new UserError(`the file ${file.path} must be UTF-8 for a Databricks target`, {
      hint: "Convert it, or load it into PostgreSQL first.",
    });
  const feed: ParquetFeed = {
    async read() {
      const hash = createHash("sha256");
      await pipeline(
        createReadStream(file.path, { highWaterMark: 1 << 20 }),
        hash,
        context.signal ? { signal: context.signal } : {},
      );
      const neverNull = options.emptyAsNull
        ? []
        : file.columns.filter(({ type }) => type.kind === "text").map(({ name }) => name);
      const dialect = {
        ...file.dialect,
        header: file.header,
        nullText: "",
        quotedNull: true,
        neverNull,
        skip: file.skipLines,
        compression: file.compression,
      };
      const columns = await measureCsvDecimals(file.path, file.columns, dialect, context.tempDir);
      const toParquet = (path: string) => csvToParquet(file.path, path, columns, dialect, context.tempDir, false);
      return { rows: undefined, bytes: file.size, contentHash: hash.digest("hex"), columns, toParquet };
    },
  };
  return withFileLock(context.tempDir, `${client.origin}/${fullName(table)}`, context.signal, () =>
    loadIntoDatabricks(client, table, plan, feed, context),
  );
}
