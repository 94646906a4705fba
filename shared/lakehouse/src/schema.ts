import type { DuckDBConnection } from "@duckdb/node-api";
import { type DeltaField, deltaType, duckType } from "./delta-type.ts";
import { queryRows, quoteIdentifier } from "./duck.ts";
import { LakehouseError } from "./errors.ts";

/** The columns that a SELECT yields, as Delta fields. */
export async function describeQuery(connection: DuckDBConnection, sql: string): Promise<DeltaField[]> {
  const rows = await queryRows(connection, `DESCRIBE ${sql}`);
  return rows.map((row) => {
    const name = String(row.column_name);
    return { name, type: deltaType(String(row.column_type), name), nullable: true, metadata: {} };
  });
}

export const schemaString = (fields: DeltaField[]): string => JSON.stringify({ type: "struct", fields });

/** Refuses column names that Delta cannot hold without column mapping, and names that differ only in case. */
export function assertSchema(fields: DeltaField[], partitionColumns: string[], where: string): void {
  if (fields.length === 0) throw new LakehouseError("SCHEMA_MISMATCH", "A table needs at least one column.", { where });
  const seen = new Set<string>();
  for (const { name, type, nullable } of fields) {
    if (!nullable && typeof type !== "string")
      throw new LakehouseError("UNSUPPORTED_TYPE", `The nested column ${name} cannot be NOT NULL.`, { where });
    if (name === "" || /[ ,;{}()\n\t=]/.test(name)) {
      throw new LakehouseError("INVALID_NAME", `The column name ${JSON.stringify(name)} has a character of " ,;{}()\\n\\t=".`, {
        where,
        hint: "Give the column an alias.",
      });
    }
    if (seen.has(name.toLowerCase())) throw new LakehouseError("SCHEMA_MISMATCH", `The column ${name} appears twice.`, { where });
    seen.add(name.toLowerCase());
  }
  for (const name of partitionColumns) {
    const field = fields.find((f) => f.name === name);
    if (field === undefined)
      throw new LakehouseError("SCHEMA_MISMATCH", `The partition column ${name} is not a column of the table.`, { where });
    if (
      typeof field.type !== "string" ||
      !["string", "date", "boolean", "long", "integer", "short", "byte"].includes(field.type)
    ) {
      throw new LakehouseError(
        "UNSUPPORTED_TYPE",
        `The column ${name} cannot partition the table: its type is ${JSON.stringify(field.type)}.`,
        {
          where,
          hint: "Partition by a string, date, boolean or integer column.",
        },
      );
    }
  }
  if (partitionColumns.length > 0 && partitionColumns.length >= fields.length) {
    throw new LakehouseError("SCHEMA_MISMATCH", "A table cannot be partitioned by all of its columns.", { where });
  }
}

const integers = new Set(["long", "integer", "short", "byte"]);

/** A value of one type as a value of another, the way SQL stores it: fractions are cut, not rounded; what does not fit is an error. */
export function castExpression(expression: string, from: DeltaField, to: DeltaField): string {
  const fraction = typeof from.type === "string" && /^(double|float|decimal)/.test(from.type);
  const cut = fraction && typeof to.type === "string" && integers.has(to.type) ? `trunc(${expression})` : expression;
  return `CAST(${cut} AS ${duckType(to.type, to.name)}) AS ${quoteIdentifier(to.name)}`;
}

export interface Alignment {
  /** Names of the target columns in the order of the source's columns; columns left out become null. Default: all, in the table's order. */
  columns?: string[];
  /** Match by name instead of by position. */
  byName?: boolean;
}

/** A SELECT that gives a source the columns of a table. */
export function alignQuery(sql: string, source: DeltaField[], target: DeltaField[], how: Alignment, where: string): string {
  const same = (a: string, b: string) => a.toLowerCase() === b.toLowerCase();
  const names = how.byName ? source.map((f) => f.name) : (how.columns ?? target.map((f) => f.name));
  if (names.length !== source.length) {
    throw new LakehouseError("SCHEMA_MISMATCH", `The table takes ${names.length} columns, the data has ${source.length}.`, {
      where,
    });
  }
  const unknown = names.find((name) => !target.some((f) => same(f.name, name)));
  if (unknown !== undefined) {
    throw new LakehouseError("SCHEMA_MISMATCH", `The table has no column ${unknown}.`, {
      where,
      hint: "Add the column to the table first, or leave it out.",
    });
  }
  const duplicate = names.find((name, index) => names.findIndex((n) => same(n, name)) !== index);
  if (duplicate !== undefined) throw new LakehouseError("SCHEMA_MISMATCH", `The column ${duplicate} is given twice.`, { where });
  const aliases = source.map((_, index) => quoteIdentifier(`c${index}`));
  const select = target.map((field) => {
    const index = names.findIndex((name) => same(name, field.name));
    const from = source[index];
    if (from !== undefined) return castExpression(`s.${aliases[index]}`, from, field);
    return `CAST(NULL AS ${duckType(field.type, field.name)}) AS ${quoteIdentifier(field.name)}`;
  });
  return `SELECT ${select.join(", ")} FROM (${sql}) AS s(${aliases.join(", ")})`;
}
