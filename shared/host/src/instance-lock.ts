import { DatabaseSync } from "node:sqlite";

/**
 * Takes the instance's lock, or answers undefined when another host process holds it. The lock is an exclusive SQLite
 * transaction: the operating system lets go of it when the process ends, however it ends.
 */
export function takeLock(file: string): { release(): void } | undefined {
  const database = new DatabaseSync(file);
  try {
    database.exec("pragma busy_timeout = 0; begin exclusive");
  } catch (error) {
    database.close();
    if (/locked|busy/i.test((error as Error).message)) return undefined;
    throw error;
  }
  return { release: () => database.close() };
}
