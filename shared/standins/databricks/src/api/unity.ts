import { join } from "node:path";
import type { CatalogEntry, SchemaEntry, TableEntry, VolumeEntry } from "@kc/lakehouse";
import { z } from "zod";
import { ApiError, invalid } from "../api-error.ts";
import type { App } from "../server.ts";
import { createVolume, dropCatalog, dropSchema, dropTable, dropVolume } from "../sql/ddl.ts";
import { columnsOf } from "../sql/describe.ts";
import { columnInfo } from "../sql/result.ts";
import { inTurn, type Workspace, withConnection } from "../workspace.ts";

const base = "/api/2.1/unity-catalog";
const named = z.object({
  name: z.string(),
  comment: z.string().optional(),
  catalog_name: z.string().optional(),
  schema_name: z.string().optional(),
  volume_type: z.string().optional(),
  storage_location: z.string().optional(),
});

/** Unity Catalog: catalogs, schemas, tables and volumes. */
export function unityRoutes(app: App, workspace: Workspace): void {
  const { catalog, settings } = workspace;
  const owned = (entry: { comment: string | null; created_at: number; updated_at: number }) => ({
    owner: settings.user,
    ...(entry.comment === null ? {} : { comment: entry.comment }),
    created_at: entry.created_at,
    created_by: settings.user,
    updated_at: entry.updated_at,
    updated_by: settings.user,
    metastore_id: metastoreId,
  });
  const metastoreId = `00000000-0000-4000-8000-${settings.workspaceId.toString(16).padStart(12, "0")}`;
  const catalogInfo = (entry: CatalogEntry) => ({
    name: entry.name,
    full_name: entry.name,
    catalog_type: "MANAGED_CATALOG",
    id: entry.id,
    properties: JSON.parse(entry.properties),
    ...owned(entry),
  });
  const schemaInfo = (entry: SchemaEntry) => ({
    name: entry.name,
    catalog_name: entry.catalog,
    full_name: `${entry.catalog}.${entry.name}`,
    schema_id: entry.id,
    properties: JSON.parse(entry.properties),
    ...owned(entry),
  });
  const volumeInfo = (entry: VolumeEntry) => ({
    name: entry.name,
    catalog_name: entry.catalog,
    schema_name: entry.schema,
    full_name: `${entry.catalog}.${entry.schema}.${entry.name}`,
    volume_type: "MANAGED",
    volume_id: entry.id,
    storage_location: join(workspace.paths.volumes, entry.dir),
    ...owned(entry),
  });
  const tableInfo = async (entry: TableEntry, withColumns: boolean) => {
    const columns = withColumns
      ? await withConnection(workspace, (connection) => columnsOf(workspace, connection, entry))
      : undefined;
    return {
      name: entry.name,
      catalog_name: entry.catalog,
      schema_name: entry.schema,
      full_name: `${entry.catalog}.${entry.schema}.${entry.name}`,
      table_id: entry.id,
      table_type: entry.type,
      ...(entry.type === "VIEW"
        ? { view_definition: entry.view_text }
        : { data_source_format: "DELTA", storage_location: join(workspace.paths.tables, entry.dir ?? "") }),
      ...(columns === undefined
        ? {}
        : {
            columns: columns.fields.map((field, position) => ({
              ...columnInfo(field, position),
              type_text: columnInfo(field, position).type_text.toLowerCase(),
              type_json: JSON.stringify({
                name: field.name,
                type: field.type,
                nullable: field.nullable,
                metadata: field.metadata,
              }),
              nullable: field.nullable,
              ...(field.metadata.comment === undefined ? {} : { comment: String(field.metadata.comment) }),
              ...(columns.partitions.includes(field.name) ? { partition_index: columns.partitions.indexOf(field.name) } : {}),
            })),
          }),
      properties: JSON.parse(entry.properties),
      ...owned(entry),
    };
  };

  const need = (value: string | undefined, name: string) => {
    if (!value) throw invalid(`${name} is required.`);
    return value;
  };
  const missing = (kind: string, name: string) =>
    new ApiError(404, `${kind.toUpperCase()}_DOES_NOT_EXIST`, `${kind} '${name}' does not exist.`);
  const parts = (fullName: string, count: number) => {
    const names = fullName.toLowerCase().split(".");
    if (names.length !== count) throw invalid(`${fullName} is not a name of ${count} parts.`);
    return names as [string, string, string];
  };
  const page = <T extends { name: string }>(all: T[], query: (name: string) => string | undefined) => {
    const size = Number(query("max_results") ?? 0) || all.length || 1;
    const after = Buffer.from(query("page_token") ?? "", "base64url").toString();
    const rest = all.filter((entry) => entry.name > after);
    const token = rest.length > size ? { next_page_token: Buffer.from(rest[size - 1]?.name ?? "").toString("base64url") } : {};
    return { entries: rest.slice(0, size), token };
  };
  const body = async (json: Promise<unknown>) => {
    const parsed = named.safeParse(await json);
    if (!parsed.success) throw invalid(z.prettifyError(parsed.error));
    return parsed.data;
  };

  app.get(`${base}/metastore_summary`, (c) =>
    c.json({ metastore_id: metastoreId, name: "local", cloud: "local", region: "local" }),
  );
  app.get(`${base}/current-metastore-assignment`, (c) =>
    c.json({ metastore_id: metastoreId, workspace_id: settings.workspaceId, default_catalog_name: settings.catalog }),
  );

  app.get(`${base}/catalogs`, (c) => {
    const { entries, token } = page(catalog.catalogs(), (name) => c.req.query(name));
    return c.json({ catalogs: entries.map(catalogInfo), ...token });
  });
  app.post(`${base}/catalogs`, async (c) => {
    const { name, comment } = await body(c.req.json());
    const entry = catalog.createCatalog(name, comment ?? null);
    catalog.createSchema(entry.name, "default");
    return c.json(catalogInfo(entry));
  });
  app.get(`${base}/catalogs/:name`, (c) => c.json(catalogInfo(catalog.requireCatalog(c.req.param("name")))));
  app.delete(`${base}/catalogs/:name`, (c) => {
    dropCatalog(workspace, c.req.param("name"), c.req.query("force") === "true");
    return c.json({});
  });

  app.get(`${base}/schemas`, (c) => {
    const { name } = catalog.requireCatalog(need(c.req.query("catalog_name"), "catalog_name"));
    const { entries, token } = page(catalog.schemas(name), (key) => c.req.query(key));
    return c.json({ schemas: entries.map(schemaInfo), ...token });
  });
  app.post(`${base}/schemas`, async (c) => {
    const given = await body(c.req.json());
    return c.json(schemaInfo(catalog.createSchema(need(given.catalog_name, "catalog_name"), given.name, given.comment ?? null)));
  });
  app.get(`${base}/schemas/:name`, (c) => {
    const [inCatalog, name] = parts(c.req.param("name"), 2);
    return c.json(schemaInfo(catalog.requireSchema(inCatalog, name)));
  });
  app.delete(`${base}/schemas/:name`, (c) => {
    const [inCatalog, name] = parts(c.req.param("name"), 2);
    dropSchema(workspace, inCatalog, name, c.req.query("force") === "true");
    return c.json({});
  });

  const table = (fullName: string) => {
    const found = catalog.table(...parts(fullName, 3));
    if (found === undefined) throw missing("Table", fullName);
    return found;
  };
  app.get(`${base}/tables`, async (c) => {
    const entry = catalog.requireSchema(
      need(c.req.query("catalog_name"), "catalog_name"),
      need(c.req.query("schema_name"), "schema_name"),
    );
    const { entries, token } = page(catalog.tables(entry.catalog, entry.name), (key) => c.req.query(key));
    const tables = [];
    for (const found of entries) tables.push(await tableInfo(found, c.req.query("omit_columns") !== "true"));
    return c.json({ tables, ...token });
  });
  app.get(`${base}/table-summaries`, (c) => {
    const name = catalog.requireCatalog(need(c.req.query("catalog_name"), "catalog_name")).name;
    const all = catalog.schemas(name).flatMap((schema) => catalog.tables(name, schema.name));
    return c.json({
      tables: all.map((entry) => ({ full_name: `${entry.catalog}.${entry.schema}.${entry.name}`, table_type: entry.type })),
    });
  });
  app.get(`${base}/tables/:name/exists`, (c) =>
    c.json({ table_exists: catalog.table(...parts(c.req.param("name"), 3)) !== undefined }),
  );
  app.get(`${base}/tables/:name`, async (c) => c.json(await tableInfo(table(c.req.param("name")), true)));
  app.delete(`${base}/tables/:name`, async (c) => {
    const entry = table(c.req.param("name"));
    await inTurn(workspace, `\`${entry.catalog}\`.\`${entry.schema}\`.\`${entry.name}\``, async () =>
      dropTable(workspace, table(c.req.param("name"))),
    );
    return c.json({});
  });

  const volume = (fullName: string) => {
    const found = catalog.volume(...parts(fullName, 3));
    if (found === undefined) throw missing("Volume", fullName);
    return found;
  };
  app.get(`${base}/volumes`, (c) => {
    const entry = catalog.requireSchema(
      need(c.req.query("catalog_name"), "catalog_name"),
      need(c.req.query("schema_name"), "schema_name"),
    );
    const { entries, token } = page(catalog.volumes(entry.catalog, entry.name), (key) => c.req.query(key));
    return c.json({ volumes: entries.map(volumeInfo), ...token });
  });
  app.post(`${base}/volumes`, async (c) => {
    const given = await body(c.req.json());
    if ((given.volume_type ?? "MANAGED") !== "MANAGED" || given.storage_location)
      throw invalid("The local workspace has managed volumes only: leave storage_location out.");
    const made = createVolume(
      workspace,
      need(given.catalog_name, "catalog_name"),
      need(given.schema_name, "schema_name"),
      given.name,
      given.comment ?? null,
    );
    return c.json(volumeInfo(made));
  });
  app.get(`${base}/volumes/:name`, (c) => c.json(volumeInfo(volume(c.req.param("name")))));
  app.delete(`${base}/volumes/:name`, (c) => {
    dropVolume(workspace, volume(c.req.param("name")));
    return c.json({});
  });
}
