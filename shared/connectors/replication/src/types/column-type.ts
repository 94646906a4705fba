import { UserError } from "@kc/runtime";

/** What a column holds, apart from any database's name for it. */
export type ColumnType =
  | {
      kind:
        | "boolean"
        | "smallint"
        | "int"
        | "bigint"
        | "real"
        | "double"
        | "text"
        | "date"
        | "time"
        | "timestamp"
        | "timestamptz"
        | "json"
        | "uuid"
        | "binary";
    }
  /** Without a scale: any number of digits. */
  | { kind: "decimal"; precision?: number; scale?: number };

export interface Column {
  name: string;
  type: ColumnType;
}

const postgresNames: Record<Exclude<ColumnType["kind"], "decimal">, string> = {
  boolean: "boolean",
  smallint: "smallint",
  int: "integer",
  bigint: "bigint",
  real: "real",
  double: "double precision",
  text: "text",
  date: "date",
  time: "time",
  timestamp: "timestamp",
  timestamptz: "timestamptz",
  json: "jsonb",
  uuid: "uuid",
  binary: "bytea",
};

export function postgresType(type: ColumnType): string {
  if (type.kind !== "decimal") return postgresNames[type.kind];
  return type.scale === undefined ? "numeric" : `numeric(${type.precision ?? 38},${type.scale})`;
}

/** Reads a type as PostgreSQL's format_type() writes it. Types kc has no name for travel as text, in PostgreSQL's own spelling. */
export function fromPostgresType(text: string): ColumnType {
  const numeric = /^numeric\((\d+),(-?\d+)\)$/.exec(text);
  if (numeric) {
    const [precision, scale] = [Number(numeric[1]), Number(numeric[2])];
    return scale >= 0 && scale <= precision && precision <= 38 ? { kind: "decimal", precision, scale } : { kind: "decimal" };
  }
  if (text === "numeric") return { kind: "decimal" };
  if (text.startsWith("timestamp")) return { kind: text.includes("with time zone") ? "timestamptz" : "timestamp" };
  const kinds: Record<string, Exclude<ColumnType["kind"], "decimal">> = { json: "json", jsonb: "json" };
  for (const [kind, name] of Object.entries(postgresNames)) kinds[name] ??= kind as Exclude<ColumnType["kind"], "decimal">;
  if (/^time\b/.test(text)) return { kind: "text" };
  return { kind: kinds[text] ?? "text" };
}

/** The type in Databricks SQL. TIME has none there, JSON and UUID stay readable as text. */
export function databricksType(type: ColumnType): string {
  if (type.kind === "decimal") return `DECIMAL(${type.precision ?? 38},${type.scale ?? 9})`;
  const names: Record<Exclude<ColumnType["kind"], "decimal">, string> = {
    boolean: "BOOLEAN",
    smallint: "SMALLINT",
    int: "INT",
    bigint: "BIGINT",
    real: "FLOAT",
    double: "DOUBLE",
    text: "STRING",
    date: "DATE",
    time: "STRING",
    timestamp: "TIMESTAMP_NTZ",
    timestamptz: "TIMESTAMP",
    json: "STRING",
    uuid: "STRING",
    binary: "BINARY",
  };
  return names[type.kind];
}

/** The type in DuckDB for a value read from PostgreSQL's CSV; binary is read as text and decoded after. */
export function duckdbType(type: ColumnType): string {
  if (type.kind === "decimal") return `DECIMAL(${type.precision ?? 38},${type.scale ?? 9})`;
  const names: Partial<Record<ColumnType["kind"], string>> = {
    boolean: "BOOLEAN",
    smallint: "SMALLINT",
    int: "INTEGER",
    bigint: "BIGINT",
    real: "FLOAT",
    double: "DOUBLE",
    date: "DATE",
    timestamp: "TIMESTAMP",
    // Read without the calendar library, which is slower: an offset in the text is applied all the same.
    timestamptz: "TIMESTAMP",
  };
  return names[type.kind] ?? "VARCHAR";
}

const slingNames: Record<string, ColumnType["kind"]> = {
  string: "text",
  text: "text",
  varchar: "text",
  char: "text",
  bool: "boolean",
  boolean: "boolean",
  smallint: "smallint",
  int: "int",
  integer: "int",
  bigint: "bigint",
  decimal: "decimal",
  numeric: "decimal",
  real: "real",
  float: "double",
  double: "double",
  date: "date",
  time: "time",
  datetime: "timestamp",
  timestamp: "timestamp",
  timestampz: "timestamptz",
  timestamptz: "timestamptz",
  json: "json",
  jsonb: "json",
  uuid: "uuid",
  binary: "binary",
};

/** Reads a type as a replication file writes it: `bigint`, `decimal(10,2)`, `string(50)`, `timestampz`. */
export function parseType(text: string, where?: string): ColumnType {
  const match = /^\s*([a-z]+)\s*(?:\(\s*(\d+)\s*(?:,\s*(\d+)\s*)?\))?\s*$/i.exec(text);
  const kind = slingNames[match?.[1]?.toLowerCase() ?? ""];
  if (!match || !kind) {
    const hint = text.includes("|")
      ? "Constraints after | are not supported: use an asset check."
      : `Types are ${Object.keys(slingNames).join(", ")}.`;
    throw new UserError(`column type "${text}" is not known`, { where, hint });
  }
  if (kind !== "decimal") return { kind };
  if (match[2] === undefined) return { kind };
  const [precision, scale] = [Number(match[2]), Number(match[3] ?? 0)];
  if (precision < 1 || precision > 38 || scale > precision)
    throw new UserError(`column type "${text}" must have a precision from 1 to 38 and a scale up to it`, { where });
  return { kind, precision, scale };
}

/** Reads a type as Databricks writes it. */
export function fromDatabricksType(text: string): ColumnType {
  const decimal = /^decimal\((\d+),\s*(\d+)\)$/i.exec(text);
  if (decimal) return { kind: "decimal", precision: Number(decimal[1]), scale: Number(decimal[2]) };
  const kinds: Record<string, Exclude<ColumnType["kind"], "decimal">> = {
    boolean: "boolean",
    smallint: "smallint",
    int: "int",
    bigint: "bigint",
    float: "real",
    double: "double",
    date: "date",
    timestamp: "timestamptz",
    timestamp_ntz: "timestamp",
    binary: "binary",
  };
  return { kind: kinds[text.toLowerCase()] ?? "text" };
}
