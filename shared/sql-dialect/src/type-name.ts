import type { Cursor } from "./cursor.ts";
import { syntaxError, unsupported } from "./errors.ts";

const names: Record<string, string> = {
  STRING: "VARCHAR",
  VARCHAR: "VARCHAR",
  CHAR: "VARCHAR",
  CHARACTER: "VARCHAR",
  BIGINT: "BIGINT",
  LONG: "BIGINT",
  INT: "INTEGER",
  INTEGER: "INTEGER",
  SMALLINT: "SMALLINT",
  SHORT: "SMALLINT",
  TINYINT: "TINYINT",
  BYTE: "TINYINT",
  FLOAT: "FLOAT",
  REAL: "FLOAT",
  DOUBLE: "DOUBLE",
  BOOLEAN: "BOOLEAN",
  BINARY: "BLOB",
  DATE: "DATE",
  TIMESTAMP: "TIMESTAMP WITH TIME ZONE",
  TIMESTAMP_NTZ: "TIMESTAMP",
  TIMESTAMP_LTZ: "TIMESTAMP WITH TIME ZONE",
};

/** Reads a Databricks type and gives DuckDB's: `ARRAY<STRUCT<a: INT>>` becomes `STRUCT("a" INTEGER)[]`. */
export function parseType(cursor: Cursor): string {
  const name = cursor.identifier().toUpperCase();
  if (name === "DECIMAL" || name === "DEC" || name === "NUMERIC") {
    const [precision = "10", scale = "0"] = numbers(cursor);
    if (Number(precision) > 38 || Number(scale) > Number(precision)) throw syntaxError(`'DECIMAL(${precision},${scale})'`);
    return `DECIMAL(${precision},${scale})`;
  }
  if (name === "ARRAY") {
    cursor.expect("<");
    const element = parseType(cursor);
    closeAngle(cursor);
    return `${element}[]`;
  }
  if (name === "MAP") {
    cursor.expect("<");
    const key = parseType(cursor);
    cursor.expect(",");
    const value = parseType(cursor);
    closeAngle(cursor);
    return `MAP(${key}, ${value})`;
  }
  if (name === "STRUCT") {
    cursor.expect("<");
    const fields: string[] = [];
    do {
      const field = cursor.identifier();
      cursor.take(":");
      fields.push(`"${field.replaceAll('"', '""')}" ${parseType(cursor)}`);
    } while (cursor.take(","));
    closeAngle(cursor);
    return `STRUCT(${fields.join(", ")})`;
  }
  const duck = names[name];
  if (duck === undefined) throw unsupported(`the type ${name}`);
  if (/CHAR/.test(name)) numbers(cursor);
  if (name === "DOUBLE") cursor.take("PRECISION");
  return duck;
}

/** `>` may arrive glued to the next one as `>>`: half of it is left for the outer type. */
function closeAngle(cursor: Cursor): void {
  const token = cursor.peek();
  if (token?.kind === "op" && token.value === ">>") {
    cursor.tokens[cursor.at] = { ...token, value: ">", start: token.start + 1 };
    return;
  }
  cursor.expect(">");
}

function numbers(cursor: Cursor): string[] {
  const found: string[] = [];
  if (!cursor.take("(")) return found;
  do {
    const token = cursor.peek();
    if (token?.kind !== "number") throw syntaxError(cursor.here(), "Expected a number.");
    found.push(token.value);
    cursor.at++;
  } while (cursor.take(","));
  cursor.expect(")");
  return found;
}
