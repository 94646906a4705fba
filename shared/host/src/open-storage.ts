import { mkdirSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { type Storage, UserError } from "@kc/runtime/internal";
import type { StorageSettings } from "./instance-file.ts";
import { takeLock } from "./instance-lock.ts";
import type { InstancePaths } from "./paths.ts";

/**
 * Opens the instance's storage; the driver of the other dialect is not loaded.
 * @throws UserError when the file or server cannot be opened, or a newer kc wrote it.
 */
export async function openStorage(settings: StorageSettings, paths: Pick<InstancePaths, "root" | "database">): Promise<Storage> {
  try {
    if ("postgres" in settings) {
      const { openPostgres } = await import("@kc/storage/postgres");
      return await openPostgres(settings.postgres.url, settings.postgres.schema ? { schema: settings.postgres.schema } : {});
    }
    const { openSqlite } = await import("@kc/storage/sqlite");
    return openSqlite(settings.sqlite.path ? resolve(paths.root, settings.sqlite.path) : paths.database);
  } catch (error) {
    throw new UserError((error as Error).message, { cause: error });
  }
}

/**
 * Opens the storage for a host, alone where it can serve one host only: an SQLite file outside of the instance's home may be
 * named by two of them. PostgreSQL serves many, one of which leads.
 * @throws UserError when another host has the file.
 */
export async function openHostStorage(
  settings: StorageSettings,
  paths: Pick<InstancePaths, "root" | "database">,
): Promise<{ storage: Storage; shared: boolean; close(): Promise<void> }> {
  if ("postgres" in settings) {
    const storage = await openStorage(settings, paths);
    return { storage, shared: true, close: () => storage.close() };
  }
  const file = settings.sqlite.path && resolve(paths.root, settings.sqlite.path);
  if (file) mkdirSync(dirname(file), { recursive: true });
  const lock = file ? takeLock(`${file}.lock`) : undefined;
  if (file && !lock)
    throw new UserError(`another host process has the instance database ${file}: an SQLite file serves one host`, {
      hint: "Stop the other one, give this instance a file of its own, or keep both on PostgreSQL: storage.postgres in kc.yaml.",
    });
  try {
    const storage = await openStorage(settings, paths);
    return {
      storage,
      shared: false,
      async close() {
        await storage.close();
        lock?.release();
      },
    };
  } catch (error) {
    lock?.release();
    throw error;
  }
}
