import { DuckDBInstance } from "@duckdb/node-api";
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

/**
 * Turns a CSV file into Parquet with exact types. Nothing is guessed: every column has its type, a value that does not fit fails.
 * Returns the number of rows written. Memory is bounded; DuckDB spills into `tempDir`.
 */
export async function csvToParquet(
  csv: string,
  parquet: string,
  columns: Column[],
  dialect: DuckCsv,
  tempDir: string,
): Promise<number> {
  const instance = await DuckDBInstance.create(":memory:", {
    memory_limit: "512MB",
    threads: "2",
    temp_directory: tempDir,
    preserve_insertion_order: "false",
  });
  try {
    const connection = await instance.connect();
    await connection.run("set TimeZone = 'UTC'");
    const select = columns
      .map(({ name: column, type }) =>
        type.kind === "binary" ? `unhex(substr(${name(column)}, 3)) as ${name(column)}` : name(column),
      )
      .join(", ");
    for (let longest = 4 << 20; ; longest *= 4) {
      const options = [
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
        `columns = {${[...columns, ...padding(columns)].map((column) => `${text(column.name)}: ${text(duckdbType(column.type))}`).join(", ")}}`,
      ];
      try {
        const reader = await connection.runAndReadAll(
          `copy (select ${select} from read_csv(${text(csv)}, ${options.join(", ")})) to ${text(parquet)} (format parquet, compression zstd)`,
        );
        return Number(reader.getRows()[0]?.[0] ?? 0);
      } catch (error) {
        const message = (error as Error).message;
        // Its buffers grow with the longest line, so the long one is asked for only when there is one.
        if (/Maximum line size/i.test(message) && longest < 1 << 26) continue;
        throw conversionError(message, csv, error);
      }
    }
  } finally {
    instance.closeSync();
  }
}

/**
 * A row of one column whose value is empty is a blank line, which DuckDB skips: such a row travels with a second column.
 * Whoever writes a CSV file for `csvToParquet` adds these columns, all NULL or anything else, to its own.
 */
export const padding = (columns: readonly { name: string }[]): Column[] =>
  columns.length === 1 ? [{ name: "__kc_pad", type: { kind: "text" } }] : [];

function conversionError(message: string, csv: string, cause: unknown): unknown {
  const line = /CSV Error on Line: (\d+)/.exec(message)?.[1];
  if (!line) return cause;
  const detail = message
    .split("\n")
    .filter((part) =>
      /^(Error when converting column|Conversion Error|Could not convert|Invalid Input Error|Expected Number)/.test(part.trim()),
    )
    .map((part) => part.trim().replace(/^Invalid Input Error: CSV Error.*$/, ""))
    .filter(Boolean)
    .join(" ");
  return new UserError(detail || message.split("\n")[0]!, {
    where: `${csv}:${line}`,
    hint: "The value does not fit the column's type. Give the column another type under columns:.",
    cause,
  });
}
