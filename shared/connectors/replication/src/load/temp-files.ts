import { randomBytes } from "node:crypto";
import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** A path for a temporary file, which carries the process that made it. */
export const tempFile = (folder: string, extension: string): string =>
  join(folder, `kc-${process.pid}-${randomBytes(8).toString("hex")}${extension}`);

/** Removes the temporary files of processes that are no more: what a kill left. */
export async function sweepTempFiles(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [] as string[])) {
    const pid = Number(/^kc-(\d+)-[0-9a-f]{16}(\.\w+)?$/.exec(name)?.[1]);
    if (pid && !isAlive(pid)) await rm(join(folder, name), { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
