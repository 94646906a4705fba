import { createHash } from "node:crypto";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as wait } from "node:timers/promises";

/** Holds a lock of that name in a folder for as long as `work` takes. It is a lock of the file system: it ends with the process, however that ends. */
export async function withFileLock<T>(
  folder: string,
  name: string,
  signal: AbortSignal | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const database = new DatabaseSync(join(folder, `lock-${createHash("sha256").update(name).digest("hex").slice(0, 16)}.db`));
  try {
    for (;;) {
      signal?.throwIfAborted();
      try {
        database.exec("begin exclusive");
        break;
      } catch (error) {
        if (!/locked|busy/i.test(String(error))) throw error;
        await wait(50);
      }
    }
    return await work();
  } finally {
    database.close();
  }
}
