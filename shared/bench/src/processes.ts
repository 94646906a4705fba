import { readdirSync, readFileSync } from "node:fs";

/** Parent's id by process id, of all processes of this machine that can be read. */
function parents(): Map<number, number> {
  const found = new Map<number, number>();
  for (const name of readdirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      found.set(Number(name), parentOf(readFileSync(`/proc/${name}/stat`, "utf8")));
    } catch {
      // It has ended meanwhile.
    }
  }
  return found;
}

/** The parent's id in a line of /proc/<pid>/stat; the command's name in it may hold brackets and blanks. */
export const parentOf = (stat: string): number => Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]);

/** A process and all below it. */
export function processTree(root: number, of: ReadonlyMap<number, number> = parents()): number[] {
  const tree = [root];
  for (let next = 0; next < tree.length; next++) for (const [pid, parent] of of) if (parent === tree[next]) tree.push(pid);
  return tree;
}

/** Proportional set size in bytes, of the text of /proc/<pid>/smaps_rollup. */
export function pssBytes(rollup: string): number {
  const line = /^Pss:\s+(\d+) kB$/m.exec(rollup);
  if (!line) throw new Error("smaps_rollup has no Pss");
  return Number(line[1]) * 1024;
}

export interface TreeMemory {
  bytes: number;
  processes: number;
  /** Processes of the tree whose memory this user may not read. */
  hidden: number;
}

/** The proportional memory of a process and all below it. Linux only. */
export function treeMemory(root: number): TreeMemory {
  const memory: TreeMemory = { bytes: 0, processes: 0, hidden: 0 };
  for (const pid of processTree(root)) {
    try {
      memory.bytes += pssBytes(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
      memory.processes++;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EACCES") memory.hidden++;
    }
  }
  return memory;
}
