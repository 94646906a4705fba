import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue } from "node:sqlite";
import { catalogSchema } from "./catalog-schema.ts";
import { LakehouseError } from "./errors.ts";

interface Entry {
  id: string;
  name: string;
  comment: string | null;
  created_at: number;
  updated_at: number;
}
export interface CatalogEntry extends Entry {
  properties: string;
}
export interface SchemaEntry extends Entry {
  catalog: string;
  properties: string;
}
export interface TableEntry extends Entry {
  catalog: string;
  schema: string;
  type: "MANAGED" | "VIEW";
  /** Delta directory of a MANAGED table, relative to the lakehouse's root. */
  dir: string | null;
  /** A VIEW's text, and the catalog and schema that its unqualified names meant. */
  view_text: string | null;
  view_catalog: string | null;
  view_schema: string | null;
  /** JSON of the view's columns as they were when it was made. */
  view_columns: string | null;
  /** JSON object. */
  properties: string;
}
export interface VolumeEntry extends Entry {
  catalog: string;
  schema: string;
  dir: string;
}

export type NewTable = Pick<TableEntry, "catalog" | "schema" | "name" | "type"> & Partial<TableEntry>;

/** A name as the registry keeps it: lower case, and of characters that Unity Catalog allows. */
export function canonicalName(name: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it refuses
  if (name === "" || name.length > 255 || /[\u0000-\u0020./\u007f]/.test(name)) {
    throw new LakehouseError(
      "INVALID_NAME",
      `${JSON.stringify(name)} is not a valid name: no space, dot, slash or control character, 1 to 255 characters.`,
    );
  }
  return name.toLowerCase();
}

/** Which catalogs, schemas, tables, views and volumes exist. One process writes it; others may read. */
export class Catalog {
  readonly #db: DatabaseSync;

  constructor(path: string, options: { readOnly?: boolean } = {}) {
    if (!options.readOnly) mkdirSync(dirname(path), { recursive: true });
    this.#db = new DatabaseSync(path, { readOnly: options.readOnly === true });
    if (!options.readOnly) this.#db.exec(catalogSchema);
  }

  close(): void {
    this.#db.close();
  }

  catalogs(): CatalogEntry[] {
    return this.#all("SELECT * FROM catalogs ORDER BY name");
  }
  catalog(name: string): CatalogEntry | undefined {
    return this.#one("SELECT * FROM catalogs WHERE name = ?", name.toLowerCase());
  }
  createCatalog(name: string, comment: string | null = null): CatalogEntry {
    const key = canonicalName(name);
    if (this.catalog(key)) throw exists(`Catalog '${key}'`);
    this.#run(
      "INSERT INTO catalogs (name, id, comment, created_at, updated_at) VALUES (?, ?, ?, ?, ?)",
      key,
      randomUUID(),
      comment,
      ...now(),
    );
    return this.catalog(key) as CatalogEntry;
  }

  schemas(catalog: string): SchemaEntry[] {
    return this.#all("SELECT * FROM schemas WHERE catalog = ? ORDER BY name", catalog.toLowerCase());
  }
  schema(catalog: string, name: string): SchemaEntry | undefined {
    return this.#one("SELECT * FROM schemas WHERE catalog = ? AND name = ?", catalog.toLowerCase(), name.toLowerCase());
  }
  createSchema(catalog: string, name: string, comment: string | null = null): SchemaEntry {
    const key = canonicalName(name);
    this.requireCatalog(catalog);
    if (this.schema(catalog, key)) throw exists(`Schema '${catalog}.${key}'`);
    const sql = "INSERT INTO schemas (catalog, name, id, comment, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)";
    this.#run(sql, catalog.toLowerCase(), key, randomUUID(), comment, ...now());
    return this.schema(catalog, key) as SchemaEntry;
  }

  tables(catalog: string, schema: string): TableEntry[] {
    return this.#all(
      "SELECT * FROM tables WHERE catalog = ? AND schema = ? ORDER BY name",
      catalog.toLowerCase(),
      schema.toLowerCase(),
    );
  }
  allTables(): TableEntry[] {
    return this.#all("SELECT * FROM tables ORDER BY catalog, schema, name");
  }
  table(catalog: string, schema: string, name: string): TableEntry | undefined {
    const sql = "SELECT * FROM tables WHERE catalog = ? AND schema = ? AND name = ?";
    return this.#one(sql, catalog.toLowerCase(), schema.toLowerCase(), name.toLowerCase());
  }
  /** Registers a table or view, in place of the one of that name. */
  putTable(table: NewTable): TableEntry {
    this.requireSchema(table.catalog, table.schema);
    const [created, updated] = now();
    const key = [table.catalog.toLowerCase(), table.schema.toLowerCase(), canonicalName(table.name)] as const;
    const before = this.table(...key);
    this.#run(
      `INSERT OR REPLACE INTO tables (catalog, schema, name, id, type, dir, view_text, view_catalog, view_schema, view_columns, comment, properties, created_at, updated_at)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ...key,
      table.id ?? before?.id ?? randomUUID(),
      table.type,
      table.dir ?? null,
      table.view_text ?? null,
      table.view_catalog ?? null,
      table.view_schema ?? null,
      table.view_columns ?? null,
      table.comment ?? null,
      table.properties ?? "{}",
      table.created_at ?? before?.created_at ?? created,
      updated,
    );
    return this.table(...key) as TableEntry;
  }
  renameTable(table: TableEntry, schema: string, name: string): void {
    this.requireSchema(table.catalog, schema);
    const key = canonicalName(name);
    if (this.table(table.catalog, schema, key)) throw exists(`Table '${table.catalog}.${schema}.${key}'`);
    const sql = "UPDATE tables SET schema = ?, name = ?, updated_at = ? WHERE catalog = ? AND schema = ? AND name = ?";
    this.#run(sql, schema.toLowerCase(), key, Date.now(), table.catalog, table.schema, table.name);
  }
  dropTable(table: TableEntry): void {
    this.#run("DELETE FROM tables WHERE catalog = ? AND schema = ? AND name = ?", table.catalog, table.schema, table.name);
  }

  volumes(catalog: string, schema: string): VolumeEntry[] {
    return this.#all(
      "SELECT * FROM volumes WHERE catalog = ? AND schema = ? ORDER BY name",
      catalog.toLowerCase(),
      schema.toLowerCase(),
    );
  }
  allVolumes(): VolumeEntry[] {
    return this.#all("SELECT * FROM volumes ORDER BY catalog, schema, name");
  }
  volume(catalog: string, schema: string, name: string): VolumeEntry | undefined {
    const sql = "SELECT * FROM volumes WHERE catalog = ? AND schema = ? AND name = ?";
    return this.#one(sql, catalog.toLowerCase(), schema.toLowerCase(), name.toLowerCase());
  }
  createVolume(catalog: string, schema: string, name: string, dir: string, comment: string | null = null): VolumeEntry {
    this.requireSchema(catalog, schema);
    const key = canonicalName(name);
    if (this.volume(catalog, schema, key)) throw exists(`Volume '${catalog}.${schema}.${key}'`);
    const sql =
      "INSERT INTO volumes (catalog, schema, name, id, dir, comment, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    this.#run(sql, catalog.toLowerCase(), schema.toLowerCase(), key, randomUUID(), dir, comment, ...now());
    return this.volume(catalog, schema, key) as VolumeEntry;
  }
  dropVolume(volume: VolumeEntry): void {
    this.#run("DELETE FROM volumes WHERE catalog = ? AND schema = ? AND name = ?", volume.catalog, volume.schema, volume.name);
  }

  /** Drops a schema with all that is registered in it, or refuses one that is not empty. The caller removes the directories. */
  dropSchema(schema: SchemaEntry, cascade: boolean): void {
    const tables = this.tables(schema.catalog, schema.name);
    const volumes = this.volumes(schema.catalog, schema.name);
    if (!cascade && tables.length + volumes.length > 0)
      throw notEmpty(`Schema '${schema.catalog}.${schema.name}'`, "tables or volumes");
    for (const table of tables) this.dropTable(table);
    for (const volume of volumes) this.dropVolume(volume);
    this.#run("DELETE FROM schemas WHERE catalog = ? AND name = ?", schema.catalog, schema.name);
  }
  dropCatalog(catalog: CatalogEntry, cascade: boolean): void {
    const schemas = this.schemas(catalog.name);
    if (!cascade && schemas.length > 0) throw notEmpty(`Catalog '${catalog.name}'`, "schemas");
    for (const schema of schemas) this.dropSchema(schema, true);
    this.#run("DELETE FROM catalogs WHERE name = ?", catalog.name);
  }
  /** Sets the comment or properties (a JSON object) of a catalog, schema, table or volume. */
  annotate(
    kind: "catalogs" | "schemas" | "tables" | "volumes",
    id: string,
    change: { comment?: string | null; properties?: string },
  ): void {
    if (change.comment !== undefined)
      this.#run(`UPDATE ${kind} SET comment = ?, updated_at = ? WHERE id = ?`, change.comment, Date.now(), id);
    if (change.properties !== undefined)
      this.#run(`UPDATE ${kind} SET properties = ?, updated_at = ? WHERE id = ?`, change.properties, Date.now(), id);
  }

  requireCatalog(name: string): CatalogEntry {
    const found = this.catalog(name);
    if (found === undefined) throw missing(`Catalog '${name.toLowerCase()}'`);
    return found;
  }
  requireSchema(catalog: string, name: string): SchemaEntry {
    this.requireCatalog(catalog);
    const found = this.schema(catalog, name);
    if (found === undefined) throw missing(`Schema '${catalog.toLowerCase()}.${name.toLowerCase()}'`);
    return found;
  }

  #all<T>(sql: string, ...values: SQLInputValue[]): T[] {
    return this.#db.prepare(sql).all(...values) as T[];
  }
  #one<T>(sql: string, ...values: SQLInputValue[]): T | undefined {
    return this.#db.prepare(sql).get(...values) as T | undefined;
  }
  #run(sql: string, ...values: SQLInputValue[]): void {
    this.#db.prepare(sql).run(...values);
  }
}

const now = (): [number, number] => [Date.now(), Date.now()];
const exists = (what: string) => new LakehouseError("ALREADY_EXISTS", `${what} already exists.`);
const missing = (what: string) => new LakehouseError("NOT_FOUND", `${what} does not exist.`);
const notEmpty = (what: string, of: string) =>
  new LakehouseError("NOT_EMPTY", `${what} is not empty: it still has ${of}.`, { hint: "Drop them first, or CASCADE." });
