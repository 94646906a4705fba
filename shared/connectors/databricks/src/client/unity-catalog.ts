import { DatabricksLostAnswerError, isExisting, isMissing } from "./errors.ts";
import type { Requester } from "./request.ts";

export interface CatalogInfo {
  name: string;
  comment?: string;
}
export interface SchemaInfo extends CatalogInfo {
  catalog_name: string;
  full_name: string;
}
export interface TableInfo extends SchemaInfo {
  schema_name: string;
  table_type?: string;
  data_source_format?: string;
  storage_location?: string;
  columns?: { name: string; type_name?: string; type_text?: string; position?: number; nullable?: boolean; comment?: string }[];
  properties?: Record<string, string>;
}
export interface VolumeInfo extends SchemaInfo {
  schema_name: string;
  volume_type: string;
  storage_location?: string;
}
type Call = { signal?: AbortSignal | undefined };

export interface UnityCatalog {
  catalogs: {
    list(call?: Call): Promise<CatalogInfo[]>;
    get(name: string, call?: Call): Promise<CatalogInfo>;
    create(name: string, call?: Call): Promise<CatalogInfo>;
  };
  schemas: {
    list(catalog: string, call?: Call): Promise<SchemaInfo[]>;
    get(fullName: string, call?: Call): Promise<SchemaInfo>;
    create(catalog: string, name: string, call?: Call): Promise<SchemaInfo>;
  };
  tables: {
    list(catalog: string, schema: string, call?: Call): Promise<TableInfo[]>;
    get(fullName: string, call?: Call): Promise<TableInfo>;
    exists(fullName: string, call?: Call): Promise<boolean>;
  };
  volumes: {
    list(catalog: string, schema: string, call?: Call): Promise<VolumeInfo[]>;
    get(fullName: string, call?: Call): Promise<VolumeInfo>;
    create(catalog: string, schema: string, name: string, call?: Call): Promise<VolumeInfo>;
  };
  /** Each of these makes the thing when it is missing, and is safe beside others that do the same. */
  ensureCatalog(name: string, call?: Call): Promise<CatalogInfo>;
  ensureSchema(catalog: string, name: string, call?: Call): Promise<SchemaInfo>;
  ensureVolume(catalog: string, schema: string, name: string, call?: Call): Promise<VolumeInfo>;
}

const root = "/api/2.1/unity-catalog";

/** Unity Catalog: catalogs, schemas, tables and volumes. */
export function unityCatalog(http: Requester): UnityCatalog {
  const get = <T>(kind: string, name: string, call: Call = {}) =>
    http.json<T>("GET", `${root}/${kind}/${encodeURIComponent(name)}`, call);
  const create = <T>(kind: string, body: object, call: Call = {}) =>
    http.json<T>("POST", `${root}/${kind}`, { ...call, json: body });

  // An empty page with a token is legal: the token, not the length, says whether more follows.
  async function list<T>(kind: string, query: Record<string, string>, call: Call = {}): Promise<T[]> {
    const found: T[] = [];
    let token: string | undefined;
    do {
      const page = await http.json<Record<string, T[] | undefined> & { next_page_token?: string }>("GET", `${root}/${kind}`, {
        ...call,
        query: { ...query, ...(token ? { page_token: token } : {}) },
      });
      found.push(...(page[kind] ?? []));
      token = page.next_page_token || undefined;
    } while (token);
    return found;
  }

  async function ensure<T>(read: () => Promise<T>, make: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
    try {
      return await make();
    } catch (error) {
      // Another made it first, or our own answer was lost: what stands there now decides.
      if (isExisting(error) || error instanceof DatabricksLostAnswerError) return read();
      throw error;
    }
  }

  const catalogs: UnityCatalog["catalogs"] = {
    list: (call) => list("catalogs", {}, call),
    get: (name, call) => get("catalogs", name, call),
    create: (name, call) => create("catalogs", { name }, call),
  };
  const schemas: UnityCatalog["schemas"] = {
    list: (catalog, call) => list("schemas", { catalog_name: catalog }, call),
    get: (name, call) => get("schemas", name, call),
    create: (catalog, name, call) => create("schemas", { catalog_name: catalog, name }, call),
  };
  const tables: UnityCatalog["tables"] = {
    list: (catalog, schema, call) => list("tables", { catalog_name: catalog, schema_name: schema }, call),
    get: (name, call) => get("tables", name, call),
    exists: (name, call) =>
      get<TableInfo>("tables", name, call).then(
        () => true,
        (error: unknown) => {
          if (isMissing(error)) return false;
          throw error;
        },
      ),
  };
  const volumes: UnityCatalog["volumes"] = {
    list: (catalog, schema, call) => list("volumes", { catalog_name: catalog, schema_name: schema }, call),
    get: (name, call) => get("volumes", name, call),
    create: (catalog, schema, name, call) =>
      create("volumes", { catalog_name: catalog, schema_name: schema, name, volume_type: "MANAGED" }, call),
  };
  return {
    catalogs,
    schemas,
    tables,
    volumes,
    ensureCatalog: (name, call) =>
      ensure(
        () => catalogs.get(name, call),
        () => catalogs.create(name, call),
      ),
    ensureSchema: (catalog, name, call) =>
      ensure(
        () => schemas.get(`${catalog}.${name}`, call),
        () => schemas.create(catalog, name, call),
      ),
    ensureVolume: (catalog, schema, name, call) =>
      ensure(
        () => volumes.get(`${catalog}.${schema}.${name}`, call),
        () => volumes.create(catalog, schema, name, call),
      ),
  };
}
