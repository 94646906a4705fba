import type { DuckDBConnection } from "@duckdb/node-api";
import { type DeltaType, deltaType, queryRows, sqlTypeName } from "@kc/lakehouse";

export interface Column {
  name: string;
  type: DeltaType;
}

/** What a statement gives: columns, and rows either at hand or to be read from `sql`, every value as text or null. */
export interface ResultSet {
  columns: Column[];
  rows: (string | null)[][] | undefined;
  sql: string | undefined;
}

export const nothing: ResultSet = { columns: [], rows: [], sql: undefined };

export function table(names: Record<string, DeltaType>, rows: (string | number | null | undefined)[][]): ResultSet {
  const columns = Object.entries(names).map(([name, type]) => ({ name, type }));
  return {
    columns,
    rows: rows.map((row) => row.map((value) => (value === null || value === undefined ? null : String(value)))),
    sql: undefined,
  };
}

/** The row counts that Databricks answers a change with. */
export const changed = (counts: {
  num_affected_rows: number;
  num_updated_rows?: number;
  num_deleted_rows?: number;
  num_inserted_rows?: number;
}): ResultSet => table(Object.fromEntries(Object.keys(counts).map((name) => [name, "long"])), [Object.values(counts)]);

/** A query's result in the text form of the Statement Execution API. */
export async function resultOf(connection: DuckDBConnection, sql: string): Promise<ResultSet> {
  const described = await queryRows(connection, `DESCRIBE ${sql}`);
  const columns = described.map((row): Column => ({ name: String(row.column_name), type: shownType(String(row.column_type)) }));
  const aliases = columns.map((_, index) => `c${index}`);
  const values = columns.map((column, index) => rendered(column.type, `q.c${index}`, String(described[index]?.column_type)));
  return { columns, rows: undefined, sql: `SELECT ${values.join(", ")} FROM (${sql}) AS q(${aliases.join(", ")})` };
}

function shownType(duck: string): DeltaType {
  try {
    return deltaType(duck, "result");
  } catch {
    return "string";
  }
}

function rendered(type: DeltaType, value: string, duck: string): string {
  if (typeof type !== "string") return `CAST(to_json(${value}) AS VARCHAR)`;
  if (duck === "VARCHAR") return value;
  if (type === "binary") return `base64(${value})`;
  if (type !== "timestamp" && type !== "timestamp_ntz") return `CAST(${value} AS VARCHAR)`;
  const zone = type === "timestamp" ? "Z" : "";
  return `CASE WHEN microsecond(${value}) % 1000 = 0 THEN strftime(${value}, '%Y-%m-%dT%H:%M:%S.%g${zone}') ELSE strftime(${value}, '%Y-%m-%dT%H:%M:%S.%f${zone}') END`;
}

const typeNames: Record<string, string> = {
  string: "STRING",
  long: "LONG",
  integer: "INT",
  short: "SHORT",
  byte: "BYTE",
  float: "FLOAT",
  double: "DOUBLE",
  boolean: "BOOLEAN",
  binary: "BINARY",
  date: "DATE",
  timestamp: "TIMESTAMP",
  timestamp_ntz: "TIMESTAMP_NTZ",
};

/** A column as the API's manifest and Unity Catalog describe it. */
export function columnInfo(column: Column, position: number) {
  const { type, name } = column;
  const decimal = typeof type === "string" ? /^decimal\((\d+),(\d+)\)$/.exec(type) : null;
  const typeName = decimal ? "DECIMAL" : typeof type === "string" ? (typeNames[type] ?? "STRING") : type.type.toUpperCase();
  const typeText = sqlTypeName(type).toUpperCase();
  return {
    name,
    type_text: typeof type === "string" ? typeText : sqlTypeName(type),
    type_name: typeName,
    position,
    ...(decimal ? { type_precision: Number(decimal[1]), type_scale: Number(decimal[2]) } : {}),
  };
}
