import { quoteTable, type Session, type TableName } from "@kc/connector-postgres";
import { UserError } from "@kc/runtime";
import { fromPostgresType } from "../types/column-type.ts";
import type { ExistingTable } from "./load.ts";

/** The columns of a table; undefined when it does not exist. */
export async function describeTable(
  session: Session,
  table: TableName,
): Promise<(ExistingTable & { oid: string; kind: string }) | undefined> {
  const { rows } = await session.query<{ oid: string; kind: string }>(
    "select c.oid::text as oid, c.relkind::text as kind from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = $1 and c.relname = $2",
    [table.schema, table.table],
  );
  const found = rows[0];
  if (!found) return undefined;
  const columns = await session.query<{ name: string; type: string }>(
    "select attname as name, format_type(atttypid, atttypmod) as type from pg_attribute where attrelid = $1 and attnum > 0 and not attisdropped and attgenerated = '' order by attnum",
    [found.oid],
  );
  return {
    oid: found.oid,
    kind: found.kind,
    columns: columns.rows.map(({ name, type }) => ({ name, sqlType: type, type: fromPostgresType(type) })),
  };
}

/** @throws UserError when rows cannot be put into it. */
export function requireTable(found: { kind: string } | undefined, table: TableName): void {
  if (found && !["r", "p"].includes(found.kind))
    throw new UserError(`the target ${quoteTable(table)} is not a table`, {
      hint: "Choose another object, or drop the view that has its name.",
    });
}

/**
 * Whether something hangs on the table itself, so that replacing it by another would lose it: views, foreign keys, grants,
 * policies, triggers, indexes and constraints, defaults, comments, publications, partitions.
 */
export async function hasDependents(session: Session, oid: string): Promise<boolean> {
  const { rows } = await session.query<{ found: boolean }>(
    `select exists (select from pg_depend d join pg_rewrite r on r.oid = d.objid where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = $1::oid and r.ev_class <> $1::oid)
      or exists (select from pg_constraint where (conrelid = $1::oid or confrelid = $1::oid) and contype <> 'n')
      or exists (select from pg_class where oid = $1::oid and (relacl is not null or relrowsecurity or reloptions is not null or relreplident <> 'd' or relkind <> 'r'))
      or exists (select from pg_attribute where attrelid = $1::oid and attnum > 0 and not attisdropped and (attacl is not null or attnotnull or atthasdef or attidentity <> ''))
      or exists (select from pg_trigger where tgrelid = $1::oid and not tgisinternal)
      or exists (select from pg_index where indrelid = $1::oid)
      or exists (select from pg_policy where polrelid = $1::oid)
      or exists (select from pg_publication_rel where prrelid = $1::oid)
      or exists (select from pg_inherits where inhparent = $1::oid or inhrelid = $1::oid)
      or exists (select from pg_description where objoid = $1::oid and classoid = 'pg_class'::regclass) as found`,
    [oid],
  );
  return rows[0]?.found ?? false;
}

/** Whether a foreign key of another table points here: then TRUNCATE is not allowed. */
export async function isReferenced(session: Session, oid: string): Promise<boolean> {
  const { rows } = await session.query<{ found: boolean }>(
    "select exists (select from pg_constraint where confrelid = $1::oid and conrelid <> $1::oid and contype = 'f') as found",
    [oid],
  );
  return rows[0]?.found ?? false;
}
