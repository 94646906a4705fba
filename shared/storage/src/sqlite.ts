import { mkdirSync } from "node:fs";
import { dirname } from "node:path";
import { DatabaseSync, type SQLInputValue, type StatementSync } from "node:sqlite";
import type { Storage } from "@kc/runtime/internal";
import { Kysely, SqliteDialect, sql } from "kysely";
import { pendingMigrations } from "./migrations.ts";
import { sqlStorage } from "./sql-storage.ts";
import type { Tables } from "./tables.ts";

/**
 * Opens the instance database. `":memory:"` for tests.
 * @throws Error when the file cannot be opened, or was written by a newer kc.
 */
export function openSqlite(path: string): Storage {
  let database: DatabaseSync;
  try {
    if (path !== ":memory:") mkdirSync(dirname(path), { recursive: true });
    database = new DatabaseSync(path);
    // WAL with NORMAL: a commit survives a killed process; only a power cut may take the last ones.
    database.exec(
      "pragma journal_mode = wal; pragma synchronous = normal; pragma foreign_keys = on; pragma busy_timeout = 5000; pragma cache_size = -16000",
    );
  } catch (error) {
    if (isDamaged(error)) throw damaged(path, error);
    throw new Error(
      `the instance database ${path} cannot be opened: ${(error as Error).message}. Check that its folder is writable and the disk is not full.`,
      { cause: error },
    );
  }
  try {
    migrate(database, path);
    // From here on whoever waits for another process's lock must not hold up this one: writes are tried again.
    database.exec("pragma busy_timeout = 200");
  } catch (error) {
    database.close();
    throw isDamaged(error) ? damaged(path, error) : error;
  }
  const db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: adapt(database, path) as never }) });
  const pragma = (name: string) => Number(Object.values(database.prepare(`pragma ${name}`).get() ?? {})[0] ?? 0);
  return sqlStorage(db, {
    dialect: "sqlite",
    bytes: async () => pragma("page_count") * pragma("page_size"),
    schemaVersion: async () => pragma("user_version"),
    hasTag: (name, value) =>
      sql<boolean>`exists (select 1 from json_each(runs.tags) as tag where tag.key = ${name} and tag.value = ${value})`,
    transient: isBusy,
  });
}

/** SQLite's primary result code of an error (https://sqlite.org/rescode.html). */
const codeOf = (error: unknown): number => ((error as { errcode?: number }).errcode ?? 0) & 0xff;
/** SQLITE_BUSY, SQLITE_LOCKED: another process has the file for a while, a backup or a person's shell. */
const isBusy = (error: unknown): boolean => codeOf(error) === 5 || codeOf(error) === 6;
/** SQLITE_CORRUPT, SQLITE_NOTADB. */
const isDamaged = (error: unknown): boolean => codeOf(error) === 11 || codeOf(error) === 26;

const damaged = (path: string, error: unknown): Error =>
  new Error(
    `the instance database ${path} is damaged: ${(error as Error).message}. Stop kc and bring back a copy, or save what can be read (sqlite3 ${path} .recover); moved away, an empty instance starts.`,
    { cause: error },
  );

/** Brings the file to this kc's schema, each step in a transaction. */
function migrate(database: DatabaseSync, path: string): void {
  const current = Number((database.prepare("pragma user_version").get() as { user_version: number }).user_version);
  for (const { version, sql } of pendingMigrations("sqlite", current, path)) {
    database.exec("begin immediate");
    try {
      database.exec(sql);
      database.exec(`pragma user_version = ${version}`);
      database.exec("commit");
    } catch (error) {
      database.exec("rollback");
      throw error;
    }
  }
}

/** What Kysely's SQLite dialect calls, over node:sqlite; statements are prepared once. */
function adapt(database: DatabaseSync, path: string) {
  const prepared = new Map<string, ReturnType<typeof prepare>>();
  const prepare = (sql: string) => {
    const statement: StatementSync = database.prepare(sql);
    // A full disk has rolled the transaction back already: a second rollback would fail and hide the reason.
    if (sql === "rollback")
      return {
        reader: false,
        all: () => [],
        iterate: () => statement.iterate(),
        run: () => database.isTransaction && statement.run(),
      };
    const told = <T>(work: () => T): T => {
      try {
        return work();
      } catch (error) {
        throw isDamaged(error) ? damaged(path, error) : error;
      }
    };
    return {
      reader: statement.columns().length > 0,
      all: (values: readonly SQLInputValue[]) => told(() => statement.all(...values)),
      run: (values: readonly SQLInputValue[]) => told(() => statement.run(...values)),
      iterate: (values: readonly SQLInputValue[]) => statement.iterate(...values),
    };
  };
  return {
    close: () => {
      prepared.clear();
      database.close();
    },
    prepare(sql: string) {
      const known = prepared.get(sql);
      if (known) return known;
      const fresh = prepare(sql);
      // Multi-row inserts of every length would fill the memory with statements of one use.
      if (sql.length < 4_000) prepared.set(sql, fresh);
      return fresh;
    },
  };
}
