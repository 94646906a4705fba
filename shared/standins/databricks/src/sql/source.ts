import { stat } from "node:fs/promises";
import { join } from "node:path";
import {
  type At,
  describeQuery,
  quoteIdentifier,
  quoteLiteral,
  quotePath,
  readSnapshot,
  scanSql,
  type TableEntry,
} from "@kc/lakehouse";
import { DialectError, type Source, type Translation, tokenize, translateQuery, unsupported } from "@kc/sql-dialect";
import { resolveVolumePath } from "../volume.ts";
import { informationSchemaSql } from "./information-schema.ts";
import { fullName, requireTable, type Session } from "./session.ts";

const maxViewDepth = 50;

/** Makes the views that a translated query reads, on the session's own connection: each is one version of one table. */
export async function registerSources(session: Session, sources: Source[], depth = 0): Promise<void> {
  if (depth > maxViewDepth)
    throw new DialectError(
      "VIEW_EXCEED_MAX_NESTED_DEPTH",
      "54K00",
      `Views are nested more than ${maxViewDepth} deep. SQLSTATE: 54K00`,
    );
  for (const source of sources) {
    const sql =
      source.kind === "files"
        ? await filesSql(session, source.path, source.format, source.options)
        : await tableSql(session, source, depth);
    await session.connection.run(`CREATE OR REPLACE TEMP VIEW ${quoteIdentifier(source.view)} AS ${sql}`);
  }
}

async function tableSql(session: Session, source: Source & { kind: "table" }, depth: number): Promise<string> {
  if (source.name.length > 3) throw unsupported(`the name ${source.name.join(".")}`);
  const full = fullName(session, source.name);
  if (full.schema === "information_schema") return informationSchemaSql(session, full.catalog, full.name);
  const table = requireTable(session, source.name);
  if (table.type === "VIEW") {
    if (source.at) throw unsupported("time travel on a view");
    return viewSql(session, table, depth);
  }
  const snapshot = await readSnapshot(
    session.connection,
    join(session.workspace.paths.tables, table.dir ?? ""),
    timeOf(source.at),
  );
  return `SELECT * FROM ${scanSql(snapshot)}`;
}

async function viewSql(session: Session, view: TableEntry, depth: number): Promise<string> {
  const inner: Session = {
    ...session,
    catalog: view.view_catalog ?? session.catalog,
    schema: view.view_schema ?? session.schema,
  };
  const translated = await translateQuery(session.parser, tokenize(view.view_text ?? ""), {
    user: session.workspace.settings.user,
  });
  await registerSources(inner, translated.sources, depth + 1);
  const columns = JSON.parse(view.view_columns ?? "[]") as { name: string }[];
  const names = columns.map((column) => quoteIdentifier(column.name)).join(", ");
  return names === "" ? translated.sql : `SELECT * FROM (${translated.sql}) AS v(${names})`;
}

function timeOf(at: (Source & { kind: "table" })["at"]): At {
  if (at === undefined) return undefined;
  if ("version" in at) return at;
  const text = /(Z|[+-]\d\d:?\d\d)$/.test(at.time)
    ? at.time
    : `${at.time.replace(" ", "T")}${at.time.length <= 10 ? "T00:00:00" : ""}Z`;
  const timestamp = Date.parse(text);
  if (Number.isNaN(timestamp))
    throw new DialectError(
      "INVALID_TIME_TRAVEL_TIMESTAMP_EXPR.INPUT",
      "42K0E",
      `'${at.time}' is not a timestamp. SQLSTATE: 42K0E`,
    );
  return { timestamp };
}

const csvOptions: Record<string, (value: string) => string> = {
  header: (value) => `header = ${flag(value)}`,
  sep: (value) => `delim = ${quoteLiteral(value)}`,
  delimiter: (value) => `delim = ${quoteLiteral(value)}`,
  quote: (value) => `quote = ${quoteLiteral(value)}`,
  escape: (value) => `escape = ${quoteLiteral(value)}`,
  nullvalue: (value) => `nullstr = ${quoteLiteral(value)}`,
  inferschema: (value) => `all_varchar = ${flag(value) === "true" ? "false" : "true"}`,
  multiline: () => "",
  mode: (value) => {
    if (value.toUpperCase() !== "FAILFAST") throw unsupported(`the CSV mode ${value}`, "Use FAILFAST.");
    return "";
  },
};

const flag = (value: string) => (/^true$/i.test(value) ? "true" : "false");

/** A SELECT of files of a volume. `path` may name a file, a directory or a pattern with `*`. Times that are text in the file are instants. */
export async function filesSql(session: Session, path: string, format: string, options: Record<string, string>): Promise<string> {
  const sql = `SELECT * FROM ${await readerSql(session, path, format, options)}`;
  if (format === "parquet") return sql;
  const local = (await describeQuery(session.connection, sql)).filter((field) => field.type === "timestamp_ntz");
  if (local.length === 0) return sql;
  const casts = local.map(({ name }) => `CAST(${quoteIdentifier(name)} AS TIMESTAMPTZ) AS ${quoteIdentifier(name)}`);
  return sql.replace("*", () => `* REPLACE (${casts.join(", ")})`);
}

async function readerSql(session: Session, path: string, format: string, options: Record<string, string>): Promise<string> {
  const absolute = resolveVolumePath(session.workspace, path);
  const info = await stat(absolute).catch(() => undefined);
  const pattern = info === undefined && absolute.includes("*");
  if (info === undefined && !pattern)
    throw new DialectError("PATH_NOT_FOUND", "42K03", `Path does not exist: ${path}. SQLSTATE: 42K03`);
  const file = pattern
    ? quoteLiteral(absolute)
    : info?.isDirectory()
      ? quotePath(absolute).replace(/'$/, `/**/*.${format}'`)
      : quotePath(absolute);
  const lower = Object.fromEntries(Object.entries(options).map(([key, value]) => [key.toLowerCase(), value]));
  if (format === "parquet") {
    const { mergeschema, ...others } = lower;
    refuseOptions(format, others);
    return `read_parquet(${file}, hive_partitioning = false${mergeschema === undefined ? "" : `, union_by_name = ${flag(mergeschema)}`})`;
  }
  if (format === "csv") {
    const given = { header: "false", ...lower };
    refuseOptions(format, Object.fromEntries(Object.entries(given).filter(([key]) => !(key in csvOptions))));
    const rendered = Object.entries(given).map(([key, value]) => csvOptions[key]?.(value) ?? "");
    return `read_csv(${[file, "hive_partitioning = false", "strict_mode = true", ...rendered.filter((option) => option !== "")].join(", ")})`;
  }
  if (format === "json") {
    refuseOptions(format, lower);
    return `read_json(${file}, format = 'newline_delimited', hive_partitioning = false)`;
  }
  throw unsupported(`files of the format ${format}`, "parquet, csv and json can be read.");
}

function refuseOptions(format: string, options: Record<string, string>): void {
  const [name] = Object.keys(options);
  if (name !== undefined) throw unsupported(`the option ${name} of ${format} files`);
}

/** Translates a query and makes what it reads: its SQL can then be run on the session's connection. */
export async function prepareQuery(session: Session, query: Parameters<typeof translateQuery>[1]): Promise<Translation> {
  const translated = await translateQuery(session.parser, query, { user: session.workspace.settings.user });
  await registerSources(session, translated.sources);
  return translated;
}
