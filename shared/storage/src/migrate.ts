import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";

const folder = join(import.meta.dirname, "sql");

/**
 * Brings the database to this kc's schema by the numbered files of `sql/`, each in a transaction.
 * @throws Error when a newer kc wrote it: going on would be unsafe.
 */
export function migrate(database: DatabaseSync, path: string): void {
  const files = readdirSync(folder)
    .filter((name) => /^\d{6}\.sql$/.test(name))
    .sort();
  const newest = Number(files.at(-1)!.slice(0, 6));
  const current = Number((database.prepare("pragma user_version").get() as { user_version: number }).user_version);
  if (current > newest)
    throw new Error(
      `the instance database ${path} has schema ${current}, and this kc knows schemas up to ${newest}: a newer kc wrote it. Use that kc, or move the file away to start an empty instance.`,
    );
  for (const file of files) {
    const version = Number(file.slice(0, 6));
    if (version <= current) continue;
    database.exec("begin immediate");
    try {
      database.exec(readFileSync(join(folder, file), "utf8"));
      database.exec(`pragma user_version = ${version}`);
      database.exec("commit");
    } catch (error) {
      database.exec("rollback");
      throw error;
    }
  }
}
