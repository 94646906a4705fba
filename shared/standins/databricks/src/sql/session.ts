import type { DuckDBConnection } from "@duckdb/node-api";
import type { SchemaEntry, TableEntry } from "@kc/lakehouse";
import { DialectError, type DuckParser, duckParser } from "@kc/sql-dialect";
import type { Workspace } from "../workspace.ts";

/** What a statement runs in: the names that unqualified ones are completed with, and a connection of its own. */
export interface Session {
  workspace: Workspace;
  connection: DuckDBConnection;
  parser: DuckParser;
  catalog: string;
  schema: string;
}

export function newSession(workspace: Workspace, connection: DuckDBConnection, catalog?: string, schema?: string): Session {
  const parser = duckParser(async (sql) => (await connection.runAndReadAll(sql)).getRows()[0]?.[0] as string);
  const defaults = workspace.settings;
  return {
    workspace,
    connection,
    parser,
    catalog: catalog ?? defaults.catalog,
    schema: schema ?? (catalog === undefined ? defaults.schema : "default"),
  };
}

export interface FullName {
  catalog: string;
  schema: string;
  name: string;
}

/** Completes a name of one to three parts; names are lower case in the catalog. */
export function fullName(session: Pick<Session, "catalog" | "schema">, parts: string[]): FullName {
  const lower = parts.map((part) => part.toLowerCase());
  const name = lower.at(-1) ?? "";
  return { name, schema: lower.at(-2) ?? session.schema, catalog: lower.at(-3) ?? session.catalog };
}

export const printName = ({ catalog, schema, name }: FullName): string => `\`${catalog}\`.\`${schema}\`.\`${name}\``;

export function requireTable(session: Session, parts: string[]): TableEntry {
  const full = fullName(session, parts);
  const table = session.workspace.catalog.table(full.catalog, full.schema, full.name);
  if (table !== undefined) return table;
  throw new DialectError(
    "TABLE_OR_VIEW_NOT_FOUND",
    "42P01",
    `The table or view ${printName(full)} cannot be found. Verify the spelling and correctness of the schema and catalog. SQLSTATE: 42P01`,
  );
}

/** A table that can be written: views cannot. */
export function requireManaged(session: Session, parts: string[]): TableEntry & { dir: string } {
  const table = requireTable(session, parts);
  if (table.type === "MANAGED" && table.dir !== null) return { ...table, dir: `${session.workspace.paths.tables}/${table.dir}` };
  throw new DialectError(
    "EXPECT_TABLE_NOT_VIEW.NO_ALTERNATIVE",
    "42809",
    `${printName(fullName(session, parts))} is a view, and a table is needed. SQLSTATE: 42809`,
  );
}

export function requireSchema(session: Session, catalog: string, schema: string): SchemaEntry {
  const registry = session.workspace.catalog;
  if (!registry.catalog(catalog))
    throw new DialectError("NO_SUCH_CATALOG_EXCEPTION", "42704", `Catalog '${catalog}' was not found. SQLSTATE: 42704`);
  const found = registry.schema(catalog, schema);
  if (found) return found;
  throw new DialectError("SCHEMA_NOT_FOUND", "42704", `The schema \`${catalog}\`.\`${schema}\` cannot be found. SQLSTATE: 42704`);
}
