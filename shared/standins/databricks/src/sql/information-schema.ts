import { quoteLiteral, sqlTypeName } from "@kc/lakehouse";
import { unsupported } from "@kc/sql-dialect";
import { columnsOf } from "./describe.ts";
import type { Session } from "./session.ts";

type Value = string | number | null;

/** Views of a catalog's information_schema, made when they are read. */
const views: Record<
  string,
  { columns: Record<string, string>; rows: (session: Session, catalog: string) => Promise<Value[][]> }
> = {
  schemata: {
    columns: {
      catalog_name: "VARCHAR",
      schema_name: "VARCHAR",
      schema_owner: "VARCHAR",
      comment: "VARCHAR",
      created: "TIMESTAMPTZ",
    },
    rows: async ({ workspace }, catalog) =>
      workspace.catalog
        .schemas(catalog)
        .map((s) => [s.catalog, s.name, workspace.settings.user, s.comment, new Date(s.created_at).toISOString()]),
  },
  tables: {
    columns: {
      table_catalog: "VARCHAR",
      table_schema: "VARCHAR",
      table_name: "VARCHAR",
      table_type: "VARCHAR",
      table_owner: "VARCHAR",
      comment: "VARCHAR",
      created: "TIMESTAMPTZ",
      last_altered: "TIMESTAMPTZ",
      data_source_format: "VARCHAR",
    },
    rows: async (session, catalog) =>
      tablesOf(session, catalog).map((t) => [
        t.catalog,
        t.schema,
        t.name,
        t.type,
        session.workspace.settings.user,
        t.comment,
        new Date(t.created_at).toISOString(),
        new Date(t.updated_at).toISOString(),
        t.type === "VIEW" ? null : "DELTA",
      ]),
  },
  columns: {
    columns: {
      table_catalog: "VARCHAR",
      table_schema: "VARCHAR",
      table_name: "VARCHAR",
      column_name: "VARCHAR",
      ordinal_position: "INTEGER",
      is_nullable: "VARCHAR",
      full_data_type: "VARCHAR",
      data_type: "VARCHAR",
      comment: "VARCHAR",
    },
    rows: async (session, catalog) => {
      const rows: Value[][] = [];
      for (const table of tablesOf(session, catalog)) {
        const { fields } = await columnsOf(session.workspace, session.connection, table);
        fields.forEach((field, index) => {
          const full = sqlTypeName(field.type);
          const comment = (field.metadata.comment as string | undefined) ?? null;
          rows.push([
            table.catalog,
            table.schema,
            table.name,
            field.name,
            index,
            field.nullable ? "YES" : "NO",
            full,
            full.replace(/[(<].*/s, "").toUpperCase(),
            comment,
          ]);
        });
      }
      return rows;
    },
  },
};

const tablesOf = ({ workspace }: Session, catalog: string) =>
  workspace.catalog.schemas(catalog).flatMap((schema) => workspace.catalog.tables(catalog, schema.name));

/** A SELECT of one of the views. */
export async function informationSchemaSql(session: Session, catalog: string, name: string): Promise<string> {
  session.workspace.catalog.requireCatalog(catalog);
  const view = views[name];
  if (view === undefined) throw unsupported(`information_schema.${name}`, `There are ${Object.keys(views).join(", ")}.`);
  const columns = Object.entries(view.columns);
  const literal = (value: Value | undefined) => (value === null || value === undefined ? "NULL" : quoteLiteral(String(value)));
  const rows = (await view.rows(session, catalog)).map((row) => `(${columns.map((_, i) => literal(row[i])).join(", ")})`);
  const source = rows.length > 0 ? `(VALUES ${rows.join(", ")})` : `(SELECT ${columns.map(() => "NULL").join(", ")} WHERE false)`;
  return `SELECT ${columns.map(([column, type]) => `CAST(${column} AS ${type}) AS ${column}`).join(", ")} FROM ${source} AS i(${columns.map(([column]) => column).join(", ")})`;
}
