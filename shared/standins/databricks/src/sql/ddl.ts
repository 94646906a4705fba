import { mkdirSync } from "node:fs";
import { join } from "node:path";
import {
  addColumns,
  alterTable,
  createTable as createDeltaTable,
  type DeltaField,
  deltaType,
  describeQuery,
  LakehouseError,
  readSnapshot,
  type TableEntry,
} from "@kc/lakehouse";
import { type ColumnDefinition, DialectError, type Statement, unsupported } from "@kc/sql-dialect";
import { discard, newDirectory, type Workspace } from "../workspace.ts";
import { changed, nothing, type ResultSet } from "./result.ts";
import { fullName, printName, requireManaged, requireSchema, requireTable, type Session } from "./session.ts";
import { prepareQuery } from "./source.ts";

type Of<K> = Extract<Statement, { kind: K }>;

const field = (column: ColumnDefinition): DeltaField => ({
  name: column.name,
  type: deltaType(column.type, column.name),
  nullable: column.nullable,
  metadata: column.comment === undefined ? {} : { comment: column.comment },
});

/** A table that is replaced keeps its directory and history. Data first, registry last: a crash in between leaves the table as it was. */
export async function createTable(session: Session, statement: Of<"createTable">): Promise<ResultSet> {
  const { workspace, connection } = session;
  const full = fullName(session, statement.name);
  requireSchema(session, full.catalog, full.schema);
  const before = workspace.catalog.table(full.catalog, full.schema, full.name);
  if (before && statement.ifNotExists) return nothing;
  if (before && (!statement.replace || before.type === "VIEW")) {
    const hint = before.type === "VIEW" ? " It is a view: drop it first." : "";
    throw new DialectError(
      "TABLE_OR_VIEW_ALREADY_EXISTS",
      "42P07",
      `Cannot create table or view ${printName(full)} because it already exists.${hint} SQLSTATE: 42P07`,
    );
  }
  const source = statement.query === undefined ? undefined : (await prepareQuery(session, statement.query)).sql;
  const dir = before?.dir ?? newDirectory(full.catalog, full.schema, full.name);
  const absolute = join(workspace.paths.tables, dir);
  try {
    const done = await createDeltaTable(connection, absolute, {
      ...(source === undefined ? {} : { source }),
      ...(statement.columns === undefined ? {} : { schema: statement.columns.map(field) }),
      ...(statement.comment === undefined ? {} : { description: statement.comment }),
      partitionBy: statement.partitionBy,
      configuration: statement.properties,
      replace: before !== undefined,
    });
    workspace.catalog.putTable({
      ...full,
      type: "MANAGED",
      dir,
      comment: statement.comment ?? null,
      properties: JSON.stringify(statement.properties),
    });
    return source === undefined ? nothing : changed({ num_affected_rows: done.inserted, num_inserted_rows: done.inserted });
  } catch (error) {
    if (before === undefined) discard(workspace, absolute);
    throw error;
  }
}

export async function createView(session: Session, statement: Of<"createView">): Promise<ResultSet> {
  const { catalog } = session.workspace;
  const full = fullName(session, statement.name);
  requireSchema(session, full.catalog, full.schema);
  const before = catalog.table(full.catalog, full.schema, full.name);
  if (before && statement.ifNotExists) return nothing;
  if (before && (!statement.replace || before.type !== "VIEW")) {
    const hint = before.type === "VIEW" ? "" : " It is a table: drop it first.";
    throw new DialectError(
      "TABLE_OR_VIEW_ALREADY_EXISTS",
      "42P07",
      `Cannot create table or view ${printName(full)} because it already exists.${hint} SQLSTATE: 42P07`,
    );
  }
  const { sql, sources } = await prepareQuery(session, statement.query);
  if (sources.some((source) => source.kind === "table" && printName(fullName(session, source.name)) === printName(full))) {
    throw new DialectError("RECURSIVE_VIEW", "42K0H", `The view ${printName(full)} would read itself. SQLSTATE: 42K0H`);
  }
  const fields = await describeQuery(session.connection, sql);
  const names = statement.columns;
  if (names && names.length !== fields.length) {
    throw new DialectError(
      "CREATE_VIEW_COLUMN_ARITY_MISMATCH",
      "21S01",
      `The view names ${names.length} columns, its query has ${fields.length}. SQLSTATE: 21S01`,
    );
  }
  const columns = fields.map((f, i) => ({
    ...f,
    name: names?.[i]?.name ?? f.name,
    metadata: names?.[i]?.comment ? { comment: names[i]?.comment } : {},
  }));
  catalog.putTable({
    ...full,
    type: "VIEW",
    view_text: statement.text,
    view_catalog: session.catalog,
    view_schema: session.schema,
    view_columns: JSON.stringify(columns),
    comment: statement.comment ?? null,
    properties: JSON.stringify(statement.properties),
  });
  return nothing;
}

export async function create(session: Session, statement: Of<"create">): Promise<ResultSet> {
  const { catalog } = session.workspace;
  const parts = statement.name;
  const comment = statement.comment ?? null;
  try {
    if (statement.what === "catalog") {
      catalog.createCatalog(only(parts), comment);
      catalog.createSchema(only(parts), "default");
    } else if (statement.what === "schema") {
      const [name = "", inCatalog = session.catalog] = parts.toReversed();
      catalog.createSchema(inCatalog, name, comment);
    } else {
      const full = fullName(session, parts);
      createVolume(session.workspace, full.catalog, full.schema, full.name, comment);
    }
  } catch (error) {
    if (!(statement.ifNotExists && error instanceof LakehouseError && error.code === "ALREADY_EXISTS")) throw error;
  }
  return nothing;
}

function only(parts: string[]): string {
  if (parts.length !== 1) throw unsupported(`the name ${parts.join(".")} of a catalog`);
  return parts[0] ?? "";
}

export function createVolume(workspace: Workspace, catalog: string, schema: string, name: string, comment: string | null) {
  const dir = newDirectory(catalog, schema, name);
  mkdirSync(join(workspace.paths.volumes, dir), { recursive: true });
  try {
    return workspace.catalog.createVolume(catalog, schema, name, dir, comment);
  } catch (error) {
    discard(workspace, join(workspace.paths.volumes, dir));
    throw error;
  }
}

export async function drop(session: Session, statement: Of<"drop">): Promise<ResultSet> {
  const { workspace } = session;
  const { catalog } = workspace;
  const parts = statement.name;
  if (statement.what === "table" || statement.what === "view") {
    const full = fullName(session, parts);
    const found = catalog.table(full.catalog, full.schema, full.name);
    if (found === undefined && statement.ifExists) return nothing;
    const table = requireTable(session, parts);
    if ((table.type === "VIEW") !== (statement.what === "view")) {
      throw new DialectError(
        "WRONG_COMMAND_FOR_OBJECT_TYPE",
        "42809",
        `${printName(full)} is a ${table.type === "VIEW" ? "view" : "table"}: use DROP ${table.type === "VIEW" ? "VIEW" : "TABLE"}. SQLSTATE: 42809`,
      );
    }
    dropTable(workspace, table);
    return nothing;
  }
  if (statement.what === "volume") {
    const full = fullName(session, parts);
    const volume = catalog.volume(full.catalog, full.schema, full.name);
    if (volume) dropVolume(workspace, volume);
    else if (!statement.ifExists)
      throw new LakehouseError("NOT_FOUND", `Volume '${full.catalog}.${full.schema}.${full.name}' does not exist.`);
    return nothing;
  }
  if (statement.what === "schema") {
    const [name = "", inCatalog = session.catalog] = parts.toReversed();
    if (!catalog.schema(inCatalog, name) && statement.ifExists) return nothing;
    dropSchema(workspace, inCatalog, name, statement.cascade);
  } else {
    if (!catalog.catalog(only(parts)) && statement.ifExists) return nothing;
    dropCatalog(workspace, only(parts), statement.cascade);
  }
  return nothing;
}

export function dropTable(workspace: Workspace, table: TableEntry): void {
  workspace.catalog.dropTable(table);
  if (table.dir !== null) discard(workspace, join(workspace.paths.tables, table.dir));
}

export function dropVolume(workspace: Workspace, volume: Parameters<Workspace["catalog"]["dropVolume"]>[0]): void {
  workspace.catalog.dropVolume(volume);
  discard(workspace, join(workspace.paths.volumes, volume.dir));
}

export function dropSchema(workspace: Workspace, catalog: string, name: string, cascade: boolean): void {
  const schema = workspace.catalog.requireSchema(catalog, name);
  const tables = workspace.catalog.tables(schema.catalog, schema.name);
  const volumes = workspace.catalog.volumes(schema.catalog, schema.name);
  workspace.catalog.dropSchema(schema, cascade);
  for (const table of tables) if (table.dir) discard(workspace, join(workspace.paths.tables, table.dir));
  for (const volume of volumes) discard(workspace, join(workspace.paths.volumes, volume.dir));
}

export function dropCatalog(workspace: Workspace, name: string, cascade: boolean): void {
  const catalog = workspace.catalog.requireCatalog(name);
  if (cascade)
    for (const schema of workspace.catalog.schemas(catalog.name)) dropSchema(workspace, catalog.name, schema.name, true);
  workspace.catalog.dropCatalog(catalog, cascade);
}

export async function alter(session: Session, statement: Of<"alter">): Promise<ResultSet> {
  const { alteration, name } = statement;
  const { catalog } = session.workspace;
  const table = requireTable(session, name);
  if (alteration.kind === "rename") {
    const to = fullName({ catalog: table.catalog, schema: table.schema }, alteration.to);
    if (to.catalog !== table.catalog) throw unsupported("RENAME TO another catalog");
    catalog.renameTable(table, to.schema, to.name);
    return nothing;
  }
  if (alteration.kind === "setProperties" || alteration.kind === "unsetProperties") {
    const properties = JSON.parse(table.properties) as Record<string, string>;
    if (alteration.kind === "setProperties") Object.assign(properties, alteration.properties);
    else for (const key of alteration.names) delete properties[key];
    if (table.type === "MANAGED") {
      const operation = alteration.kind === "setProperties" ? "SET TBLPROPERTIES" : "UNSET TBLPROPERTIES";
      await alterTable(session.connection, requireManaged(session, name).dir, operation, () => ({
        metadata: { configuration: properties },
      }));
    }
    catalog.annotate("tables", table.id, { properties: JSON.stringify(properties) });
    return nothing;
  }
  const managed = requireManaged(session, name);
  if (alteration.kind === "addColumns") await addColumns(session.connection, managed.dir, alteration.columns.map(field));
  else await columnComment(session, managed.dir, alteration.column, alteration.comment);
  return nothing;
}

async function columnComment(session: Session, dir: string, column: string, text: string | null): Promise<void> {
  const snapshot = await readSnapshot(session.connection, dir);
  if (!snapshot.schema.some((f) => f.name.toLowerCase() === column.toLowerCase())) {
    throw new DialectError("UNRESOLVED_COLUMN.WITH_SUGGESTION", "42703", `There is no column ${column}. SQLSTATE: 42703`);
  }
  await alterTable(session.connection, dir, "CHANGE COLUMN", (_, schema) => ({
    schema: schema.map((f) =>
      f.name.toLowerCase() === column.toLowerCase() ? { ...f, metadata: { ...f.metadata, comment: text ?? undefined } } : f,
    ),
  }));
}

export async function comment(session: Session, statement: Of<"comment">): Promise<ResultSet> {
  const { catalog } = session.workspace;
  const { name, comment: text } = statement;
  if (statement.what === "column") {
    await columnComment(session, requireManaged(session, name.slice(0, -1)).dir, name.at(-1) ?? "", text);
    return nothing;
  }
  if (statement.what === "catalog") catalog.annotate("catalogs", catalog.requireCatalog(only(name)).id, { comment: text });
  else if (statement.what === "schema") {
    const [schema = "", inCatalog = session.catalog] = name.toReversed();
    catalog.annotate("schemas", catalog.requireSchema(inCatalog, schema).id, { comment: text });
  } else if (statement.what === "volume") throw unsupported("COMMENT ON VOLUME");
  else {
    const table = requireTable(session, name);
    if (table.type === "MANAGED") {
      const metadata = text === null ? { description: null } : { description: text };
      await alterTable(session.connection, requireManaged(session, name).dir, "SET COMMENT", () => ({ metadata }));
    }
    catalog.annotate("tables", table.id, { comment: text });
  }
  return nothing;
}
