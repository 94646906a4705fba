import { relationOf } from "../compile.ts";
import { DbtError } from "../errors.ts";
import { quoteIdentifier, relationName } from "../jinja/renderer.ts";
import type { ManifestNode } from "../manifest.ts";
import type { SqlResult } from "./executor.ts";

/** Rows of a CSV file by RFC 4180, with the line each starts on. */
export function parseCsv(text: string, file: string, delimiter = ","): { cells: (string | null)[]; line: number }[] {
  const rows: { cells: (string | null)[]; line: number }[] = [];
  let cells: (string | null)[] = [];
  let [line, start, at] = [1, 1, text.startsWith("\uFEFF") ? 1 : 0];
  const flush = () => {
    if (!(cells.length === 1 && cells[0] === null)) rows.push({ cells, line: start });
    cells = [];
    start = line;
  };
  while (at < text.length) {
    if (text[at] === '"') {
      const opened = line;
      let value = "";
      for (at++; ; at++) {
        if (at >= text.length) throw new DbtError("project", "a quoted value is not closed", { where: `${file}:${opened}` });
        if (text[at] === '"' && text[at + 1] !== '"') break;
        if (text[at] === '"') at++;
        if (text[at] === "\n") line++;
        value += text[at];
      }
      at++;
      if (at < text.length && text[at] !== delimiter && text[at] !== "\n" && text[at] !== "\r")
        throw new DbtError("project", "text follows a quoted value", { where: `${file}:${line}` });
      cells.push(value);
    } else {
      let end = at;
      while (end < text.length && text[end] !== delimiter && text[end] !== "\n" && text[end] !== "\r") end++;
      cells.push(end === at ? null : text.slice(at, end));
      at = end;
    }
    if (text[at] === delimiter) {
      at++;
      if (at >= text.length || text[at] === "\n" || text[at] === "\r") cells.push(null);
      else continue;
    }
    if (text[at] === "\r") at++;
    if (text[at] === "\n") {
      at++;
      line++;
    }
    flush();
  }
  if (cells.length > 0) flush();
  return rows;
}

const patterns: [string, RegExp][] = [
  ["boolean", /^(true|false)$/i],
  ["bigint", /^-?(0|[1-9]\d{0,17})$/],
  ["double", /^-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?$/],
  ["date", /^\d{4}-\d{2}-\d{2}$/],
  ["timestamp", /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d+)?Z?$/],
];

/** The narrowest type that every value fits; an empty cell is null and fits all. */
export function inferType(values: (string | null)[]): string {
  const given = values.filter((value): value is string => value !== null);
  return given.length === 0
    ? "string"
    : (patterns.find(([, pattern]) => given.every((value) => pattern.test(value)))?.[0] ?? "string");
}

/** Rows per INSERT: keeps a statement far below the vendor's limit of 16 MB. */
const batchRows = 1_000;

/** Loads a seed: the table is made anew, then filled. */
export async function loadSeed(node: ManifestNode, text: string, execute: (sql: string) => Promise<SqlResult>): Promise<number> {
  const file = node.original_file_path;
  const rows = parseCsv(text, file, typeof node.config.delimiter === "string" ? node.config.delimiter : ",");
  const header = rows.shift();
  if (!header) throw new DbtError("project", "the seed has no header", { where: `${file}:1` });
  const names = header.cells.map((name, index) => {
    if (!name?.trim()) throw new DbtError("project", `column ${index + 1} has no name`, { where: `${file}:1` });
    return name.trim();
  });
  const twice = names.find((name, index) => names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== index);
  if (twice) throw new DbtError("project", `the column "${twice}" stands twice in the header`, { where: `${file}:1` });
  for (const row of rows)
    if (row.cells.length !== names.length)
      throw new DbtError("project", `the row has ${row.cells.length} values, the header ${names.length} names`, {
        where: `${file}:${row.line}`,
      });
  const given = (node.config.column_types ?? {}) as Record<string, string>;
  const types = names.map((name, index) => checkedType(given[name], file) ?? inferType(rows.map((row) => row.cells[index]!)));
  const table = relationName(relationOf(node));
  await execute(
    `create or replace table ${table} (${names.map((name, index) => `${quoteIdentifier(name)} ${types[index]}`).join(", ")})`,
  );
  for (let from = 0; from < rows.length; from += batchRows) {
    const values = rows
      .slice(from, from + batchRows)
      .map((row) => `(${row.cells.map((cell, index) => literal(cell, types[index]!)).join(", ")})`);
    await execute(`insert into ${table} (${names.map(quoteIdentifier).join(", ")}) values\n${values.join(",\n")}`);
  }
  return rows.length;
}

function checkedType(type: string | undefined, file: string): string | undefined {
  if (type !== undefined && !/^[a-z][a-z0-9_ ]*(\(\s*\d+\s*(,\s*\d+\s*)?\))?$/i.test(type))
    throw new DbtError("project", `column_types: "${type}" is no type`, { where: `${file}:1` });
  return type;
}

/** Databricks reads backslashes in strings as escapes, so they are doubled with the quotes. */
function literal(cell: string | null, type: string): string {
  if (cell === null) return "null";
  if (type === "bigint" || type === "double" || type === "boolean") return cell;
  const text = `'${cell.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
  return type === "string" ? text : `cast(${text} as ${type})`;
}
