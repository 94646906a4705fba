import { UserError } from "@kc/runtime";
import { type Column, duckdbType } from "../types/column-type.ts";

const text = (value: string): string => `'${value.replaceAll("'", "''")}'`;
const name = (value: string): string => `"${value.replaceAll('"', '""')}"`;

/** How DuckDB is to read a CSV file. */
export interface DuckCsv {
  delimiter: string;
  quote: string;
  escape: string;
  header: boolean;
  /** End of a row where it is known; DuckDB's guess can fall for a line break inside a field. */
  newLine?: "\\n";
  /** Spelling of NULL. */
  nullText: string;
  /** Whether it counts in quotes too. Default false: then it is text. */
  quotedNull?: boolean;
  /** Columns in which it is always text. */
  neverNull?: string[];
  skip?: number;
  compression?: "none" | "gzip" | "zstd";
}

/** `digits`: how many digits the column's numbers have at most, where each is written with exactly the type's decimal places. */
export type DuckColumn = Column & { digits?: number | undefined };

/**
 * A row of one column whose value is empty is a blank line, which DuckDB skips: such a row travels with a second column.
 * Whoever writes a CSV file for `csvToParquet` adds these columns to its own.
 */
export const padding = (columns: readonly { name: string }[]): Column[] =>
  columns.length === 1 ? [{ name: "__kc_pad", type: { kind: "text" } }] : [];

/**
 * Turns a CSV file into Parquet with exact types. Nothing is guessed: every column has its type, a value that does not fit fails.
 * Returns the number of rows written. Memory is bounded; DuckDB spills into `tempDir`.
 */
export async function csvToParquet(
  csv: string,
  parquet: string,
  columns: DuckColumn[],
  dialect: DuckCsv,
  tempDir: string,
  padded = true,
): Promise<number> {
  const list = columns.map((column) => `${value(column)} as ${name(column.name)}`).join(", ");
  const read = padded ? [...columns, ...padding(columns)] : columns;
  const rows = await queryCsv(
    csv,
    read,
    dialect,
    tempDir,
    (from) => `copy (select ${list} from ${from}) to ${text(parquet)} (format parquet, compression zstd)`,
  );
  return Number(rows[0] ?? 0);
}

/** Gives decimals without a scale the one that their longest fraction in a CSV file needs; at least 2. */
export async function measureCsvDecimals(csv: string, columns: Column[], dialect: DuckCsv, tempDir: string): Promise<Column[]> {
  const open = columns.filter(({ type }) => type.kind === "decimal" && type.scale === undefined);
  if (open.length === 0) return columns;
  const texts = columns.map((column): Column => ({ name: column.name, type: { kind: "text" } }));
  const scales = open.map((column) => `max(length(split_part(${name(column.name)}, '.', 2)))`).join(", ");
  const row = await queryCsv(csv, texts, dialect, tempDir, (from) => `select ${scales} from ${from}`);
  return columns.map((column) => {
    const index = open.indexOf(column);
    const scale = Math.min(Math.max(Number(row[index] ?? 0), 2), 38);
    return index < 0 ? column : { ...column, type: { kind: "decimal", precision: 38, scale } };
  });
}

/** Runs a statement over a CSV file and returns its first row. */
async function queryCsv(
  csv: string,
  columns: DuckColumn[],
  dialect: DuckCsv,
  tempDir: string,
  sql: (from: string) => string,
): Promise<unknown[]> {
  // Only when needed: the engine is large, and a load into PostgreSQL does without it.
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: "512MB",
    threads: "2",
    temp_directory: tempDir,
    preserve_insertion_order: "false",
  });
  try {
    const connection = await instance.connect();
    await connection.run("set TimeZone = 'UTC'");
    for (let longest = 4 << 20; ; longest *= 4) {
      try {
        const reader = await connection.runAndReadAll(
          sql(`read_csv(${text(csv)}, ${csvOptions(columns, dialect, longest).join(", ")})`),
        );
        return reader.getRows()[0] ?? [];
      } catch (error) {
        const { message } = error as Error;
        // Its buffers grow with the longest line, so a long one is asked for only when there is one.
        if (/Maximum line size/i.test(message) && longest < 1 << 26) continue;
        throw conversionError(message, csv, error);
      }
    }
  } finally {
    instance.closeSync();
  }
}

/** DuckDB reads decimals slowly, whole numbers fast: with the point left out a decimal of up to 18 digits is one. */
const isFast = ({ type, digits }: DuckColumn): boolean => type.kind === "decimal" && digits !== undefined && digits <= 18;

function value(column: DuckColumn): string {
  const quoted = name(column.name);
  const { type } = column;
  if (type.kind === "binary") return `unhex(substr(${quoted}, 3))`;
  if (type.kind === "timestamptz") return `${quoted}::timestamptz`;
  if (type.kind !== "decimal" || !isFast(column)) return quoted;
  const scale = type.scale ?? 0;
  const unit = scale === 0 ? "1" : `0.${"1".padStart(scale, "0")}`;
  const number = `(replace(${quoted}, '.', '')::bigint::decimal(18, 0) * ${unit}::decimal(${scale + 1}, ${scale}))::${duckdbType(type)}`;
  // The point must stand exactly there: anything else would be another number.
  const asWritten = scale === 0 ? `position('.' in ${quoted}) = 0` : `substr(${quoted}, length(${quoted}) - ${scale}, 1) = '.'`;
  return `case when ${quoted} is null then null when ${asWritten} then ${number} else error('column ' || ${text(column.name)} || ' holds ' || ${quoted}) end`;
}

function csvOptions(columns: DuckColumn[], dialect: DuckCsv, longest: number): string[] {
  return [
    `header = ${dialect.header}`,
    "auto_detect = false",
    `delim = ${text(dialect.delimiter)}`,
    `quote = ${text(dialect.quote)}`,
    `escape = ${text(dialect.escape)}`,
    `nullstr = ${text(dialect.nullText)}`,
    `allow_quoted_nulls = ${dialect.quotedNull ?? false}`,
    ...(dialect.neverNull?.length ? [`force_not_null = [${dialect.neverNull.map(text).join(", ")}]`] : []),
    "strict_mode = true",
    ...(dialect.newLine ? [`new_line = ${text(dialect.newLine)}`] : []),
    `max_line_size = ${longest}`,
    `buffer_size = ${longest * 4}`,
    `skip = ${dialect.skip ?? 0}`,
    `compression = ${text(dialect.compression ?? "none")}`,
    `columns = {${columns.map((column) => `${text(column.name)}: ${text(isFast(column) ? "VARCHAR" : duckdbType(column.type))}`).join(", ")}}`,
  ];
}

function conversionError(message: string, csv: string, cause: unknown): unknown {
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  if (!line)
    return /Conversion Error/.test(message)
      ? new UserError(`a value does not fit its column: ${message.split("\n")[0]}`, {
          hint: "Give the column another type under columns:.",
          cause,
        })
      : cause;
  const detail = message
    .split("\n")
    .map((part) => part.trim())
    .filter((part) => /^(Error when converting column|Conversion Error|Could not convert|Expected Number|Value with)/.test(part))
    .join(" ");
  return new UserError(detail || message.split("\n")[0]!, {
    where: `${csv}:${line}`,
    hint: "Correct the row, or give the column another type under columns:.",
    cause,
  });
}
