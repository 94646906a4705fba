import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";
import { PostgresStartError } from "./start-error.ts";

/**
 * Holds a state folder for this process. The lock is SQLite's file lock: it ends with the process, however that ends.
 * @throws PostgresStartError when another process still holds it after `patienceMs`.
 */
export async function lockState(stateDir: string, patienceMs = 3_000): Promise<() => void> {
  const database = new DatabaseSync(join(stateDir, "lock.db"));
  for (const until = Date.now() + patienceMs; ; await wait(50)) {
    try {
      database.exec("begin exclusive");
      return () => database.close();
    } catch (error) {
      if (!/locked|busy/i.test(String(error)) || Date.now() > until) {
        database.close();
        if (!/locked|busy/i.test(String(error))) throw error;
        throw new PostgresStartError(`another process already runs PostgreSQL on ${stateDir}`, "Use that one, or stop it first.");
      }
    }
  }
}
