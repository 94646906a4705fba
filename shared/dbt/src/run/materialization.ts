import { relationOf } from "../compile.ts";
import { DbtError } from "../errors.ts";
import { quoteIdentifier, relationName } from "../jinja/renderer.ts";
import type { ManifestNode } from "../manifest.ts";
import { numberIn, type SqlResult } from "./executor.ts";

/** What a materialization may do: run SQL, and know what is there. */
export interface Materializing {
  node: ManifestNode;
  /** The compiled SELECT. */
  sql: string;
  existing: "table" | "view" | undefined;
  fullRefresh: boolean;
  execute(sql: string): Promise<SqlResult>;
}

export interface Materialized {
  rowsAffected: number | undefined;
  queryId: string | undefined;
}

/** The last statement's own count of rows, in Databricks' result columns; nothing is guessed when it is absent. */
const outcome = (result: SqlResult): Materialized => ({
  rowsAffected: numberIn(result, "num_affected_rows") ?? numberIn(result, "num_inserted_rows"),
  queryId: result.queryId,
});

/** Builds the relation of a model by its `materialized` config. */
export async function materialize(step: Materializing): Promise<Materialized> {
  const kind = step.node.config.materialized;
  if (kind === "view") return makeView(step);
  if (kind === "incremental" && step.existing === "table" && !step.fullRefresh) return makeIncrement(step);
  return makeTable(step);
}

const target = (step: Materializing): string => relationName(relationOf(step.node));

async function makeView(step: Materializing): Promise<Materialized> {
  if (step.existing === "table") await step.execute(`drop table if exists ${target(step)}`);
  return outcome(await step.execute(`create or replace view ${target(step)} as ${step.sql.trim()}`));
}

async function makeTable(step: Materializing): Promise<Materialized> {
  if (step.existing === "view") await step.execute(`drop view if exists ${target(step)}`);
  return outcome(await step.execute(`create or replace table ${target(step)} as ${step.sql.trim()}`));
}

async function makeIncrement(step: Materializing): Promise<Materialized> {
  const { config } = step.node;
  const keys = uniqueKeys(step.node);
  const strategy = String(config.incremental_strategy ?? (keys.length > 0 ? "merge" : "append"));
  // Only one statement may read and write the target, or the model would see its own half-made result: delete+insert stages first.
  if (strategy === "delete+insert") {
    const staging = relationName({ ...relationOf(step.node), identifier: `${relationOf(step.node).identifier}__dbt_tmp` });
    await step.execute(`create or replace table ${staging} as ${step.sql.trim()}`);
    try {
      const columns = await reconcile(step, `select * from ${staging}`);
      const match = keys
        .map((key) => `DBT_INTERNAL_SOURCE.${quoteIdentifier(key)} = ${target(step)}.${quoteIdentifier(key)}`)
        .join(" and ");
      await step.execute(
        `delete from ${target(step)} where exists (select 1 from ${staging} as DBT_INTERNAL_SOURCE where ${match})`,
      );
      return outcome(
        await step.execute(`insert into ${target(step)} (${names(columns)}) select ${names(columns)} from ${staging}`),
      );
    } finally {
      await step.execute(`drop table if exists ${staging}`);
    }
  }
  const columns = await reconcile(step, step.sql.trim());
  const source = `(\n${step.sql.trim()}\n)`;
  if (strategy === "append")
    return outcome(
      await step.execute(
        `insert into ${target(step)} (${names(columns)}) select ${names(columns)} from ${source} as DBT_INTERNAL_SOURCE`,
      ),
    );
  for (const key of keys)
    if (!columns.some((name) => same(name, key)))
      throw new DbtError("compile", `unique_key "${key}" is no column of the model`, { where: step.node.original_file_path });
  const on = keys
    .map((key) => `DBT_INTERNAL_SOURCE.${quoteIdentifier(key)} = DBT_INTERNAL_DEST.${quoteIdentifier(key)}`)
    .join(" and ");
  const set = columns.map((name) => `${quoteIdentifier(name)} = DBT_INTERNAL_SOURCE.${quoteIdentifier(name)}`).join(", ");
  const values = columns.map((name) => `DBT_INTERNAL_SOURCE.${quoteIdentifier(name)}`).join(", ");
  return outcome(
    await step.execute(
      `merge into ${target(step)} as DBT_INTERNAL_DEST\nusing ${source} as DBT_INTERNAL_SOURCE\non ${on}\nwhen matched then update set ${set}\nwhen not matched then insert (${names(columns)}) values (${values})`,
    ),
  );
}

/** Columns of the new rows that the target has, after `on_schema_change` had its say. */
async function reconcile(step: Materializing, sql: string): Promise<string[]> {
  const incoming = (await step.execute(`select * from (\n${sql}\n) as dbt_columns limit 0`)).columns;
  const present = (await step.execute(`select * from ${target(step)} limit 0`)).columns;
  const added = incoming.filter((column) => !present.some((other) => same(other.name, column.name)));
  const missing = present.filter((column) => !incoming.some((other) => same(other.name, column.name)));
  const policy = step.node.config.on_schema_change ?? "ignore";
  const difference = [
    ...added.map((column) => `new column ${column.name}`),
    ...missing.map((column) => `missing column ${column.name}`),
  ].join(", ");
  if (policy === "fail" && difference)
    throw new DbtError("compile", `the columns of "${step.node.name}" changed and on_schema_change is fail: ${difference}`, {
      where: `${step.node.original_file_path}:1`,
      hint: "Run with --full-refresh, or set on_schema_change='append_new_columns'.",
    });
  if (policy === "append_new_columns" && added.length > 0) {
    await step.execute(
      `alter table ${target(step)} add columns (${added.map((column) => `${quoteIdentifier(column.name)} ${column.type}`).join(", ")})`,
    );
    return incoming.map((column) => column.name);
  }
  return incoming.filter((column) => !added.includes(column)).map((column) => column.name);
}

const same = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase();
const names = (columns: string[]): string => columns.map(quoteIdentifier).join(", ");

function uniqueKeys(node: ManifestNode): string[] {
  const key = node.config.unique_key;
  return key === undefined || key === null ? [] : (Array.isArray(key) ? key : [key]).map(String);
}
