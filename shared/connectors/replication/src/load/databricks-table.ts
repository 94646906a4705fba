import { type DatabricksClient, DatabricksSqlError, quoteName, quoteText } from "@kc/connector-databricks/client";
import { UserError } from "@kc/runtime";
import type { PreviousLoad } from "./load.ts";

/** A table of Unity Catalog. */
export interface DatabricksTable {
  catalog: string;
  schema: string;
  table: string;
}

export const fullName = ({ catalog, schema, table }: DatabricksTable): string => `${catalog}.${schema}.${table}`;
export const quoteFullName = ({ catalog, schema, table }: DatabricksTable): string =>
  [catalog, schema, table].map(quoteName).join(".");

/** `table`, `schema.table` or `catalog.schema.table`, the rest from the client's defaults. */
export function parseDatabricksTable(text: string, client: Pick<DatabricksClient, "catalog" | "schema">): DatabricksTable {
  const parts = text
    .trim()
    .split(".")
    .map((part) => part.replace(/^`(.*)`$/, "$1"));
  if (parts.length > 3 || parts.some((part) => !/^[\p{L}\p{N}_-]{1,255}$/u.test(part)))
    throw new UserError(`"${text}" is no table name`, { hint: "Write table, schema.table or catalog.schema.table." });
  const [table, schema = client.schema ?? "main", catalog = client.catalog ?? "test"] = parts.reverse() as [
    string,
    string?,
    string?,
  ];
  return { catalog, schema, table };
}

const prefix = "kc.";

/** What the last load wrote into the table's properties; `exists: false` when there is no table. */
export async function tableState(
  client: DatabricksClient,
  table: DatabricksTable,
  signal?: AbortSignal,
): Promise<{ exists: boolean; stream: string | undefined; previous: PreviousLoad | undefined }> {
  try {
    const { rows } = await client.statements.execute(`SHOW TBLPROPERTIES ${quoteFullName(table)}`, { signal });
    const properties = new Map(rows.map(([key, value]) => [key ?? "", value ?? ""]));
    const get = (key: string) => properties.get(`${prefix}${key}`);
    const loadId = get("load_id");
    const previous = loadId
      ? {
          loadId,
          fingerprint: get("fingerprint") ?? "",
          bytes: Number(get("bytes") ?? 0),
          rows: Number(get("rows") ?? 0),
          cursor: undefined,
        }
      : undefined;
    return { exists: true, stream: get("stream"), previous };
  } catch (error) {
    if (error instanceof DatabricksSqlError && isMissingTable(error))
      return { exists: false, stream: undefined, previous: undefined };
    throw error;
  }
}

/** The clause that makes the load record part of the very commit that writes the data. */
export function loadProperties(stream: string, load: PreviousLoad): string {
  const values = {
    load_id: load.loadId,
    stream,
    fingerprint: load.fingerprint,
    bytes: String(load.bytes),
    rows: String(load.rows),
  };
  return Object.entries(values)
    .map(([key, value]) => `${quoteText(`${prefix}${key}`)} = ${quoteText(value)}`)
    .join(", ");
}

export const isMissingTable = (error: DatabricksSqlError): boolean =>
  error.sqlState === "42P01" || /TABLE_OR_VIEW_NOT_FOUND|SCHEMA_NOT_FOUND|DELTA_TABLE_NOT_FOUND/.test(error.message);

export async function countRows(client: DatabricksClient, from: string, signal?: AbortSignal): Promise<number> {
  const { rows } = await client.statements.execute(`SELECT count(*) FROM ${from}`, { signal });
  return Number(rows[0]?.[0]);
}

/** Column names and types of a table, as DESCRIBE TABLE lists them before its other sections. */
export async function describeDatabricksTable(
  client: DatabricksClient,
  table: DatabricksTable,
  signal?: AbortSignal,
): Promise<{ name: string; sqlType: string }[]> {
  const { rows } = await client.statements.execute(`DESCRIBE TABLE ${quoteFullName(table)}`, { signal });
  const end = rows.findIndex(([name]) => !name || name.startsWith("#"));
  return rows.slice(0, end < 0 ? undefined : end).map(([name, sqlType]) => ({ name: name!, sqlType: sqlType ?? "string" }));
}
