import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import {
  append,
  type Commit,
  deleteRows,
  describeQuery,
  type Merge,
  merge,
  overwrite,
  quoteIdentifier,
  readSnapshot,
  type Snapshot,
  updateRows,
} from "@kc/lakehouse";
import {
  DialectError,
  type MergeAction,
  type MergeStatement,
  type Statement,
  type Token,
  translateExpression,
  unsupported,
} from "@kc/sql-dialect";
import { resolveVolumePath } from "../volume.ts";
import { changed, type ResultSet } from "./result.ts";
import { fullName, requireManaged, type Session } from "./session.ts";
import { filesSql, prepareQuery, registerSources } from "./source.ts";

type Of<K> = Extract<Statement, { kind: K }>;

export async function insert(session: Session, statement: Of<"insert">): Promise<ResultSet> {
  const table = requireManaged(session, statement.name);
  const { sql } = await prepareQuery(session, statement.query);
  const options = { ...(statement.columns ? { columns: statement.columns } : {}), byName: statement.byName };
  const done = await (statement.overwrite ? overwrite : append)(session.connection, table.dir, sql, options);
  return changed({ num_affected_rows: done.inserted, num_inserted_rows: done.inserted });
}

/** Qualified spellings by which a statement's expressions may call its target. */
function qualifiers(session: Session, name: string[]): string[] {
  const full = fullName(session, name);
  return [`${full.catalog}.${full.schema}.${full.name}`, `${full.schema}.${full.name}`];
}

async function expression(session: Session, tokens: Token[], names: string[]): Promise<string> {
  const translated = await translateExpression(session.parser, tokens, {
    user: session.workspace.settings.user,
    qualifiers: names,
  });
  await registerSources(session, translated.sources);
  return translated.sql;
}

export async function deleteFrom(session: Session, statement: Of<"delete">): Promise<ResultSet> {
  const table = requireManaged(session, statement.name);
  const where = statement.where && (await expression(session, statement.where, qualifiers(session, statement.name)));
  const done = await deleteRows(session.connection, table.dir, {
    alias: statement.alias ?? table.name,
    ...(where ? { where } : {}),
  });
  return changed({ num_affected_rows: done.deleted });
}

export async function truncate(session: Session, statement: Of<"truncate">): Promise<ResultSet> {
  const table = requireManaged(session, statement.name);
  await deleteRows(session.connection, table.dir);
  return changed({ num_affected_rows: 0 });
}

export async function update(session: Session, statement: Of<"update">): Promise<ResultSet> {
  const table = requireManaged(session, statement.name);
  const snapshot = await readSnapshot(session.connection, table.dir);
  const names = qualifiers(session, statement.name);
  const where = statement.where && (await expression(session, statement.where, names));
  const set = await assignments(session, snapshot, statement.set, names);
  const done = await updateRows(session.connection, table.dir, set, {
    alias: statement.alias ?? table.name,
    ...(where ? { where } : {}),
  });
  return changed({ num_affected_rows: done.updated });
}

async function assignments(
  session: Session,
  target: Snapshot,
  set: { column: string; value: Token[] }[],
  names: string[],
): Promise<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const { column, value } of set) {
    const name = columnOf(target, column);
    if (name in result)
      throw new DialectError("DUPLICATE_ASSIGNMENTS", "42701", `The column ${column} is assigned twice. SQLSTATE: 42701`);
    result[name] = await expression(session, value, names);
  }
  return result;
}

function columnOf(target: Snapshot, column: string): string {
  const field = target.schema.find((f) => f.name.toLowerCase() === column.toLowerCase());
  if (field) return field.name;
  const known = target.schema.map((f) => f.name).join(", ");
  throw new DialectError(
    "UNRESOLVED_COLUMN.WITH_SUGGESTION",
    "42703",
    `The column ${column} is not one of the target's: ${known}. SQLSTATE: 42703`,
  );
}

export async function mergeInto(session: Session, statement: MergeStatement): Promise<ResultSet> {
  const table = requireManaged(session, statement.name);
  const target = await readSnapshot(session.connection, table.dir);
  const star: Token[] = [word("SELECT"), { kind: "op", value: "*", start: 0, end: 0 }, word("FROM"), ...statement.source];
  if (statement.source[0]?.value === "(") star.push(word("kc_merge_source"));
  const source = (await prepareQuery(session, star)).sql;
  const columns = (await describeQuery(session.connection, source)).map((field) => field.name);
  const names = qualifiers(session, statement.name);
  const when = async (tokens: Token[] | undefined) =>
    tokens === undefined ? {} : { when: await expression(session, tokens, names) };
  const spec: Merge = {
    source,
    sourceAlias: statement.sourceAlias,
    targetAlias: statement.targetAlias,
    on: await expression(session, statement.on, names),
    matched: [],
    notMatched: [],
    notMatchedBySource: [],
  };
  for (const kind of ["matched", "notMatchedBySource"] as const) {
    for (const clause of statement[kind]) {
      spec[kind]?.push({
        ...(await when(clause.when)),
        action: await changeOf(session, target, statement, clause.action, columns, names),
      });
    }
  }
  for (const clause of statement.notMatched) {
    const values =
      clause.insert === "all"
        ? everyColumn(target, statement.sourceAlias, columns)
        : await assignments(
            session,
            target,
            clause.insert.columns.map((column, i) => ({
              column,
              value: (clause.insert as { values: Token[][] }).values[i] ?? [],
            })),
            names,
          );
    spec.notMatched?.push({ ...(await when(clause.when)), values });
  }
  const done = await merge(session.connection, table.dir, spec);
  return mergeCounts(done);
}

const mergeCounts = (done: Commit): ResultSet =>
  changed({
    num_affected_rows: done.inserted + done.updated + done.deleted,
    num_updated_rows: done.updated,
    num_deleted_rows: done.deleted,
    num_inserted_rows: done.inserted,
  });

const word = (value: string): Token => ({ kind: "word", value, start: 0, end: 0 });

async function changeOf(
  session: Session,
  target: Snapshot,
  statement: MergeStatement,
  action: MergeAction,
  columns: string[],
  names: string[],
) {
  if (action.kind === "delete") return "delete" as const;
  if (action.kind === "updateAll") return everyColumn(target, statement.sourceAlias, columns);
  return assignments(session, target, action.set, names);
}

/** `UPDATE SET *` and `INSERT *`: each column of the target from the source's column of that name, which must be there. */
function everyColumn(target: Snapshot, alias: string, columns: string[]): Record<string, string> {
  return Object.fromEntries(
    target.schema.map((field) => {
      const column = columns.find((name) => name.toLowerCase() === field.name.toLowerCase());
      if (column !== undefined) return [field.name, `${quoteIdentifier(alias)}.${quoteIdentifier(column)}`];
      throw new DialectError(
        "DELTA_MERGE_UNRESOLVED_EXPRESSION",
        "42601",
        `Cannot resolve ${field.name} in the source of the MERGE: its columns are ${columns.join(", ")}. SQLSTATE: 42601`,
      );
    }),
  );
}

/** Loads files of a volume that the table has not loaded before; which ones it has is part of the table's own log. */
export async function copyInto(session: Session, statement: Of<"copyInto">): Promise<ResultSet> {
  const table = requireManaged(session, statement.name);
  if (statement.pattern !== undefined) throw unsupported("COPY INTO … PATTERN", "Use FILES = (…).");
  const { force = "false", mergeschema = "false", ...others } = lowerKeys(statement.copyOptions);
  const { mergeschema: mergeFiles, ...options } = lowerKeys(statement.formatOptions);
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw unsupported(`the COPY option ${unknown}`);
  const snapshot = await readSnapshot(session.connection, table.dir);
  const files: { path: string; appId: string }[] = [];
  for (const path of await listFiles(session, statement)) {
    const info = await stat(resolveVolumePath(session.workspace, path));
    files.push({
      path,
      appId: `copy-into:${createHash("sha256").update(`${path}\0${info.size}\0${info.mtimeMs}`).digest("hex")}`,
    });
  }
  const fresh = force === "true" ? files : files.filter((file) => !snapshot.txns.has(file.appId));
  if (fresh.length === 0) return changed({ num_affected_rows: 0, num_inserted_rows: 0 });
  const readOptions = statement.format === "csv" ? { inferschema: "false", ...options } : options;
  const parts: string[] = [];
  for (const file of fresh) parts.push(await filesSql(session, file.path, statement.format, readOptions));
  const source = parts.join(mergeFiles === "true" ? " UNION ALL BY NAME " : " UNION ALL ");
  const byName = !(statement.format === "csv" && options.header !== "true");
  const txns = force === "true" ? {} : { txns: fresh.map((file) => ({ appId: file.appId, version: 1 })) };
  const done = await append(session.connection, table.dir, source, {
    byName,
    mergeSchema: mergeschema === "true",
    operation: "COPY INTO",
    ...txns,
  });
  return changed({ num_affected_rows: done.inserted, num_inserted_rows: done.inserted });
}

async function listFiles(session: Session, statement: Of<"copyInto">): Promise<string[]> {
  const from = statement.from.replace(/\/+$/, "");
  const root = resolveVolumePath(session.workspace, from);
  if (statement.files) return statement.files.map((file) => `${from}/${file}`);
  const info = await stat(root).catch(() => undefined);
  if (info === undefined) throw new DialectError("PATH_NOT_FOUND", "42K03", `Path does not exist: ${from}. SQLSTATE: 42K03`);
  if (info.isFile()) return [from];
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const names = entries
    .filter((entry) => entry.isFile() && !/^[._]/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
  return names.sort().map((name) => `${from}${name}`);
}

const lowerKeys = (options: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(options).map(([key, value]) => [key.toLowerCase(), value.toLowerCase() === "true" ? "true" : value]),
  );
