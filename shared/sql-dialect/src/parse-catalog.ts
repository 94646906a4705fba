import type { Cursor } from "./cursor.ts";
import { syntaxError, unsupported } from "./errors.ts";
import { parseColumn, parseColumns, parseProperties, propertyKey } from "./parse-ddl.ts";
import type { Alteration, ObjectKind, Statement } from "./statement.ts";

export function parseAlter(cursor: Cursor): Statement {
  cursor.expect("ALTER");
  const what = cursor.take("VIEW") ? "view" : "table";
  if (what === "table" && !cursor.take("TABLE")) throw unsupported(`ALTER ${cursor.here()}`);
  const name = cursor.name();
  return { kind: "alter", what, name, alteration: alteration(cursor) };
}

function alteration(cursor: Cursor): Alteration {
  if (cursor.take("ADD", "COLUMNS") || cursor.take("ADD", "COLUMN")) {
    const columns = cursor.is("(") ? parseColumns(cursor) : [parseColumn(cursor)];
    return { kind: "addColumns", columns };
  }
  if (cursor.take("RENAME", "TO")) return { kind: "rename", to: cursor.name() };
  if (cursor.take("SET", "TBLPROPERTIES")) return { kind: "setProperties", properties: parseProperties(cursor) };
  if (cursor.take("UNSET", "TBLPROPERTIES")) {
    cursor.take("IF", "EXISTS");
    cursor.expect("(");
    const names: string[] = [];
    do names.push(propertyKey(cursor));
    while (cursor.take(","));
    cursor.expect(")");
    return { kind: "unsetProperties", names };
  }
  if (cursor.take("ALTER", "COLUMN") || cursor.take("CHANGE", "COLUMN")) {
    const column = cursor.identifier();
    if (cursor.take("COMMENT")) return { kind: "columnComment", column, comment: cursor.string() };
  }
  throw unsupported(`ALTER TABLE … ${cursor.here()}`);
}

export function parseUse(cursor: Cursor): Statement {
  cursor.expect("USE");
  if (cursor.take("CATALOG")) return { kind: "use", what: "catalog", name: cursor.name() };
  if (!cursor.take("SCHEMA")) cursor.take("DATABASE");
  return { kind: "use", what: "schema", name: cursor.name() };
}

const shown = {
  CATALOGS: "catalogs",
  SCHEMAS: "schemas",
  DATABASES: "schemas",
  TABLES: "tables",
  VIEWS: "views",
  VOLUMES: "volumes",
  COLUMNS: "columns",
} as const;

export function parseShow(cursor: Cursor): Statement {
  cursor.expect("SHOW");
  if (cursor.take("TBLPROPERTIES")) return { kind: "show", what: "tblproperties", in: cursor.name(), like: undefined };
  const word = Object.keys(shown).find((key) => cursor.take(key)) as keyof typeof shown | undefined;
  if (word === undefined) throw unsupported(`SHOW ${cursor.here()}`);
  const within = cursor.take("IN") || cursor.take("FROM") ? cursor.name() : undefined;
  const like = cursor.take("LIKE") || cursor.peek()?.kind === "string" ? cursor.string() : undefined;
  return { kind: "show", what: shown[word], in: within, like };
}

export function parseDescribe(cursor: Cursor): Statement {
  if (!cursor.take("DESCRIBE")) cursor.expect("DESC");
  if (cursor.take("HISTORY")) return { kind: "describe", what: "history", name: cursor.name(), extended: false };
  if (cursor.take("DETAIL")) return { kind: "describe", what: "detail", name: cursor.name(), extended: false };
  if (cursor.take("QUERY")) return { kind: "describeQuery", query: cursor.rest() };
  if (cursor.is("SELECT") || cursor.is("WITH")) return { kind: "describeQuery", query: cursor.rest() };
  for (const [word, what] of [
    ["SCHEMA", "schema"],
    ["DATABASE", "schema"],
    ["CATALOG", "catalog"],
  ] as const) {
    if (cursor.take(word)) return { kind: "describe", what, extended: cursor.take("EXTENDED"), name: cursor.name() };
  }
  if (cursor.is("FUNCTION") || cursor.is("VOLUME")) throw unsupported(`DESCRIBE ${cursor.peek()?.value.toUpperCase()}`);
  cursor.take("TABLE");
  const extended = cursor.take("EXTENDED") || cursor.take("FORMATTED");
  const name = cursor.name();
  if (cursor.is("AS", "JSON") || !cursor.done) throw unsupported(`DESCRIBE TABLE … ${cursor.here()}`);
  return { kind: "describe", what: "table", name, extended };
}

const commentable = {
  CATALOG: "catalog",
  SCHEMA: "schema",
  DATABASE: "schema",
  VOLUME: "volume",
  TABLE: "table",
  VIEW: "view",
  COLUMN: "column",
} as const;

export function parseComment(cursor: Cursor): Statement {
  cursor.expect("COMMENT", "ON");
  const word = Object.keys(commentable).find((key) => cursor.take(key)) as keyof typeof commentable | undefined;
  if (word === undefined) throw unsupported(`COMMENT ON ${cursor.here()}`);
  const what: ObjectKind = commentable[word];
  const name = [cursor.identifier()];
  while (cursor.take(".")) name.push(cursor.identifier());
  if (name.length > (what === "column" ? 4 : 3)) throw syntaxError(`'${name.join(".")}'`);
  cursor.expect("IS");
  return { kind: "comment", what, name, comment: cursor.take("NULL") ? null : cursor.string() };
}
