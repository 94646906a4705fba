import type { Cursor } from "./cursor.ts";
import { syntaxError, unsupported } from "./errors.ts";
import { sourceText } from "./source-text.ts";
import type { ColumnDefinition, Statement } from "./statement.ts";
import type { Token } from "./token.ts";
import { parseType } from "./type-name.ts";

export function parseCreate(cursor: Cursor): Statement {
  const replace = cursor.take("CREATE", "OR", "REPLACE") || cursor.take("REPLACE");
  if (!replace) cursor.expect("CREATE");
  if (cursor.take("TABLE")) return createTable(cursor, replace);
  if (cursor.take("VIEW")) return createView(cursor, replace);
  for (const [word, what] of [
    ["CATALOG", "catalog"],
    ["SCHEMA", "schema"],
    ["DATABASE", "schema"],
    ["VOLUME", "volume"],
  ] as const) {
    if (replace || !cursor.take(word)) continue;
    const ifNotExists = cursor.take("IF", "NOT", "EXISTS");
    const name = cursor.name();
    const comment = cursor.take("COMMENT") ? cursor.string() : undefined;
    if (!cursor.done) throw unsupported(`CREATE ${word} … ${cursor.here()}`);
    return { kind: "create", what, name, ifNotExists, comment };
  }
  throw unsupported(`CREATE ${replace ? "OR REPLACE " : ""}${cursor.here()}`);
}

function createTable(cursor: Cursor, replace: boolean): Statement {
  const ifNotExists = cursor.take("IF", "NOT", "EXISTS");
  const name = cursor.name();
  const columns = cursor.is("(") ? parseColumns(cursor) : undefined;
  const partitionBy: string[] = [];
  const partitionColumns: ColumnDefinition[] = [];
  let comment: string | undefined;
  let properties: Record<string, string> = {};
  let query: Token[] | undefined;
  for (;;) {
    if (cursor.take("USING")) {
      const format = cursor.identifier();
      if (format.toUpperCase() !== "DELTA") throw unsupported(`USING ${format}`, "Tables are Delta tables.");
    } else if (cursor.take("COMMENT")) comment = cursor.string();
    else if (cursor.take("TBLPROPERTIES")) properties = parseProperties(cursor);
    else if (cursor.take("PARTITIONED", "BY")) {
      cursor.expect("(");
      do {
        const start = cursor.at;
        const column = cursor.identifier();
        if (!cursor.is(",") && !cursor.is(")")) {
          cursor.at = start;
          partitionColumns.push(parseColumn(cursor));
        }
        partitionBy.push(column);
      } while (cursor.take(","));
      cursor.expect(")");
    } else if (cursor.is("CLUSTER", "BY") || cursor.is("LOCATION") || cursor.is("OPTIONS"))
      throw unsupported(`CREATE TABLE … ${cursor.peek()?.value.toUpperCase()}`);
    else if (cursor.take("AS")) {
      query = cursor.rest();
      if (query.length === 0) throw syntaxError("end of input", "Expected a query.");
      break;
    } else if (cursor.is("SELECT") || cursor.is("WITH")) {
      query = cursor.rest();
      break;
    } else break;
  }
  if (columns !== undefined && query !== undefined)
    throw syntaxError("'AS'", "A table made from a query takes its columns from there.");
  if (columns === undefined && query === undefined) throw syntaxError(cursor.here(), "Expected columns or AS SELECT.");
  if (!cursor.done) throw unsupported(`CREATE TABLE … ${cursor.here()}`);
  const all = columns === undefined ? undefined : [...columns, ...partitionColumns];
  return { kind: "createTable", name, replace, ifNotExists, columns: all, query, partitionBy, comment, properties };
}

function createView(cursor: Cursor, replace: boolean): Statement {
  const ifNotExists = cursor.take("IF", "NOT", "EXISTS");
  const name = cursor.name();
  let columns: { name: string; comment: string | undefined }[] | undefined;
  if (cursor.take("(")) {
    columns = [];
    do {
      const column = cursor.identifier();
      columns.push({ name: column, comment: cursor.take("COMMENT") ? cursor.string() : undefined });
    } while (cursor.take(","));
    cursor.expect(")");
  }
  let comment: string | undefined;
  let properties: Record<string, string> = {};
  for (;;) {
    if (cursor.take("COMMENT")) comment = cursor.string();
    else if (cursor.take("TBLPROPERTIES")) properties = parseProperties(cursor);
    else break;
  }
  cursor.expect("AS");
  const query = cursor.rest();
  if (query.length === 0) throw syntaxError("end of input", "Expected a query.");
  return { kind: "createView", name, replace, ifNotExists, columns, comment, properties, query, text: sourceText(query) };
}

export function parseColumns(cursor: Cursor): ColumnDefinition[] {
  cursor.expect("(");
  const columns: ColumnDefinition[] = [];
  do {
    if (cursor.is("CONSTRAINT") || cursor.is("PRIMARY") || cursor.is("FOREIGN")) throw unsupported("table constraints");
    columns.push(parseColumn(cursor));
  } while (cursor.take(","));
  cursor.expect(")");
  return columns;
}

export function parseColumn(cursor: Cursor): ColumnDefinition {
  const column: ColumnDefinition = { name: cursor.identifier(), type: parseType(cursor), nullable: true, comment: undefined };
  for (;;) {
    if (cursor.take("NOT", "NULL")) column.nullable = false;
    else if (cursor.take("COMMENT")) column.comment = cursor.string();
    else if (
      cursor.is("GENERATED") ||
      cursor.is("DEFAULT") ||
      cursor.is("PRIMARY") ||
      cursor.is("COLLATE") ||
      cursor.is("FIRST") ||
      cursor.is("AFTER")
    ) {
      throw unsupported(`the column option ${cursor.peek()?.value.toUpperCase()}`);
    } else return column;
  }
}

/** `('a' = 'b', delta.appendOnly = true)` */
export function parseProperties(cursor: Cursor): Record<string, string> {
  const properties: Record<string, string> = {};
  cursor.expect("(");
  do {
    const key = propertyKey(cursor);
    cursor.take("=");
    const value = cursor.peek();
    if (value === undefined || value.kind === "op") throw syntaxError(cursor.here(), "Expected a value.");
    cursor.at++;
    properties[key] = value.value;
  } while (cursor.take(","));
  cursor.expect(")");
  return properties;
}

export function propertyKey(cursor: Cursor): string {
  if (cursor.peek()?.kind === "string") return cursor.string();
  const parts = [cursor.identifier()];
  while (cursor.take(".")) parts.push(cursor.identifier());
  return parts.join(".");
}

export function parseDrop(cursor: Cursor): Statement {
  cursor.expect("DROP");
  for (const [word, what] of [
    ["TABLE", "table"],
    ["VIEW", "view"],
    ["SCHEMA", "schema"],
    ["DATABASE", "schema"],
    ["CATALOG", "catalog"],
    ["VOLUME", "volume"],
  ] as const) {
    if (!cursor.take(word)) continue;
    const ifExists = cursor.take("IF", "EXISTS");
    const name = cursor.name();
    const cascade = cursor.take("CASCADE");
    if (!cascade) cursor.take("RESTRICT");
    return { kind: "drop", what, name, ifExists, cascade };
  }
  throw unsupported(`DROP ${cursor.here()}`);
}
