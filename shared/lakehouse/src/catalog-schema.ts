/** The registry's own tables. Names are lower case, as Unity Catalog keeps them. Times are milliseconds since the epoch. */
export const catalogSchema = `
  PRAGMA journal_mode = WAL;
  PRAGMA foreign_keys = ON;
  PRAGMA busy_timeout = 5000;
  CREATE TABLE IF NOT EXISTS catalogs (
    name TEXT PRIMARY KEY, id TEXT NOT NULL, comment TEXT, properties TEXT NOT NULL DEFAULT '{}', created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL
  );
  CREATE TABLE IF NOT EXISTS schemas (
    catalog TEXT NOT NULL REFERENCES catalogs(name), name TEXT NOT NULL, id TEXT NOT NULL, comment TEXT, properties TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, PRIMARY KEY (catalog, name)
  );
  CREATE TABLE IF NOT EXISTS tables (
    catalog TEXT NOT NULL, schema TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, type TEXT NOT NULL CHECK (type IN ('MANAGED', 'VIEW')),
    dir TEXT, view_text TEXT, view_catalog TEXT, view_schema TEXT, view_columns TEXT, comment TEXT, properties TEXT NOT NULL DEFAULT '{}',
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    PRIMARY KEY (catalog, schema, name), FOREIGN KEY (catalog, schema) REFERENCES schemas(catalog, name)
  );
  CREATE TABLE IF NOT EXISTS volumes (
    catalog TEXT NOT NULL, schema TEXT NOT NULL, name TEXT NOT NULL, id TEXT NOT NULL, dir TEXT NOT NULL, comment TEXT,
    created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
    PRIMARY KEY (catalog, schema, name), FOREIGN KEY (catalog, schema) REFERENCES schemas(catalog, name)
  );
`;
