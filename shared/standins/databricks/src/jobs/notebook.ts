import { DialectError, type Parameter, splitStatements, tokenize, unsupported } from "@kc/sql-dialect";
import { execute } from "../sql/execute.ts";
import type { ResultSet } from "../sql/result.ts";
import type { Session } from "../sql/session.ts";

const header = "-- Databricks notebook source";
const separator = /^-- COMMAND -{10}[ \t]*$/m;

/** The SQL of each cell of a SQL notebook. Prose cells are empty; a cell in another language is refused by its number. */
export function notebookCells(source: string): string[] {
  const text = source.replaceAll("\r\n", "\n");
  const body = text.startsWith(header) ? text.slice(header.length) : text;
  return body.split(separator).map((cell, index) => {
    const lines = cell.split("\n").filter((line) => !line.startsWith("-- DBTITLE "));
    const magic = lines.filter((line) => line.startsWith("-- MAGIC")).map((line) => line.slice(8).replace(/^ /, ""));
    if (magic.length === 0) return lines.join("\n");
    const language = /^%(\S+)/.exec(magic.find((line) => line.trim() !== "") ?? "")?.[1] ?? "";
    if (language === "md" || language === "md-sandbox") return "";
    if (language === "sql") return magic.join("\n").replace(/^\s*%sql/, "");
    throw unsupported(`cell ${index + 1} of the notebook: %${language}`, "Local notebooks run SQL cells.");
  });
}

/** Runs the statements of cells in order, in one session, with named parameters; gives the last result. */
export async function runCells(
  session: Session,
  cells: string[],
  parameters: Record<string, string>,
): Promise<ResultSet | undefined> {
  const widgets = new Map<string, string>();
  let last: ResultSet | undefined;
  for (const cell of cells) {
    for (const statement of splitStatements(cell)) {
      if (declareWidget(statement, widgets)) continue;
      if (/\$\{\w+\}/.test(statement)) throw unsupported("dollar-brace parameters in SQL", "Write :name.");
      const bound: Parameter[] = [...new Map([...widgets, ...Object.entries(parameters)])].map(([name, value]) => ({
        name,
        value,
      }));
      last = await execute(session, statement, bound);
      await consume(session, last);
    }
  }
  return last;
}

/** A query in a notebook is run to its end even though nobody reads its rows: its errors count. */
async function consume(session: Session, result: ResultSet): Promise<void> {
  if (result.sql === undefined) return;
  const reader = await session.connection.streamAndReadUntil(result.sql, 100);
  result.rows = (reader.getRows() as (string | null)[][]).slice(0, 100);
  if (!reader.done) await session.connection.run(`SELECT count(*) FROM (${result.sql})`);
}

/** `CREATE WIDGET TEXT x DEFAULT 'v'` gives a parameter its default; `REMOVE WIDGET x` takes it away. */
function declareWidget(statement: string, widgets: Map<string, string>): boolean {
  const tokens = tokenize(statement);
  const words = tokens.slice(0, 2).map((token) => (token.kind === "word" ? token.value.toUpperCase() : ""));
  if (words[1] !== "WIDGET") return false;
  if (words[0] === "REMOVE") return widgets.delete(tokens[2]?.value ?? "") || true;
  const [, , kind, name, keyword, value] = tokens;
  const known =
    /^(TEXT|DROPDOWN|COMBOBOX|MULTISELECT)$/i.test(kind?.value ?? "") &&
    keyword?.value.toUpperCase() === "DEFAULT" &&
    value?.kind === "string" &&
    name !== undefined;
  if (words[0] !== "CREATE" || !known)
    throw new DialectError(
      "PARSE_SYNTAX_ERROR",
      "42601",
      `Expected CREATE WIDGET TEXT name DEFAULT 'value': ${statement}. SQLSTATE: 42601`,
    );
  widgets.set(name.value, value.value);
  return true;
}
