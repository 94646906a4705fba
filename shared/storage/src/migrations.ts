import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

export interface Migration {
  version: number;
  sql: string;
}

/** The numbered files of a dialect, oldest first. */
export function migrationsOf(dialect: "sqlite" | "postgres"): Migration[] {
  const folder = join(import.meta.dirname, "sql", dialect);
  return readdirSync(folder)
    .filter((name) => /^\d{6}\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number(name.slice(0, 6)), sql: readFileSync(join(folder, name), "utf8") }));
}

/**
 * What is left to apply to a database of schema `current`.
 * @throws Error when a newer kc wrote it: going on would be unsafe.
 */
export function pendingMigrations(dialect: "sqlite" | "postgres", current: number, place: string): Migration[] {
  const all = migrationsOf(dialect);
  const newest = all.at(-1)!.version;
  if (current > newest)
    throw new Error(
      `the instance database ${place} has schema ${current}, and this kc knows schemas up to ${newest}: a newer kc wrote it. Use that kc, or move the database away to start an empty instance.`,
    );
  return all.filter((migration) => migration.version > current);
}
