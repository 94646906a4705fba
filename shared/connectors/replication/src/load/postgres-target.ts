import { type Postgres, quoteIdentifier, quoteTable, type Session, type TableName } from "@kc/connector-postgres";
import { UserError } from "@kc/runtime";
import { type Column, postgresType } from "../types/column-type.ts";
import {
  type ExistingTable,
  fingerprintOf,
  type LoadContext,
  type LoadPlan,
  type LoadResult,
  newLoadId,
  type PreviousLoad,
  type Transferred,
} from "./load.ts";
import { ensureBookkeeping, previousLoad, recordLoad } from "./postgres-bookkeeping.ts";
import { describeTable, requireTable } from "./postgres-catalog.ts";
import { finalColumns, mergeIntoTable, replaceTable, type Staged } from "./postgres-merge.ts";
import { progress, summary } from "./progress.ts";

/** A source of rows for PostgreSQL. */
export interface PostgresFeed {
  columns: Column[];
  /** Whether the content is the same as at that load, as far as it can be told before reading it all. */
  isSame(previous: PreviousLoad): Promise<boolean>;
  /** Copies every row into the table, whose columns are those of the feed, in order. */
  copy(session: Session, table: string, columns: Column[]): Promise<Transferred>;
}

/**
 * Loads a feed into a table in ONE transaction: staging, the change of the target, the cursor and the load record appear together or not
 * at all, whenever the process dies. Loads of one target wait for one another.
 */
export async function loadIntoPostgres(
  db: Postgres,
  table: TableName,
  plan: LoadPlan,
  feed: PostgresFeed,
  context: LoadContext,
): Promise<LoadResult> {
  await ensureBookkeeping(db, table.schema, context.signal);
  return db.transaction((session) => loadTable(db, session, table, plan, feed, context), { signal: context.signal });
}

/** The same within a transaction of the caller's, whose schema has its bookkeeping already. */
export async function loadTable(
  db: Postgres,
  session: Session,
  table: TableName,
  plan: LoadPlan,
  feed: PostgresFeed,
  context: LoadContext,
): Promise<LoadResult> {
  const { log } = context;
  const began = performance.now();
  const loadId = newLoadId();
  const target = `${table.schema}.${table.table}`;
  await session.query("set local timezone to 'UTC'; set local datestyle to 'ISO, MDY'");
  await session.advisoryLock(`kc:load:${target}`);
  const existing = await describeTable(session, table);
  requireTable(existing, table);
  const previous = existing && (await previousLoad(session, table, plan.stream));
  if (previous && (await isUnchanged(session, table, plan, feed, previous))) {
    log.info(`${target} is unchanged: the source is the one of load ${previous.loadId}`);
    return {
      rows: previous.rows,
      bytes: undefined,
      loadId: previous.loadId,
      table: target,
      unchanged: true,
      cursor: previous.cursor,
      durationMs: performance.now() - began,
    };
  }
  const columns = stagingColumns(plan, feed.columns, existing);
  const staging = quoteTable({ schema: table.schema, table: `__stg_${loadId}` });
  await session.query(
    `create table ${staging} (${columns.map(({ name, sqlType }) => `${quoteIdentifier(name)} ${sqlType}`).join(", ")})`,
  );
  const stop = progress(log, target, async () => {
    const { rows } = await db.query<{ n: string }>("select tuples_processed as n from pg_stat_progress_copy where pid = $1", [
      session.pid,
    ]);
    return rows[0] && Number(rows[0].n);
  });
  let moved: Transferred;
  try {
    moved = await feed.copy(session, staging, columns);
  } finally {
    stop();
  }
  const staged = Number((await session.query<{ n: string }>(`select count(*) as n from ${staging}`)).rows[0]!.n);
  if (staged !== moved.rows)
    throw new UserError(`${moved.rows} rows were read for ${target}, but ${staged} arrived: nothing was changed`);
  const query = async (sql: string) => (await session.query(sql)).rows;
  await plan.preMerge?.(query);
  const final: Staged = { staging, columns: finalColumns(plan, columns), loadId };
  const replaced = plan.mode === "full-refresh" || plan.mode === "truncate";
  if (replaced) await replaceTable(session, table, plan, final, existing);
  else await mergeIntoTable(session, table, plan, final, existing, previous?.cursor);
  await plan.postMerge?.(query);
  const cursor = plan.updateKey ? await highest(session, table, plan.updateKey) : undefined;
  await recordLoad(session, table, plan.stream, plan.mode, {
    loadId,
    fingerprint: fingerprintOf(moved.contentHash, plan),
    bytes: moved.bytes,
    rows: moved.rows,
    cursor,
  });
  const durationMs = performance.now() - began;
  log.info(summary(moved.rows, durationMs, target));
  return { rows: moved.rows, bytes: moved.bytes, loadId, table: target, unchanged: false, cursor, durationMs };
}

async function isUnchanged(
  session: Session,
  table: TableName,
  plan: LoadPlan,
  feed: PostgresFeed,
  previous: PreviousLoad,
): Promise<boolean> {
  // A snapshot adds the state of every run; the others have nothing to do for the same content.
  if (plan.mode === "snapshot" || !previous.fingerprint.endsWith(`:${plan.configHash}`) || !(await feed.isSame(previous)))
    return false;
  if (plan.mode !== "full-refresh" && plan.mode !== "truncate") return true;
  // Somebody else may have deleted rows meanwhile.
  const { rows } = await session.query<{ n: string }>(`select count(*) as n from ${quoteTable(table)}`);
  return Number(rows[0]!.n) === previous.rows;
}

/** The staging columns: a column that the target has keeps the target's type, unless the author says otherwise. */
function stagingColumns(
  plan: LoadPlan,
  columns: Column[],
  existing: ExistingTable | undefined,
): (Column & { sqlType: string })[] {
  const renamed = new Map((plan.select ?? []).map(({ from, as }) => [from, as]));
  return columns.map((column) => {
    const known = existing?.columns.find(({ name }) => name === (renamed.get(column.name) ?? column.name));
    const keep =
      known &&
      !plan.fixedTypes?.has(column.name) &&
      !(plan.adjustColumnType && plan.mode === "full-refresh") &&
      !plan.transforms?.has(column.name);
    return keep ? { ...known, name: column.name } : { ...column, sqlType: postgresType(column.type) };
  });
}

async function highest(session: Session, table: TableName, column: string): Promise<string | undefined> {
  const { rows } = await session.query<{ value: string | null }>(
    `select max(${quoteIdentifier(column)})::text as value from ${quoteTable(table)}`,
  );
  return rows[0]?.value ?? undefined;
}
