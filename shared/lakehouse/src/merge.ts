import type { DuckDBConnection } from "@duckdb/node-api";
import { type Commit, retryOnConflict } from "./commit.ts";
import { duckType } from "./delta-type.ts";
import { queryRows, quoteIdentifier, quoteLiteral } from "./duck.ts";
import { LakehouseError } from "./errors.ts";
import { assertWritable } from "./protocol.ts";
import { filesByPath, replaceFiles } from "./rewrite.ts";
import { fileColumn, rowColumn, scanSql } from "./scan.ts";
import { readSnapshot, type Snapshot } from "./snapshot.ts";

export interface MergeClause {
  /** Further condition in DuckDB's SQL; the first clause of its kind whose condition holds is applied. */
  when?: string;
}
export interface ChangeClause extends MergeClause {
  /** Column to expression, or "delete". */
  action: "delete" | Record<string, string>;
}
export interface InsertClause extends MergeClause {
  values: Record<string, string>;
}

/** A MERGE. All expressions are DuckDB's SQL over the two aliases. */
export interface Merge {
  source: string;
  sourceAlias: string;
  targetAlias: string;
  on: string;
  matched?: ChangeClause[];
  notMatched?: InsertClause[];
  notMatchedBySource?: ChangeClause[];
}

/**
 * Merges the rows of a source into a table by rewriting the files that hold a changed row. The source is evaluated once. Two source rows that would change
 * the same target row are an error, except where every match only deletes. Nothing to change commits nothing.
 */
export async function merge(connection: DuckDBConnection, dir: string, spec: Merge): Promise<Commit> {
  const id = `kc_merge_${Math.random().toString(36).slice(2)}`;
  const names = { source: `${id}_s`, match: `${id}_m` };
  await connection.run(
    `CREATE TEMP TABLE ${names.source} AS SELECT row_number() OVER () AS __kc_rid, s.* FROM (${spec.source}) AS s`,
  );
  try {
    return await retryOnConflict(() => mergeOnce(connection, dir, spec, names));
  } finally {
    await connection.run(`DROP TABLE IF EXISTS ${names.match}`);
    await connection.run(`DROP TABLE IF EXISTS ${names.source}`);
  }
}

async function mergeOnce(
  connection: DuckDBConnection,
  dir: string,
  spec: Merge,
  names: { source: string; match: string },
): Promise<Commit> {
  const read = await readSnapshot(connection, dir);
  assertWritable(read.protocol, read.metadata, dir, true);
  const { matched = [], notMatched = [], notMatchedBySource = [] } = spec;
  const t = quoteIdentifier(spec.targetAlias);
  const s = quoteIdentifier(spec.sourceAlias);
  const source = `(SELECT * FROM ${names.source}) AS ${s}`;
  const target = `${scanSql(read, { withRowIds: true })} AS ${t}`;
  const rowId = `${t}.${fileColumn} AS f, ${t}.${rowColumn} AS r`;
  const matches = `SELECT ${rowId}, ${s}.__kc_rid AS rid, ${choose(matched)} AS act FROM ${target} JOIN ${source} ON (${spec.on})`;
  await connection.run(`CREATE OR REPLACE TEMP TABLE ${names.match} AS ${matches}`);
  await assertSingleMatch(connection, spec, names.match);
  if (notMatchedBySource.length > 0) {
    const orphan = `NOT EXISTS (SELECT 1 FROM ${names.match} k WHERE k.f = ${t}.${fileColumn} AND k.r = ${t}.${rowColumn})`;
    const act = choose(notMatchedBySource);
    await connection.run(
      `INSERT INTO ${names.match} SELECT ${rowId}, NULL, -(${act}) FROM ${target} WHERE ${orphan} AND ${act} > 0`,
    );
  }
  const changes = await queryRows(
    connection,
    `SELECT f, act, count(DISTINCT r) AS n FROM ${names.match} WHERE act <> 0 GROUP BY ALL`,
  );
  const files = filesByPath(read, new Set(changes.map((row) => String(row.f))));
  let updated = 0;
  let deleted = 0;
  for (const row of changes) {
    const act = Number(row.act);
    const clause = act > 0 ? matched[act - 1] : notMatchedBySource[-act - 1];
    if (clause?.action === "delete") deleted += Number(row.n);
    else updated += Number(row.n);
  }
  const unmatched = `${s}.__kc_rid NOT IN (SELECT rid FROM ${names.match} WHERE rid IS NOT NULL)`;
  const insertAct = choose(notMatched);
  const counted = await queryRows(connection, `SELECT count(*) AS n FROM ${source} WHERE ${unmatched} AND ${insertAct} > 0`);
  const inserted = notMatched.length === 0 ? 0 : Number(counted[0]?.n);
  const parts: string[] = [];
  if (files.length > 0) parts.push(survivors(read, spec, names, `${scanSql(read, { withRowIds: true, files })} AS ${t}`));
  if (inserted > 0) {
    const columns = read.schema.map((field) => {
      const cases = notMatched.map(
        (clause, i) => `WHEN ${i + 1} THEN ${cast(clause.values[field.name] ?? "NULL", read, field.name)}`,
      );
      return `CASE ${insertAct} ${cases.join(" ")} END AS ${quoteIdentifier(field.name)}`;
    });
    parts.push(`SELECT ${columns.join(", ")} FROM ${source} WHERE ${unmatched} AND ${insertAct} > 0`);
  }
  const metrics = { numTargetRowsInserted: inserted, numTargetRowsUpdated: updated, numTargetRowsDeleted: deleted };
  const rows = parts.length === 0 ? undefined : parts.join(" UNION ALL ");
  const version = await replaceFiles(connection, read, files, rows, "MERGE", { predicate: spec.on }, metrics);
  return { version, inserted, updated, deleted };
}

/** Number of the first clause that applies, 0 for none. */
function choose(clauses: MergeClause[]): string {
  if (clauses.length === 0) return "0";
  return `(CASE ${clauses.map((clause, i) => `WHEN (${clause.when ?? "true"}) THEN ${i + 1}`).join(" ")} ELSE 0 END)`;
}

const cast = (expression: string, read: Snapshot, column: string): string => {
  const field = read.schema.find((f) => f.name === column);
  return field === undefined ? expression : `CAST(${expression} AS ${duckType(field.type, column)})`;
};

/** The rows of the touched files as they are after the merge. */
function survivors(read: Snapshot, spec: Merge, names: { source: string; match: string }, target: string): string {
  const t = quoteIdentifier(spec.targetAlias);
  const s = quoteIdentifier(spec.sourceAlias);
  const numbered = [
    ...(spec.matched ?? []).map((clause, i) => ({ act: i + 1, clause })),
    ...(spec.notMatchedBySource ?? []).map((clause, i) => ({ act: -(i + 1), clause })),
  ];
  const columns = read.schema.map((field) => {
    const name = quoteIdentifier(field.name);
    const cases = numbered.flatMap(({ act, clause }) => {
      const value = clause.action === "delete" ? undefined : clause.action[field.name];
      return value === undefined ? [] : [`WHEN k.act = ${act} THEN ${cast(value, read, field.name)}`];
    });
    return cases.length === 0 ? `${t}.${name}` : `CASE ${cases.join(" ")} ELSE ${t}.${name} END AS ${name}`;
  });
  const deletes = numbered.filter(({ clause }) => clause.action === "delete").map(({ act }) => act);
  const gone = deletes.length === 0 ? "" : ` WHERE k.act IS NULL OR k.act NOT IN (${deletes.join(", ")})`;
  const acts = `(SELECT f, r, any_value(rid) AS rid, any_value(act) AS act FROM ${names.match} WHERE act <> 0 GROUP BY f, r) AS k`;
  return (
    `SELECT ${columns.join(", ")} FROM ${target} LEFT JOIN ${acts} ON k.f = ${t}.${fileColumn} AND k.r = ${t}.${rowColumn} ` +
    `LEFT JOIN (SELECT * FROM ${names.source}) AS ${s} ON ${s}.__kc_rid = k.rid${gone}`
  );
}

async function assertSingleMatch(connection: DuckDBConnection, spec: Merge, match: string): Promise<void> {
  const clauses = spec.matched ?? [];
  if (clauses.length === 0 || (clauses.length === 1 && clauses[0]?.action === "delete" && clauses[0].when === undefined)) return;
  const sql = `SELECT count(*) AS n FROM (SELECT f, r FROM ${match} WHERE act <> 0 GROUP BY f, r HAVING count(*) > 1)`;
  const many = Number((await queryRows(connection, sql))[0]?.n);
  if (many === 0) return;
  throw new LakehouseError(
    "MULTIPLE_SOURCE_ROWS",
    `${many} target rows are matched by more than one source row: the result would depend on their order.`,
    {
      where: quoteLiteral(spec.on),
      hint: "Reduce the source to one row per key first.",
    },
  );
}
