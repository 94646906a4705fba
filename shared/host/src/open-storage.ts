import { resolve } from "node:path";
import { type Storage, UserError } from "@kc/runtime/internal";
import type { StorageSettings } from "./instance-file.ts";
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
