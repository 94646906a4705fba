import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rm } from "node:fs/promises";
import { pipeline as pipe } from "node:stream/promises";
import { type DatabricksClient, DatabricksSqlError, quoteText } from "@kc/connector-databricks/client";
import { UserError } from "@kc/runtime";
import { describeDatabricksTable, isMissingTable, quoteFullName } from "../load/databricks-table.ts";
import { loadIntoDatabricks, type ParquetFeed } from "../load/databricks-target.ts";
import { csvToParquet, measureCsvDecimals, padding } from "../load/duck.ts";
import { withFileLock } from "../load/file-lock.ts";
import type { LoadContext, LoadResult } from "../load/load.ts";
import { tempFile } from "../load/temp-files.ts";
import { fromDatabricksType } from "../types/column-type.ts";
import type { Destination, PackageTable, PipelineState } from "./destination.ts";

/** A schema of a catalog. Each table changes by one commit; the load record comes last, and rows of a load without one are removed. */
export function databricksDestination(client: DatabricksClient, dataset: string): Destination {
  const catalog = client.catalog ?? "test";
  const place = (table: string) => ({ catalog, schema: dataset, table });
  const name = (table: string) => quoteFullName(place(table));
  const run = (sql: string, { signal }: LoadContext, idempotent = false) =>
    client.statements.execute(sql, { signal, idempotent });
  return {
    name: `${client.origin}/${catalog}.${dataset}`,
    async prepare(context) {
      await mkdir(context.tempDir, { recursive: true });
      await client.unityCatalog.ensureSchema(catalog, dataset, { signal: context.signal });
      await run(
        `CREATE TABLE IF NOT EXISTS ${name("_dlt_loads")} (load_id STRING, schema_name STRING, status BIGINT, inserted_at TIMESTAMP, schema_version_hash STRING)`,
        context,
        true,
      );
      await run(
        `CREATE TABLE IF NOT EXISTS ${name("_dlt_pipeline_state")} (version BIGINT, engine_version BIGINT, pipeline_name STRING, state STRING, created_at TIMESTAMP, version_hash STRING, _dlt_load_id STRING, _dlt_id STRING)`,
        context,
        true,
      );
      await run(
        `CREATE TABLE IF NOT EXISTS ${name("_dlt_version")} (version BIGINT, engine_version BIGINT, inserted_at TIMESTAMP, schema_name STRING, version_hash STRING, schema STRING)`,
        context,
        true,
      );
    },
    locked: (pipeline, context, work) =>
      withFileLock(context.tempDir, `${client.origin}/${catalog}.${dataset}/${pipeline}`, context.signal, work),
    async state(pipeline, context) {
      const { rows } = await run(
        `SELECT state FROM ${name("_dlt_pipeline_state")} WHERE pipeline_name = ${quoteText(pipeline)} ORDER BY version DESC LIMIT 1`,
        context,
        true,
      );
      return rows[0]?.[0] ? (JSON.parse(rows[0][0]) as PipelineState) : undefined;
    },
    async columns(table, { signal }) {
      try {
        return new Map(
          (await describeDatabricksTable(client, place(table), signal)).map((column) => [
            column.name,
            fromDatabricksType(column.sqlType),
          ]),
        );
      } catch (error) {
        if (error instanceof DatabricksSqlError && isMissingTable(error)) return undefined;
        throw error;
      }
    },
    async load(pack, context) {
      const results: LoadResult[] = [];
      for (const part of pack.tables) {
        if (part.plan.mode === "incremental" && part.plan.primaryKey.length === 0)
          await removeUnrecorded(client, name, part.name, context, this);
        results.push(await loadIntoDatabricks(client, place(part.name), part.plan, feed(part, context), context));
      }
      if (results.every((result) => result.unchanged)) return results;
      const now = `TIMESTAMP ${quoteText(new Date().toISOString())}`;
      const text = (value: string) => quoteText(value);
      const known = await run(
        `SELECT count(*) FROM ${name("_dlt_version")} WHERE schema_name = ${text(pack.schemaName)} AND version_hash = ${text(pack.schemaHash)}`,
        context,
        true,
      );
      if (Number(known.rows[0]?.[0]) === 0)
        await run(
          `INSERT INTO ${name("_dlt_version")} VALUES (${pack.state.version}, 1, ${now}, ${text(pack.schemaName)}, ${text(pack.schemaHash)}, ${text(pack.schema)})`,
          context,
        );
      await run(
        `INSERT INTO ${name("_dlt_pipeline_state")} VALUES (${pack.state.version}, 1, ${text(pack.pipeline)}, ${text(JSON.stringify(pack.state))}, ${now}, ${text(pack.schemaHash)}, ${text(pack.loadId)}, ${text(randomBytes(10).toString("base64url"))})`,
        context,
      );
      await run(
        `INSERT INTO ${name("_dlt_loads")} VALUES (${text(pack.loadId)}, ${text(pack.schemaName)}, 0, ${now}, ${text(pack.schemaHash)})`,
        context,
      );
      return results;
    },
  };
}

/** An append that died before its record was written comes again with the next load: what it left goes first. */
async function removeUnrecorded(
  client: DatabricksClient,
  name: (table: string) => string,
  table: string,
  context: LoadContext,
  destination: Destination,
): Promise<void> {
  const columns = await destination.columns(table, context);
  if (!columns?.has("_dlt_load_id")) return;
  const condition = `_dlt_load_id NOT IN (SELECT load_id FROM ${name("_dlt_loads")})`;
  const { rows } = await client.statements.execute(`SELECT count(*) FROM ${name(table)} WHERE ${condition}`, {
    signal: context.signal,
  });
  if (Number(rows[0]?.[0]) > 0)
    await client.statements.execute(`DELETE FROM ${name(table)} WHERE ${condition}`, {
      signal: context.signal,
      idempotent: true,
    });
}

function feed(part: PackageTable, context: LoadContext): ParquetFeed {
  if (part.plan.mergeKey?.length)
    throw new UserError(`table "${part.name}": a mergeKey needs a PostgreSQL destination`, { hint: "Use a primaryKey." });
  const dialect = { delimiter: ",", quote: '"', escape: '"', header: false, newLine: "\\n", nullText: "\\N" } as const;
  return {
    async read() {
      const csv = tempFile(context.tempDir, ".csv");
      await pipe(part.spill.csv(part.columns, part.columns.length === 1), createWriteStream(csv));
      const columns =
        part.columns.length > 1 ? await measureCsvDecimals(csv, part.columns, dialect, context.tempDir) : part.columns;
      const toParquet = (path: string) =>
        csvToParquet(csv, path, columns, dialect, context.tempDir, padding(part.columns).length > 0).finally(() =>
          rm(csv, { force: true }),
        );
      return { rows: part.rows, bytes: part.spill.bytes, contentHash: part.contentHash, columns, toParquet };
    },
  };
}
