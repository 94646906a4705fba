import { randomUUID } from "node:crypto";
import { link, mkdir, open, readdir, readFile, unlink } from "node:fs/promises";
import { join } from "node:path";
import type { Action } from "./actions.ts";
import { LakehouseError } from "./errors.ts";

const digits = (version: number) => String(version).padStart(20, "0");

export const logPath = (dir: string, version: number): string => join(dir, "_delta_log", `${digits(version)}.json`);

export const checkpointPath = (dir: string, version: number): string =>
  join(dir, "_delta_log", `${digits(version)}.checkpoint.parquet`);

/** Versions of the commits and of the single-file checkpoints, ascending. Other files (.crc, temporary, multi-part, compacted) are not ours to read. */
export async function listLog(dir: string): Promise<{ versions: number[]; checkpoints: number[] }> {
  const names = await readdir(join(dir, "_delta_log")).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT" || error.code === "ENOTDIR") return [] as string[];
    throw error;
  });
  const versions: number[] = [];
  const checkpoints: number[] = [];
  for (const name of names) {
    const match = /^(\d{20})(\.checkpoint\.parquet|\.json)$/.exec(name);
    if (match) (match[2] === ".json" ? versions : checkpoints).push(Number(match[1]));
  }
  const ascending = (a: number, b: number) => a - b;
  return { versions: versions.sort(ascending), checkpoints: checkpoints.sort(ascending) };
}

/** The actions of one commit. */
export async function readCommit(dir: string, version: number): Promise<Action[]> {
  const path = logPath(dir, version);
  const text = await readFile(path, "utf8");
  return text
    .split("\n")
    .filter((line) => line.trim() !== "")
    .map((line, index) => {
      try {
        return JSON.parse(line) as Action;
      } catch (cause) {
        throw new LakehouseError("CORRUPT_LOG", `A line of the Delta log is not JSON.`, { where: `${path}:${index + 1}`, cause });
      }
    });
}

/**
 * Publishes a commit, all or nothing: the whole file is written and synced under another name, then linked to its version, which exactly one writer can do.
 * Returns false when another writer took the version.
 */
export async function publishCommit(dir: string, version: number, actions: Action[], timestamp: number): Promise<boolean> {
  const folder = join(dir, "_delta_log");
  await mkdir(folder, { recursive: true });
  const temporary = join(folder, `.${digits(version)}.${randomUUID()}.tmp`);
  const file = await open(temporary, "wx");
  try {
    await file.writeFile(`${actions.map((action) => JSON.stringify(action)).join("\n")}\n`);
    await file.utimes(timestamp / 1000, timestamp / 1000);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(temporary, logPath(dir, version));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return await isOurs(dir, version, actions);
    throw error;
  } finally {
    await unlink(temporary).catch(() => undefined);
  }
  await syncPath(folder);
  return true;
}

/** A link whose answer was lost looks like a lost race: the commit's own txnId tells the two apart. */
async function isOurs(dir: string, version: number, actions: Action[]): Promise<boolean> {
  const mine = actions.find((action) => action.commitInfo)?.commitInfo?.txnId;
  const theirs = (await readCommit(dir, version)).find((action) => action.commitInfo)?.commitInfo?.txnId;
  return mine !== undefined && mine === theirs;
}

export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
