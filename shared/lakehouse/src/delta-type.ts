import { quoteIdentifier } from "./duck.ts";
import { LakehouseError } from "./errors.ts";

/** A type of the Delta protocol's schema serialisation. */
export type DeltaType =
  | string
  | { type: "struct"; fields: DeltaField[] }
  | { type: "array"; elementType: DeltaType; containsNull: boolean }
  | { type: "map"; keyType: DeltaType; valueType: DeltaType; valueContainsNull: boolean };

export interface DeltaField {
  name: string;
  type: DeltaType;
  nullable: boolean;
  metadata: Record<string, unknown>;
}

const primitives: Record<string, string> = {
  string: "VARCHAR",
  long: "BIGINT",
  integer: "INTEGER",
  short: "SMALLINT",
  byte: "TINYINT",
  float: "FLOAT",
  double: "DOUBLE",
  boolean: "BOOLEAN",
  binary: "BLOB",
  date: "DATE",
  timestamp: "TIMESTAMP WITH TIME ZONE",
  timestamp_ntz: "TIMESTAMP",
};

/** DuckDB types that Delta has no counterpart for, and the type in which they are stored instead. */
const fromDuck: Record<string, string> = {
  ...Object.fromEntries(Object.entries(primitives).map(([delta, duck]) => [duck, delta])),
  HUGEINT: "long",
  UTINYINT: "short",
  USMALLINT: "integer",
  UINTEGER: "long",
  UBIGINT: "decimal(20,0)",
  UUID: "string",
  JSON: "string",
  '"NULL"': "string",
};

/** The DuckDB type that holds a Delta type. */
export function duckType(type: DeltaType, where: string): string {
  if (typeof type === "string") {
    if (/^decimal\(\d+,\d+\)$/.test(type)) return type.toUpperCase();
    const duck = primitives[type];
    if (duck !== undefined) return duck;
    throw new LakehouseError(
      "UNSUPPORTED_TYPE",
      `Column ${where} has the Delta type "${type}", which this reader does not know.`,
    );
  }
  if (type.type === "array") return `${duckType(type.elementType, where)}[]`;
  if (type.type === "map") return `MAP(${duckType(type.keyType, where)}, ${duckType(type.valueType, where)})`;
  return `STRUCT(${type.fields.map((f) => `${quoteIdentifier(f.name)} ${duckType(f.type, `${where}.${f.name}`)}`).join(", ")})`;
}

/** The Delta type that stores a DuckDB type, given as DuckDB's DESCRIBE prints it. */
export function deltaType(duck: string, where: string): DeltaType {
  const text = duck.trim();
  if (text.endsWith("[]")) return { type: "array", elementType: deltaType(text.slice(0, -2), where), containsNull: true };
  const decimal = /^DECIMAL\((\d+),\s*(\d+)\)$/.exec(text);
  if (decimal) return `decimal(${decimal[1]},${decimal[2]})`;
  if (text.startsWith("STRUCT(") && text.endsWith(")")) {
    const fields = splitTop(text.slice(7, -1)).map((part) => structField(part, where));
    return { type: "struct", fields };
  }
  if (text.startsWith("MAP(") && text.endsWith(")")) {
    const [key, value] = splitTop(text.slice(4, -1));
    return {
      type: "map",
      keyType: deltaType(key ?? "", where),
      valueType: deltaType(value ?? "", where),
      valueContainsNull: true,
    };
  }
  const delta = text.startsWith("ENUM(") ? "string" : fromDuck[text];
  if (delta !== undefined) return delta;
  throw new LakehouseError("UNSUPPORTED_TYPE", `Column ${where} has the type ${text}, which a Delta table cannot hold.`, {
    hint: "Cast it to a type that Delta has, for example to STRING.",
  });
}

function structField(part: string, where: string): DeltaField {
  const trimmed = part.trim();
  const quoted = /^"((?:[^"]|"")*)"\s+(.*)$/s.exec(trimmed);
  const plain = quoted ?? /^(\S+)\s+(.*)$/s.exec(trimmed);
  const name = quoted ? (quoted[1] ?? "").replaceAll('""', '"') : (plain?.[1] ?? "");
  return { name, type: deltaType(plain?.[2] ?? "", `${where}.${name}`), nullable: true, metadata: {} };
}

/** Splits at commas outside brackets and quoted names. */
function splitTop(text: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (c === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (c === "(") depth++;
    else if (c === ")") depth--;
    else if (c === "," && depth === 0) {
      parts.push(text.slice(start, i));
      start = i + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

/** The type as SQL names it in a DESCRIBE or in a catalog's column: `bigint`, `decimal(10,2)`, `array<string>`. */
export function sqlTypeName(type: DeltaType): string {
  if (typeof type === "string") {
    const names: Record<string, string> = { long: "bigint", integer: "int", short: "smallint", byte: "tinyint" };
    return names[type] ?? type;
  }
  if (type.type === "array") return `array<${sqlTypeName(type.elementType)}>`;
  if (type.type === "map") return `map<${sqlTypeName(type.keyType)},${sqlTypeName(type.valueType)}>`;
  return `struct<${type.fields.map((f) => `${f.name}:${sqlTypeName(f.type)}`).join(",")}>`;
}
