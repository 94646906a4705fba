import { rm } from "node:fs/promises";
import { type DatabricksClient, isMissing, quoteName, quoteText } from "@kc/connector-databricks/client";
import { UserError } from "@kc/runtime";
import { type Column, databricksType } from "../types/column-type.ts";
import {
  countRows,
  type DatabricksTable,
  describeDatabricksTable,
  fullName,
  loadProperties,
  quoteFullName,
  tableState,
} from "./databricks-table.ts";
import {
  fingerprintOf,
  type LoadContext,
  type LoadPlan,
  type LoadResult,
  newLoadId,
  type PreviousLoad,
  type Transferred,
} from "./load.ts";
import type { Bound } from "./postgres-source.ts";
import { summary } from "./progress.ts";
import { tempFile } from "./temp-files.ts";

/** A source of rows for Databricks, prepared in two steps so that an unchanged content is known before it is converted. */
export interface ParquetFeed {
  /** Reads the rows within the bounds. `toParquet` converts them and returns how many it wrote; `rows` is undefined when only that tells. */
  read(
    bounds: Bound[],
  ): Promise<
    Omit<Transferred, "rows"> & { rows: number | undefined; columns: Column[]; toParquet(path: string): Promise<number> }
  >;
}

const volume = "kc_staging";

/**
 * Loads a feed into a Delta table: Parquet into a volume, then one statement, which is one commit. Readers see the table before or after it.
 * The caller holds the lock of the target.
 */
export async function loadIntoDatabricks(
  client: DatabricksClient,
  table: DatabricksTable,
  plan: LoadPlan,
  feed: ParquetFeed,
  context: LoadContext,
): Promise<LoadResult> {
  const { signal, log, tempDir } = context;
  const began = performance.now();
  const loadId = newLoadId();
  const target = fullName(table);
  if (plan.transforms?.size)
    throw new UserError(`stream ${plan.stream}: transforms are not supported for a Databricks target`, {
      hint: "Transform in the source's sql, or in dbt.",
    });
  const { exists, stream, previous } = await tableState(client, table, signal);
  const replaces = plan.mode === "full-refresh" || plan.mode === "truncate";
  const cursor =
    exists && plan.mode === "incremental" && plan.updateKey ? await highest(client, table, plan.updateKey, signal) : undefined;
  await sweep(client, table);
  const read = await feed.read(boundsOf(plan, cursor));
  const done = (change: Partial<LoadResult>): LoadResult => ({
    rows: read.rows ?? previous?.rows ?? 0,
    bytes: read.bytes,
    loadId,
    table: target,
    unchanged: false,
    cursor,
    durationMs: performance.now() - began,
    ...change,
  });

  if (
    exists &&
    replaces &&
    previous &&
    stream === plan.stream &&
    previous.fingerprint === fingerprintOf(read.contentHash, plan) &&
    (await countRows(client, quoteFullName(table), signal)) === previous.rows
  ) {
    log.info(`${target} is unchanged: the source is the one of load ${previous.loadId}`);
    return done({ unchanged: true, loadId: previous.loadId });
  }
  if (exists && plan.mode === "incremental" && read.rows === 0) {
    log.info(`${target} is unchanged: nothing new after ${cursor ?? "the last load"}`);
    return done({ unchanged: true });
  }
  const parquet = tempFile(tempDir, ".parquet");
  const staged = `/Volumes/${table.catalog}/${table.schema}/${volume}/${table.table}-${loadId}.parquet`;
  try {
    const written = await read.toParquet(parquet);
    const rows = read.rows ?? written;
    if (written !== rows)
      throw new UserError(`${rows} rows were read for ${target}, but ${written} were staged: nothing was changed`);
    await client.unityCatalog.ensureSchema(table.catalog, table.schema, { signal });
    await client.unityCatalog.ensureVolume(table.catalog, table.schema, volume, { signal });
    await client.files.upload(staged, { file: parquet }, { signal });
    const record = { loadId, fingerprint: fingerprintOf(read.contentHash, plan), bytes: read.bytes, rows, cursor: undefined };
    const changed = await apply(client, table, plan, { staged, columns: read.columns, exists, cursor, record }, signal);
    if (replaces || !exists) {
      const count = await countRows(client, quoteFullName(table), signal);
      if (count !== rows)
        throw new UserError(`${target} holds ${count} rows after the load of ${rows}`, {
          hint: "Something else writes to this table.",
        });
    }
    const result = done({
      rows,
      unchanged: !changed,
      cursor: plan.updateKey ? await highest(client, table, plan.updateKey, signal) : undefined,
    });
    log.info(changed ? summary(rows, result.durationMs, target) : `${target} is unchanged: it holds these rows already`);
    return result;
  } finally {
    await rm(parquet, { force: true });
    await client.files
      .delete(staged)
      .catch(() => log.warn(`the staged file ${staged} could not be removed: the next load does it`));
  }
}

interface Staged {
  staged: string;
  columns: Column[];
  exists: boolean;
  cursor: string | undefined;
  record: PreviousLoad;
}

/** Runs the statement of the mode; false when the target held these rows already. */
async function apply(
  client: DatabricksClient,
  table: DatabricksTable,
  plan: LoadPlan,
  { staged, columns, exists, cursor, record }: Staged,
  signal?: AbortSignal,
): Promise<boolean> {
  const target = quoteFullName(table);
  const run = (sql: string, idempotent: boolean) => client.statements.execute(sql, { signal, idempotent });
  const files = `read_files(${quoteText(staged)}, format => 'parquet')`;
  const typed = columns.map(({ name, type }) => `CAST(${quoteName(name)} AS ${databricksType(type)}) AS ${quoteName(name)}`);
  const names = columns.map(({ name }) => quoteName(name));
  if (plan.mode === "snapshot") {
    const loadedAt = quoteName(plan.loadedAtColumn ?? "_sling_loaded_at");
    typed.push(`CAST(${quoteText(new Date().toISOString())} AS TIMESTAMP) AS ${loadedAt}`);
    names.push(loadedAt);
  }
  const rows = `SELECT ${typed.join(", ")} FROM ${files}`;
  if (plan.mode === "full-refresh" || !exists) {
    await run(`CREATE OR REPLACE TABLE ${target} TBLPROPERTIES (${loadProperties(plan.stream, record)}) AS ${rows}`, true);
    return true;
  }
  await addColumns(client, table, plan, columns, signal);
  if (plan.mode === "truncate") {
    // Until the new record is written the old one must not stand for the new rows.
    await run(`ALTER TABLE ${target} SET TBLPROPERTIES ('kc.fingerprint' = '')`, true);
    await run(`INSERT OVERWRITE ${target} (${names.join(", ")}) ${rows}`, true);
    await run(`ALTER TABLE ${target} SET TBLPROPERTIES (${loadProperties(plan.stream, record)})`, true);
    return true;
  }
  if (plan.mode === "snapshot" || plan.primaryKey.length === 0) {
    await run(`INSERT INTO ${target} (${names.join(", ")}) ${rows}`, false);
    return true;
  }
  const since = cursor !== undefined && plan.updateKey ? ` WHERE ${quoteName(plan.updateKey)} >= ${quoteText(cursor)}` : "";
  if ((await countRows(client, `(${rows} EXCEPT SELECT ${names.join(", ")} FROM ${target}${since}) AS fresh`, signal)) === 0)
    return false;
  const keys = plan.primaryKey.map(quoteName);
  const latest = `SELECT ${names.join(", ")} FROM (SELECT *, row_number() OVER (PARTITION BY ${keys.join(", ")} ORDER BY ${plan.updateKey ? `${quoteName(plan.updateKey)} DESC NULLS LAST` : keys[0]}) AS __n FROM (${rows}) AS r) AS ranked WHERE __n = 1`;
  const values = names.filter((name) => !keys.includes(name));
  const strategy = plan.mergeStrategy ?? "update_insert";
  const clauses = [];
  if (strategy !== "insert" && values.length > 0)
    clauses.push(`WHEN MATCHED THEN UPDATE SET ${values.map((name) => `t.${name} = s.${name}`).join(", ")}`);
  if (strategy !== "update")
    clauses.push(`WHEN NOT MATCHED THEN INSERT (${names.join(", ")}) VALUES (${names.map((name) => `s.${name}`).join(", ")})`);
  await run(
    `MERGE INTO ${target} AS t USING (${latest}) AS s ON ${keys.map((key) => `t.${key} = s.${key}`).join(" AND ")} ${clauses.join(" ")}`,
    true,
  );
  return true;
}

async function addColumns(
  client: DatabricksClient,
  table: DatabricksTable,
  plan: LoadPlan,
  columns: Column[],
  signal?: AbortSignal,
): Promise<void> {
  const known = new Set((await describeDatabricksTable(client, table, signal)).map(({ name }) => name.toLowerCase()));
  const fresh = columns.filter(({ name }) => !known.has(name.toLowerCase()));
  if (fresh.length === 0) return;
  if (plan.addNewColumns === false)
    throw new UserError(
      `stream ${plan.stream} brings columns that ${fullName(table)} has not: ${fresh.map(({ name }) => name).join(", ")}`,
      { hint: "Allow them with target_options.add_new_columns: true." },
    );
  await client.statements.execute(
    `ALTER TABLE ${quoteFullName(table)} ADD COLUMNS (${fresh.map(({ name, type }) => `${quoteName(name)} ${databricksType(type)}`).join(", ")})`,
    { signal },
  );
}

function boundsOf(plan: LoadPlan, cursor: string | undefined): Bound[] {
  const column = plan.updateKey;
  if (!column) return [];
  if (plan.mode === "backfill")
    return [
      { column, op: ">=", value: plan.range![0] },
      { column, op: "<=", value: plan.range![1] },
    ];
  // Ties come again: more rows of the same moment may have appeared, and the primary key tells them apart.
  return plan.mode === "incremental" && cursor !== undefined
    ? [{ column, op: plan.primaryKey.length > 0 ? ">=" : ">", value: cursor }]
    : [];
}

async function highest(
  client: DatabricksClient,
  table: DatabricksTable,
  column: string,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const { rows } = await client.statements.execute(
    `SELECT CAST(max(${quoteName(column)}) AS STRING) FROM ${quoteFullName(table)}`,
    { signal },
  );
  return rows[0]?.[0] ?? undefined;
}

/** Removes what loads of this target left that died: with the lock held, nobody else can be using it. */
async function sweep(client: DatabricksClient, table: DatabricksTable): Promise<void> {
  const pattern = new RegExp(`^${table.table.replaceAll(/[^\w]/g, "\\$&")}-[0-9a-z]+\\.parquet$`);
  try {
    for (const entry of await client.files.list(`/Volumes/${table.catalog}/${table.schema}/${volume}`))
      if (!entry.isDirectory && pattern.test(entry.name)) await client.files.delete(entry.path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}
