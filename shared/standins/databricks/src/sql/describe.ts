import { join } from "node:path";
import { type DeltaField, readHistory, readSnapshot, sqlTypeName, type TableEntry } from "@kc/lakehouse";
import type { Statement } from "@kc/sql-dialect";
import type { Workspace } from "../workspace.ts";
import { type ResultSet, resultOf, table as rows } from "./result.ts";
import { requireManaged, requireSchema, requireTable, type Session } from "./session.ts";
import { prepareQuery } from "./source.ts";

type Of<K> = Extract<Statement, { kind: K }>;

/** The columns of a table or view. */
export async function columnsOf(
  workspace: Workspace,
  connection: Session["connection"],
  table: TableEntry,
): Promise<{ fields: DeltaField[]; partitions: string[] }> {
  if (table.type === "VIEW") return { fields: JSON.parse(table.view_columns ?? "[]"), partitions: [] };
  const snapshot = await readSnapshot(connection, join(workspace.paths.tables, table.dir ?? ""));
  return { fields: snapshot.schema, partitions: snapshot.metadata.partitionColumns };
}

const described = { col_name: "string", data_type: "string", comment: "string" };

export async function describe(session: Session, statement: Of<"describe"> | Of<"describeQuery">): Promise<ResultSet> {
  if (statement.kind === "describeQuery") {
    const { columns } = await resultOf(session.connection, (await prepareQuery(session, statement.query)).sql);
    return rows(
      described,
      columns.map((column) => [column.name, sqlTypeName(column.type), null]),
    );
  }
  if (statement.what === "history") return history(session, statement.name);
  if (statement.what === "detail") return detail(session, statement.name);
  if (statement.what === "catalog") {
    const catalog = session.workspace.catalog.requireCatalog(statement.name.join("."));
    return rows({ info_name: "string", info_value: "string" }, [
      ["Catalog Name", catalog.name],
      ["Comment", catalog.comment],
      ["Owner", session.workspace.settings.user],
    ]);
  }
  if (statement.what === "schema") {
    const [name = "", catalog = session.catalog] = statement.name.toReversed();
    const schema = requireSchema(session, catalog, name);
    const facts = [
      ["Catalog Name", schema.catalog],
      ["Namespace Name", schema.name],
      ["Comment", schema.comment],
      ["Owner", session.workspace.settings.user],
    ];
    return rows({ database_description_item: "string", database_description_value: "string" }, facts);
  }
  const table = requireTable(session, statement.name);
  const { fields, partitions } = await columnsOf(session.workspace, session.connection, table);
  const line = (field: DeltaField) => [
    field.name,
    sqlTypeName(field.type),
    (field.metadata.comment as string | undefined) ?? null,
  ];
  const lines = fields.map(line);
  if (partitions.length > 0) {
    lines.push(
      ["# Partition Information", "", ""],
      ["# col_name", "data_type", "comment"],
      ...fields.filter((f) => partitions.includes(f.name)).map(line),
    );
  }
  if (statement.extended) lines.push(["", "", ""], ["# Detailed Table Information", "", ""], ...facts(session.workspace, table));
  return rows(described, lines);
}

function facts(workspace: Workspace, table: TableEntry): string[][] {
  const shared = [
    ["Catalog", table.catalog, ""],
    ["Database", table.schema, ""],
    ["Table", table.name, ""],
    ["Created Time", new Date(table.created_at).toUTCString(), ""],
    ["Owner", workspace.settings.user, ""],
  ];
  const comment = table.comment === null ? [] : [["Comment", table.comment, ""]];
  const kind =
    table.type === "VIEW"
      ? [
          ["Type", "VIEW", ""],
          ["View Text", table.view_text ?? "", ""],
        ]
      : [
          ["Type", "MANAGED", ""],
          ["Provider", "delta", ""],
          ["Location", join(workspace.paths.tables, table.dir ?? ""), ""],
        ];
  const properties = Object.entries(JSON.parse(table.properties) as Record<string, string>).map(
    ([key, value]) => `${key}=${value}`,
  );
  return [...shared, ...comment, ...kind, ["Table Properties", `[${properties.join(",")}]`, ""]];
}

async function history(session: Session, name: string[]): Promise<ResultSet> {
  const entries = await readHistory(requireManaged(session, name).dir);
  const strings = { type: "map" as const, keyType: "string", valueType: "string", valueContainsNull: true };
  const columns = {
    version: "long",
    timestamp: "timestamp",
    userName: "string",
    operation: "string",
    operationParameters: strings,
    readVersion: "long",
    isBlindAppend: "boolean",
    operationMetrics: strings,
    engineInfo: "string",
  };
  return rows(
    columns,
    entries.map((entry) => [
      entry.version,
      new Date(entry.timestamp).toISOString(),
      session.workspace.settings.user,
      entry.operation,
      JSON.stringify(entry.operationParameters),
      entry.readVersion,
      entry.isBlindAppend === undefined ? null : String(entry.isBlindAppend),
      JSON.stringify(entry.operationMetrics ?? {}),
      entry.engineInfo,
    ]),
  );
}

async function detail(session: Session, name: string[]): Promise<ResultSet> {
  const table = requireManaged(session, name);
  const snapshot = await readSnapshot(session.connection, table.dir);
  const adds = [...snapshot.files.values()];
  const array = { type: "array" as const, elementType: "string", containsNull: true };
  const map = { type: "map" as const, keyType: "string", valueType: "string", valueContainsNull: true };
  const columns = {
    format: "string",
    id: "string",
    name: "string",
    description: "string",
    location: "string",
    createdAt: "timestamp",
    lastModified: "timestamp",
    partitionColumns: array,
    numFiles: "long",
    sizeInBytes: "long",
    properties: map,
    minReaderVersion: "integer",
    minWriterVersion: "integer",
  };
  return rows(columns, [
    [
      "delta",
      snapshot.metadata.id,
      `${table.catalog}.${table.schema}.${table.name}`,
      snapshot.metadata.description,
      table.dir,
      new Date(snapshot.metadata.createdTime ?? table.created_at).toISOString(),
      new Date(snapshot.timestamp).toISOString(),
      JSON.stringify(snapshot.metadata.partitionColumns),
      adds.length,
      adds.reduce((sum, add) => sum + add.size, 0),
      JSON.stringify(snapshot.metadata.configuration),
      snapshot.protocol.minReaderVersion,
      snapshot.protocol.minWriterVersion,
    ],
  ]);
}

export async function show(session: Session, statement: Of<"show">): Promise<ResultSet> {
  const { catalog } = session.workspace;
  const like = statement.like === undefined ? () => true : matcher(statement.like);
  const within = (statement.in ?? []).map((part) => part.toLowerCase());
  const [schema = session.schema, inCatalog = session.catalog] = within.toReversed();
  switch (statement.what) {
    case "catalogs":
      return rows(
        { catalog: "string" },
        catalog
          .catalogs()
          .filter((entry) => like(entry.name))
          .map((entry) => [entry.name]),
      );
    case "schemas": {
      const entry = catalog.requireCatalog(within[0] ?? session.catalog);
      return rows(
        { databaseName: "string" },
        catalog
          .schemas(entry.name)
          .filter((s) => like(s.name))
          .map((s) => [s.name]),
      );
    }
    case "tables":
    case "views": {
      requireSchema(session, inCatalog, schema);
      const found = catalog
        .tables(inCatalog, schema)
        .filter((entry) => like(entry.name) && (statement.what === "tables" || entry.type === "VIEW"));
      const column = statement.what === "tables" ? "tableName" : "viewName";
      return rows(
        { [statement.what === "tables" ? "database" : "namespace"]: "string", [column]: "string", isTemporary: "boolean" },
        found.map((entry) => [entry.schema, entry.name, "false"]),
      );
    }
    case "volumes":
      requireSchema(session, inCatalog, schema);
      return rows(
        { database: "string", volume_name: "string" },
        catalog
          .volumes(inCatalog, schema)
          .filter((v) => like(v.name))
          .map((v) => [v.schema, v.name]),
      );
    case "columns": {
      const { fields } = await columnsOf(session.workspace, session.connection, requireTable(session, statement.in ?? []));
      return rows(
        { col_name: "string" },
        fields.map((field) => [field.name]),
      );
    }
    case "tblproperties": {
      const table = requireTable(session, statement.in ?? []);
      return rows({ key: "string", value: "string" }, Object.entries(JSON.parse(table.properties) as Record<string, string>));
    }
  }
}

/** SHOW … LIKE: `*` any text, `|` alternatives, case does not matter. */
function matcher(pattern: string): (name: string) => boolean {
  const source = pattern.split("|").map((part) =>
    part
      .trim()
      .replace(/[.+?^${}()[\]\\]/g, "\\$&")
      .replaceAll("*", ".*")
      .replaceAll("%", ".*"),
  );
  const expression = new RegExp(`^(${source.join("|")})$`, "i");
  return (name) => expression.test(name);
}
