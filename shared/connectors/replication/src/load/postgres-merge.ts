import { quoteIdentifier, quoteLiteral, quoteTable, type Session, type TableName } from "@kc/connector-postgres";
import { UserError } from "@kc/runtime";
import { type Column, postgresType } from "../types/column-type.ts";
import type { ExistingTable, LoadPlan } from "./load.ts";
import { hasDependents, isReferenced } from "./postgres-catalog.ts";
import { transformed } from "./transforms.ts";

type SqlColumn = Column & { sqlType: string };

/** A column of the result and how it is made from the staged ones. */
export interface FinalColumn extends SqlColumn {
  expression: string;
}

export interface Staged {
  /** Quoted name of the staging table. */
  staging: string;
  columns: FinalColumn[];
  loadId: string;
}

/** The columns of the result: selected, renamed, transformed. */
export function finalColumns(plan: LoadPlan, staged: SqlColumn[]): FinalColumn[] {
  const chosen = plan.select ?? staged.map(({ name }) => ({ from: name, as: name }));
  return chosen.map(({ from, as }) => {
    const column = staged.find(({ name }) => name === from)!;
    const functions = plan.transforms?.get(from) ?? plan.transforms?.get("*") ?? [];
    const { expression, type } = transformed(quoteIdentifier(from), functions, column.type);
    return { name: as, type, sqlType: type === column.type ? column.sqlType : postgresType(type), expression };
  });
}

const names = (columns: { name: string }[]): string => columns.map(({ name }) => quoteIdentifier(name)).join(", ");
const isPlain = (column: FinalColumn): boolean => column.expression === quoteIdentifier(column.name);

/**
 * Makes the target hold exactly the staged rows. The staged table takes the target's name where nothing hangs on the target; else its
 * rows go into the emptied target, which keeps views, grants, keys and indexes.
 */
export async function replaceTable(
  session: Session,
  table: TableName,
  plan: LoadPlan,
  staged: Staged,
  existing: (ExistingTable & { oid: string }) | undefined,
): Promise<void> {
  const target = quoteTable(table);
  if (existing && (plan.mode === "truncate" || (await hasDependents(session, existing.oid)))) {
    await fitColumns(session, table, plan, staged.columns, existing);
    await session.query((await isReferenced(session, existing.oid)) ? `delete from ${target}` : `truncate ${target}`);
    await session.query(
      `insert into ${target} (${names(staged.columns)}) select ${select(staged.columns)} from ${staged.staging}`,
    );
    await session.query(`drop table ${staged.staging}`);
    return;
  }
  let source = staged.staging;
  if (!staged.columns.every(isPlain)) {
    source = quoteTable({ schema: table.schema, table: `__new_${staged.loadId}` });
    await session.query(`create table ${source} as select ${select(staged.columns)} from ${staged.staging}`);
    await session.query(`drop table ${staged.staging}`);
  } else await dropUnselected(session, source, staged.columns);
  if (existing) await session.query(`drop table ${target}`);
  await session.query(`alter table ${source} rename to ${quoteIdentifier(table.table)}`);
}

async function dropUnselected(session: Session, source: string, columns: FinalColumn[]): Promise<void> {
  const { rows } = await session.query<{ name: string }>(
    "select attname as name from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped",
    [source],
  );
  const wanted = new Set(columns.map(({ name }) => name));
  const gone = rows.filter(({ name }) => !wanted.has(name));
  if (gone.length > 0)
    await session.query(`alter table ${source} ${gone.map(({ name }) => `drop column ${quoteIdentifier(name)}`).join(", ")}`);
}

/** Adds the staged rows to the target: appended, or merged by primary key. */
export async function mergeIntoTable(
  session: Session,
  table: TableName,
  plan: LoadPlan,
  staged: Staged,
  existing: ExistingTable | undefined,
  cursor: string | undefined,
): Promise<void> {
  const target = quoteTable(table);
  const columns = [...staged.columns];
  if (plan.mode === "snapshot") {
    const type = { kind: "timestamptz" } as const;
    columns.push({
      name: plan.loadedAtColumn ?? "_sling_loaded_at",
      type,
      sqlType: "timestamptz",
      expression: "transaction_timestamp()",
    });
  }
  if (existing) await fitColumns(session, table, plan, columns, existing);
  else
    await session.query(
      `create table ${target} (${columns.map(({ name, sqlType }) => `${quoteIdentifier(name)} ${sqlType}`).join(", ")})`,
    );

  const source = `__src_${staged.loadId}`;
  const conditions = plan.mode === "snapshot" ? [] : bounds(plan, columns, cursor);
  await session.query(`create temp table ${source} on commit drop as select ${select(columns)} from ${staged.staging}`);
  for (const condition of conditions) await session.query(`delete from ${source} where not coalesce(${condition}, false)`);
  await session.query(`drop table ${staged.staging}`);
  if (plan.mergeKey?.length) {
    const match = plan.mergeKey.map((key) => `t.${quoteIdentifier(key)} = s.${quoteIdentifier(key)}`).join(" and ");
    await session.query(`delete from ${target} t using ${source} s where ${match}`);
  }
  if (plan.mode === "snapshot" || plan.primaryKey.length === 0) {
    await session.query(`insert into ${target} (${names(columns)}) select ${names(columns)} from ${source}`);
    return;
  }
  await mergeByKey(session, target, plan, columns, source);
}

/** Only rows at or after the cursor. Ties come again, since more rows of the same moment may have appeared: the primary key tells them apart. */
function bounds(plan: LoadPlan, columns: FinalColumn[], cursor: string | undefined): string[] {
  if (!plan.updateKey) return [];
  const key = columns.find(({ name }) => name === plan.updateKey);
  if (!key)
    throw new UserError(`the update key "${plan.updateKey}" of stream ${plan.stream} is not among its columns`, {
      hint: `Columns: ${columns.map(({ name }) => name).join(", ")}.`,
    });
  const name = quoteIdentifier(key.name);
  const value = (text: string) => `${quoteLiteral(text)}::${key.sqlType}`;
  if (plan.mode === "backfill") return [`${name} >= ${value(plan.range![0])}`, `${name} <= ${value(plan.range![1])}`];
  if (cursor === undefined) return [];
  return [`${name} ${plan.primaryKey.length > 0 ? ">=" : ">"} ${value(cursor)}`];
}

async function mergeByKey(
  session: Session,
  target: string,
  plan: LoadPlan,
  columns: FinalColumn[],
  source: string,
): Promise<void> {
  for (const key of plan.primaryKey)
    if (!columns.some(({ name }) => name === key))
      throw new UserError(`the primary key "${key}" of stream ${plan.stream} is not among its columns`, {
        hint: `Columns: ${columns.map(({ name }) => name).join(", ")}.`,
      });
  const keys = plan.primaryKey.map(quoteIdentifier);
  const without = await session.query<{ n: string }>(
    `select count(*) as n from ${source} where ${keys.map((key) => `${key} is null`).join(" or ")}`,
  );
  if (Number(without.rows[0]!.n) > 0)
    throw new UserError(
      `${without.rows[0]!.n} rows of stream ${plan.stream} have no primary key (${plan.primaryKey.join(", ")})`,
      { hint: "Correct the source, or choose another primary_key." },
    );
  // One row per key: the latest by update key, else the last read.
  const latest = plan.updateKey ? `${quoteIdentifier(plan.updateKey)} desc nulls last, ` : "";
  await session.query(
    `delete from ${source} where ctid in (select ctid from (select ctid, row_number() over (partition by ${keys.join(", ")} order by ${latest}ctid desc) as n from ${source}) ranked where n > 1)`,
  );
  const match = plan.primaryKey.map((key) => `t.${quoteIdentifier(key)} = s.${quoteIdentifier(key)}`).join(" and ");
  const strategy = plan.mergeStrategy ?? "delete_insert";
  const list = names(columns);
  if (strategy === "delete_insert") await session.query(`delete from ${target} t using ${source} s where ${match}`);
  const values = columns.filter(({ name }) => !plan.primaryKey.includes(name));
  if ((strategy === "update" || strategy === "update_insert") && values.length > 0)
    await session.query(
      `update ${target} t set ${values.map(({ name }) => `${quoteIdentifier(name)} = s.${quoteIdentifier(name)}`).join(", ")} from ${source} s where ${match}`,
    );
  if (strategy !== "update")
    await session.query(
      `insert into ${target} (${list}) select ${list} from ${source} s where not exists (select from ${target} t where ${match})`,
    );
  if (plan.deleteMissing === "hard")
    await session.query(`delete from ${target} t where not exists (select from ${source} s where ${match})`);
}

const select = (columns: FinalColumn[]): string =>
  columns.map((column) => `${column.expression} as ${quoteIdentifier(column.name)}`).join(", ");

/** Makes an existing target take the staged columns: new ones are added, where that is allowed. */
async function fitColumns(
  session: Session,
  table: TableName,
  plan: LoadPlan,
  columns: FinalColumn[],
  existing: ExistingTable,
): Promise<void> {
  const known = new Set(existing.columns.map(({ name }) => name));
  const fresh = columns.filter(({ name }) => !known.has(name));
  if (fresh.length === 0) return;
  if (plan.addNewColumns === false)
    throw new UserError(
      `stream ${plan.stream} brings columns that ${quoteTable(table)} has not: ${fresh.map(({ name }) => name).join(", ")}`,
      { hint: "Allow them with target_options.add_new_columns: true, or leave them out with select." },
    );
  await session.query(
    `alter table ${quoteTable(table)} ${fresh.map(({ name, sqlType }) => `add column ${quoteIdentifier(name)} ${sqlType}`).join(", ")}`,
  );
}
