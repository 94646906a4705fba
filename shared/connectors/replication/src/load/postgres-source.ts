import { createHash, randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { PassThrough, type Writable } from "node:stream";
import { type Postgres, quoteIdentifier, quoteLiteral, quoteTable, type Session, type TableName } from "@kc/connector-postgres";
import { UserError } from "@kc/runtime";
import { type Column, fromPostgresType, postgresType } from "../types/column-type.ts";
import type { LoadContext, PreviousLoad, Transferred } from "./load.ts";
import type { PostgresFeed } from "./postgres-target.ts";
import { progress } from "./progress.ts";

/** What to read from a PostgreSQL database. */
export interface PostgresSource {
  from: { table: TableName } | { sql: string };
  /** Condition in SQL, of the author. */
  where?: string | undefined;
  limit?: number | undefined;
  /** Types the author fixed, by column name. */
  types?: ReadonlyMap<string, Column["type"]> | undefined;
}

/** The part that a load needs: rows at or after a cursor, or within a range. */
export type Bound = { column: string; op: ">=" | ">" | "<="; value: string };

export type SourceColumn = Column & { sqlType: string };

/** A source as a temporary view of the session's transaction: columns and types can be asked of it whatever the SQL is. */
async function openSource(session: Session, source: PostgresSource): Promise<{ view: string; columns: SourceColumn[] }> {
  const view = quoteIdentifier(`__kc_${randomBytes(6).toString("hex")}`);
  const relation = "table" in source.from ? quoteTable(source.from.table) : `(${source.from.sql.replace(/;\s*$/, "")}\n) q`;
  const where = source.where ? ` where (${source.where}\n)` : "";
  try {
    await session.query(
      `create temp view ${view} as select * from ${relation}${where}${source.limit === undefined ? "" : ` limit ${source.limit}`}`,
    );
  } catch (error) {
    const { code, message } = error as { code?: string; message?: string };
    if (code === "42P01" && "table" in source.from)
      throw new UserError(`the source table ${quoteTable(source.from.table)} does not exist`, {
        hint: "Materialize the asset that makes it first, or correct the stream's name.",
        cause: error,
      });
    if (code?.startsWith("42")) throw new UserError(`the source query cannot be run: ${message}`, { cause: error });
    throw error;
  }
  const { rows } = await session.query<{ name: string; type: string }>(
    `select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = '${view.replaceAll("'", "''")}'::regclass and attnum > 0 and not attisdropped order by attnum`,
  );
  return {
    view,
    columns: rows.map(({ name, type }) => ({
      name,
      sqlType: type,
      type: source.types?.get(name) ?? source.types?.get("*") ?? fromPostgresType(type),
    })),
  };
}

/**
 * Opens a source for as long as `work` takes. The view goes before the transaction ends: as long as it stood, nobody could replace its table.
 * When `work` fails the transaction is rolled back, and the view with it.
 */
export async function withSource<T>(
  session: Session,
  source: PostgresSource,
  work: (opened: { view: string; columns: SourceColumn[] }) => Promise<T>,
): Promise<T> {
  const opened = await openSource(session, source);
  const result = await work(opened);
  await session.query(`drop view ${opened.view}`);
  return result;
}

/** Gives every decimal without a scale the scale that its values need, so that none is rounded; at least 2. */
export async function measureDecimals(
  session: Session,
  view: string,
  columns: SourceColumn[],
  where: string,
): Promise<MeasuredColumn[]> {
  const open = columns.filter(({ type }) => type.kind === "decimal" && type.scale === undefined);
  const measures = open.flatMap(({ name }, index) => [
    `max(scale(${quoteIdentifier(name)})) as s${index}`,
    `max(length(trunc(abs(${quoteIdentifier(name)}))::text)) as d${index}`,
  ]);
  const sql = `select ${measures.join(", ")} from ${view}${where}`;
  const row = open.length === 0 ? {} : ((await session.query<Record<string, number | null>>(sql)).rows[0] ?? {});
  return columns.map((column) => {
    const { type } = column;
    const index = open.indexOf(column);
    if (index < 0)
      return type.kind === "decimal" && column.sqlType === `numeric(${type.precision},${type.scale})`
        ? { ...column, digits: type.precision }
        : column;
    const scale = Math.max(Number(row[`s${index}`] ?? 0), 2);
    const digits = Number(row[`d${index}`] ?? 0) + scale;
    if (digits > 38)
      throw new UserError(`column ${column.name} holds numbers of ${digits} digits; a decimal has at most 38`, {
        hint: "Give the column a type under columns:, double for example.",
      });
    return { ...column, type: { kind: "decimal", precision: 38, scale }, digits, cast: `numeric(38,${scale})` };
  });
}

/** A column as it is exported: `cast` gives its numbers the same number of decimal places. */
export type MeasuredColumn = SourceColumn & { digits?: number | undefined; cast?: string };

/** The column in the select list of an export. */
export const exported = ({ name, cast }: MeasuredColumn): string =>
  cast ? `${quoteIdentifier(name)}::${cast}` : quoteIdentifier(name);

export function boundCondition(bounds: Bound[], columns: SourceColumn[]): string {
  if (bounds.length === 0) return "";
  const conditions = bounds.map(({ column, op, value }) => {
    const found = columns.find(({ name }) => name === column);
    if (!found)
      throw new UserError(`the update key "${column}" is not among the columns of the source`, {
        hint: `Columns: ${columns.map(({ name }) => name).join(", ")}.`,
      });
    return `${quoteIdentifier(column)} ${op} ${quoteLiteral(value)}::${found.sqlType}`;
  });
  return ` where ${conditions.join(" and ")}`;
}

/** NULL as `\N`: a line is never blank, and an empty text stays one. */
export const exportOptions = "format csv, null '\\N'";

/** Writes the rows of an opened source as CSV into a file, with the hash of its bytes. */
export async function exportRows(
  db: Postgres,
  session: Session,
  sql: string,
  file: string,
  what: string,
  context: LoadContext,
): Promise<Transferred> {
  const stop = progress(context.log, `reading for ${what}`, async () => {
    const { rows } = await db.query<{ n: string }>("select tuples_processed as n from pg_stat_progress_copy where pid = $1", [
      session.pid,
    ]);
    return rows[0] && Number(rows[0].n);
  });
  try {
    return await hashed(session, sql, createWriteStream(file, { highWaterMark: 1 << 20 }), context.signal);
  } finally {
    stop();
  }
}

async function hashed(session: Session, sql: string, to: Writable, signal?: AbortSignal): Promise<Transferred> {
  const hash = createHash("sha256");
  let bytes = 0;
  const write = to.write.bind(to);
  to.write = ((chunk: Buffer, ...rest: never[]) => {
    hash.update(chunk);
    bytes += chunk.length;
    return write(chunk, ...rest);
  }) as typeof to.write;
  const rows = await session.copyOut(`copy (${sql}) to stdout (${exportOptions})`, to, signal);
  return { rows, bytes, contentHash: hash.digest("hex") };
}

/** Rows of one PostgreSQL for a table of another (or the same): COPY to COPY. */
export async function withPostgresFeed<T>(
  source: Postgres,
  from: PostgresSource,
  context: LoadContext,
  work: (feed: PostgresFeed) => Promise<T>,
): Promise<T> {
  return source.transaction(
    async (session) => {
      await session.query(
        "set transaction isolation level repeatable read; set local timezone to 'UTC'; set local datestyle to 'ISO, MDY'",
      );
      return withSource(session, from, ({ view, columns }) => {
        const list = columns.map(({ name }) => quoteIdentifier(name)).join(", ");
        const sql = `select ${list} from ${view}`;
        return work({
          columns: columns.map((column) => ({
            ...column,
            sqlType: from.types?.has(column.name) ? postgresType(column.type) : column.sqlType,
          })),
          async isSame(previous: PreviousLoad) {
            const sink = new PassThrough();
            sink.resume();
            const { contentHash } = await hashed(session, sql, sink, context.signal);
            return previous.fingerprint.startsWith(`${contentHash}:`);
          },
          async copy(target, table) {
            const through = new PassThrough({ highWaterMark: 1 << 20 });
            const [read, written] = await Promise.all([
              hashed(session, sql, through, context.signal),
              target.copyIn(`copy ${table} (${list}) from stdin (${exportOptions})`, through, context.signal),
            ]);
            return { ...read, rows: written };
          },
        });
      });
    },
    { signal: context.signal },
  );
}
