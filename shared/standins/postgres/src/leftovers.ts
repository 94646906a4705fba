import { readdir, readFile, readlink, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

/**
 * Ends what a crash left behind on a data folder: an orphaned server (it has the folder as its working directory) is stopped,
 * a postmaster.pid that names a process which is no PostgreSQL is removed. Only for the holder of the state's lock.
 */
export async function sweepLeftovers(dataDir: string): Promise<void> {
  const deadline = Date.now() + 10_000;
  for (let round = 0; ; round++) {
    const pids = await processesIn(dataDir);
    if (pids.length === 0) break;
    // First a fast shutdown by the postmaster, then an immediate one, at last without asking.
    const signal =
      round === 0 ? "SIGINT" : Date.now() < deadline - 5_000 ? undefined : Date.now() < deadline ? "SIGQUIT" : "SIGKILL";
    const first = await recordedPid(dataDir);
    if (signal) for (const pid of signal === "SIGINT" && first && pids.includes(first) ? [first] : pids) kill(pid, signal);
    await wait(50);
  }
  const recorded = await recordedPid(dataDir);
  // PostgreSQL itself clears the file of a dead process; it takes any live one for itself, even if the number was given to another program.
  if (recorded && process.platform === "linux" && kill(recorded, 0)) await rm(join(dataDir, "postmaster.pid"), { force: true });
}

/** Processes whose working directory is the data folder: the postmaster and its children. Linux only; elsewhere none. */
export async function processesIn(dataDir: string): Promise<number[]> {
  const entries = await readdir("/proc").catch(() => [] as string[]);
  const found: number[] = [];
  for (const entry of entries)
    if (/^\d+$/.test(entry) && (await readlink(`/proc/${entry}/cwd`).catch(() => "")) === dataDir) found.push(Number(entry));
  return found;
}

async function recordedPid(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(dataDir, "postmaster.pid"), "utf8").catch(() => "");
  const pid = Number(text.split("\n")[0]);
  return Number.isInteger(pid) && pid > 1 ? pid : undefined;
}

function kill(pid: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, signal);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
