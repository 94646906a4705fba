import type { Cursor } from "./cursor.ts";
import { syntaxError, unsupported } from "./errors.ts";
import { parseProperties } from "./parse-ddl.ts";
import type { MergeAction, MergeStatement, Statement } from "./statement.ts";
import type { Token } from "./token.ts";

export function parseInsert(cursor: Cursor): Statement {
  cursor.expect("INSERT");
  const overwrite = cursor.take("OVERWRITE");
  if (!overwrite) cursor.expect("INTO");
  else cursor.take("INTO");
  cursor.take("TABLE");
  const name = cursor.name();
  if (cursor.is("PARTITION") || cursor.is("REPLACE")) throw unsupported(`INSERT … ${cursor.peek()?.value.toUpperCase()}`);
  const byName = cursor.take("BY", "NAME");
  let columns: string[] | undefined;
  if (cursor.is("(") && !["SELECT", "WITH", "VALUES"].includes(cursor.peek(1)?.value.toUpperCase() ?? "")) {
    cursor.expect("(");
    columns = [];
    do columns.push(cursor.identifier());
    while (cursor.take(","));
    cursor.expect(")");
  }
  const query = cursor.rest();
  if (query.length === 0) throw syntaxError("end of input", "Expected a query or VALUES.");
  return { kind: "insert", name, columns, byName, overwrite, query };
}

export function parseDelete(cursor: Cursor): Statement {
  cursor.expect("DELETE", "FROM");
  const name = cursor.name();
  const alias = optionalAlias(cursor, ["WHERE"]);
  const where = cursor.take("WHERE") ? expression(cursor) : undefined;
  return { kind: "delete", name, alias, where };
}

export function parseUpdate(cursor: Cursor): Statement {
  cursor.expect("UPDATE");
  const name = cursor.name();
  const alias = optionalAlias(cursor, ["SET"]);
  cursor.expect("SET");
  const set = assignments(cursor, ["WHERE"]);
  const where = cursor.take("WHERE") ? expression(cursor) : undefined;
  return { kind: "update", name, alias, set, where };
}

function optionalAlias(cursor: Cursor, stops: string[]): string | undefined {
  if (cursor.take("AS")) return cursor.identifier();
  if (cursor.done || stops.some((stop) => cursor.is(stop))) return undefined;
  return cursor.identifier();
}

function expression(cursor: Cursor, ...stops: string[]): Token[] {
  const tokens = stops.length === 0 ? cursor.rest() : cursor.until(...stops);
  if (tokens.length === 0) throw syntaxError(cursor.here(), "Expected an expression.");
  return tokens;
}

/** `a = 1, t.b = x + 1`; a qualifier before the column names the target itself. */
function assignments(cursor: Cursor, stops: string[]): { column: string; value: Token[] }[] {
  const set: { column: string; value: Token[] }[] = [];
  do {
    const parts = [cursor.identifier()];
    while (cursor.take(".")) parts.push(cursor.identifier());
    if (!cursor.take("=") && !cursor.take("==")) throw syntaxError(cursor.here(), "Expected '='.");
    set.push({ column: parts.at(-1) ?? "", value: expression(cursor, ",", ...stops) });
  } while (cursor.take(","));
  return set;
}

export function parseMerge(cursor: Cursor): Statement {
  cursor.expect("MERGE");
  if (cursor.is("WITH", "SCHEMA")) throw unsupported("MERGE WITH SCHEMA EVOLUTION");
  cursor.expect("INTO");
  const name = cursor.name();
  const targetAlias = optionalAlias(cursor, ["USING"]) ?? name.at(-1) ?? "";
  cursor.expect("USING");
  const start = cursor.at;
  let sourceAlias: string;
  if (cursor.take("(")) {
    cursor.until(")");
    cursor.expect(")");
    sourceAlias = "";
  } else sourceAlias = cursor.name().at(-1) ?? "";
  const source = cursor.tokens.slice(start, cursor.at);
  sourceAlias = optionalAlias(cursor, ["ON"]) ?? sourceAlias;
  if (sourceAlias === "") sourceAlias = "kc_merge_source";
  cursor.expect("ON");
  const on = expression(cursor, "WHEN");
  const merge: MergeStatement = {
    kind: "merge",
    name,
    targetAlias,
    source,
    sourceAlias,
    on,
    matched: [],
    notMatched: [],
    notMatchedBySource: [],
  };
  while (cursor.take("WHEN")) whenClause(cursor, merge);
  if (merge.matched.length + merge.notMatched.length + merge.notMatchedBySource.length === 0)
    throw syntaxError(cursor.here(), "MERGE needs a WHEN clause.");
  return merge;
}

function whenClause(cursor: Cursor, merge: MergeStatement): void {
  const matched = cursor.take("MATCHED");
  if (!matched) cursor.expect("NOT", "MATCHED");
  const bySource = !matched && cursor.take("BY", "SOURCE");
  if (!matched && !bySource && cursor.take("BY")) cursor.expect("TARGET");
  const when = cursor.take("AND") ? expression(cursor, "THEN") : undefined;
  cursor.expect("THEN");
  if (matched || bySource) {
    const clause = { when, action: changeAction(cursor, bySource) };
    (matched ? merge.matched : merge.notMatchedBySource).push(clause);
    return;
  }
  cursor.expect("INSERT");
  if (cursor.take("*")) {
    merge.notMatched.push({ when, insert: "all" });
    return;
  }
  const columns: string[] = [];
  cursor.expect("(");
  do {
    const parts = [cursor.identifier()];
    while (cursor.take(".")) parts.push(cursor.identifier());
    columns.push(parts.at(-1) ?? "");
  } while (cursor.take(","));
  cursor.expect(")", "VALUES", "(");
  const values: Token[][] = [];
  do values.push(expression(cursor, ","));
  while (cursor.take(","));
  cursor.expect(")");
  if (values.length !== columns.length) throw syntaxError("'VALUES'", `${columns.length} columns, ${values.length} values.`);
  merge.notMatched.push({ when, insert: { columns, values } });
}

function changeAction(cursor: Cursor, bySource: boolean): MergeAction {
  if (cursor.take("DELETE")) return { kind: "delete" };
  cursor.expect("UPDATE", "SET");
  if (!bySource && cursor.take("*")) return { kind: "updateAll" };
  return { kind: "update", set: assignments(cursor, ["WHEN"]) };
}

export function parseCopyInto(cursor: Cursor): Statement {
  cursor.expect("COPY", "INTO");
  const name = cursor.name();
  if (cursor.is("(")) throw unsupported("COPY INTO with a column list");
  cursor.expect("FROM");
  if (cursor.is("(")) throw unsupported("COPY INTO … FROM (SELECT …)", "Use INSERT INTO … SELECT … FROM read_files(…).");
  const from = cursor.string();
  cursor.expect("FILEFORMAT", "=");
  const format = cursor.identifier().toLowerCase();
  let files: string[] | undefined;
  let pattern: string | undefined;
  let formatOptions: Record<string, string> = {};
  let copyOptions: Record<string, string> = {};
  while (!cursor.done) {
    if (cursor.take("FILES", "=", "(")) {
      files = [];
      do files.push(cursor.string());
      while (cursor.take(","));
      cursor.expect(")");
    } else if (cursor.take("PATTERN", "=")) pattern = cursor.string();
    else if (cursor.take("FORMAT_OPTIONS")) formatOptions = parseProperties(cursor);
    else if (cursor.take("COPY_OPTIONS")) copyOptions = parseProperties(cursor);
    else throw unsupported(`COPY INTO … ${cursor.here()}`);
  }
  return { kind: "copyInto", name, from, format, files, pattern, formatOptions, copyOptions };
}
