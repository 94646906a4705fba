import { randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { Catalog, openDuck } from "@kc/lakehouse";
import { macroStatements } from "@kc/sql-dialect";
import { paths, type Settings } from "./settings.ts";
import { temporaryPrefix } from "./volume.ts";
import { workspaceSchema } from "./workspace-schema.ts";

/** One local workspace: its catalog, its compute, its own database, and the order in which writers take turns. */
export interface Workspace {
  settings: Settings;
  paths: ReturnType<typeof paths>;
  catalog: Catalog;
  db: DatabaseSync;
  duck: DuckDBInstance;
  /** Tails of the queues of writers, by table. */
  turns: Map<string, Promise<unknown>>;
  /** Statements at work, and directories that wait for them before they are removed. */
  readers: number;
  trash: string[];
  url: string;
  log: (message: string) => void;
}

export async function openWorkspace(settings: Settings, log: (message: string) => void): Promise<Workspace> {
  const at = paths(settings.state);
  for (const dir of [at.tables, at.volumes]) mkdirSync(dir, { recursive: true });
  for (const dir of [at.results, at.spill]) {
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(dir, { recursive: true });
  }
  const catalog = new Catalog(at.catalog);
  const db = new DatabaseSync(at.workspace);
  db.exec(workspaceSchema);
  const duck = await openDuck({ tempDirectory: at.spill, memoryLimit: "2GB" });
  const connection = await duck.connect();
  for (const statement of macroStatements) await connection.run(statement);
  connection.closeSync();
  const workspace: Workspace = { settings, paths: at, catalog, db, duck, turns: new Map(), readers: 0, trash: [], url: "", log };
  seed(workspace);
  sweep(workspace);
  return workspace;
}

/** The catalog, schema and staging volume that every workspace begins with. */
function seed({ catalog, settings, paths: at }: Workspace): void {
  if (!catalog.catalog(settings.catalog)) catalog.createCatalog(settings.catalog);
  for (const schema of new Set([settings.schema, "default"])) {
    if (!catalog.schema(settings.catalog, schema)) catalog.createSchema(settings.catalog, schema);
  }
  if (!catalog.volume(settings.catalog, settings.schema, "kc_staging")) {
    const dir = newDirectory(settings.catalog, settings.schema, "kc_staging");
    mkdirSync(join(at.volumes, dir), { recursive: true });
    catalog.createVolume(settings.catalog, settings.schema, "kc_staging", dir, "Files on their way into tables");
  }
}

/** Removes what a crash left: directories of tables and volumes that were never registered or were dropped, and uploads that broke off. */
function sweep({ catalog, paths: at, log }: Workspace): void {
  const known = {
    [at.tables]: new Set(catalog.allTables().map((table) => table.dir)),
    [at.volumes]: new Set(catalog.allVolumes().map((volume) => volume.dir)),
  };
  for (const [root, dirs] of Object.entries(known)) {
    for (const name of readdirSync(root)) {
      if (dirs.has(name)) continue;
      log(`removing ${name}, which no catalog entry names`);
      rmSync(join(root, name), { recursive: true, force: true });
    }
  }
  for (const entry of readdirSync(at.volumes, { recursive: true, withFileTypes: true })) {
    if (entry.name.startsWith(temporaryPrefix)) rmSync(join(entry.parentPath, entry.name), { force: true });
  }
}

/** A directory name that a person can read and that no other object has. */
export function newDirectory(...names: string[]): string {
  const readable = names.map((name) => name.replace(/[^\p{L}\p{N}_-]/gu, "_").slice(0, 60)).join(".");
  return `${readable}-${randomUUID().slice(0, 8)}`;
}

/** Lets writers of one thing go one after the other. */
export async function inTurn<T>(workspace: Workspace, key: string, work: () => Promise<T>): Promise<T> {
  const before = workspace.turns.get(key) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(work);
  workspace.turns.set(key, mine);
  try {
    return await mine;
  } finally {
    if (workspace.turns.get(key) === mine) workspace.turns.delete(key);
  }
}

/** A connection of its own for `use`; while it lasts no directory that it may read is removed. */
export async function withConnection<T>(workspace: Workspace, use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const connection = await workspace.duck.connect();
  workspace.readers++;
  try {
    return await use(connection);
  } finally {
    connection.closeSync();
    workspace.readers--;
    if (workspace.readers === 0) for (const dir of workspace.trash.splice(0)) rmSync(dir, { recursive: true, force: true });
  }
}

/** Removes a directory as soon as nobody reads in it. A crash before that leaves it to the next start. */
export function discard(workspace: Workspace, dir: string): void {
  if (workspace.readers === 0) rmSync(dir, { recursive: true, force: true });
  else workspace.trash.push(dir);
}

export function closeWorkspace(workspace: Workspace): void {
  workspace.catalog.close();
  workspace.db.close();
}
