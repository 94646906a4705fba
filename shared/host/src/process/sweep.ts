import { readdirSync, readFileSync } from "node:fs";

// Ends what a process had started, also what left its process group: a child in a session of its own, one that was
// started detached, one whose parent has ended. They are found by their parents, and by a variable of their environment
// that no other process has. What clears its environment and outlives its parents is not found; elsewhere than on Linux
// only the process group is ended.

/** Name of the variable by which a process and everything that it starts are known. */
export const markVariable = "KC_PROCESS";

const pids = (): number[] => {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map(Number);
  } catch {
    return [];
  }
};

function read(pid: number, file: "environ" | "stat"): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    // It ended meanwhile, or is another user's.
    return "";
  }
}

/** Every process below one, without itself. */
export function descendants(pid: number): number[] {
  const parents = new Map<number, number[]>();
  for (const one of pids()) {
    // `pid (name) state ppid …`, and the name may hold anything.
    const parent = Number(/^\d+ \(.*\) \S (\d+)/s.exec(read(one, "stat"))?.[1]);
    if (parent) parents.set(parent, [...(parents.get(parent) ?? []), one]);
  }
  const found = [...(parents.get(pid) ?? [])];
  for (const one of found) found.push(...(parents.get(one) ?? []));
  return found;
}

/** Every process with one of the marks in its environment, this one aside. */
export const marked = (marks: readonly string[]): number[] =>
  pids().filter((pid) => {
    if (pid === process.pid) return false;
    const environment = `\0${read(pid, "environ")}`;
    return marks.some((mark) => environment.includes(`\0${markVariable}=${mark}\0`));
  });

/** Ends processes at once; those that are gone already are left alone. */
export function end(those: readonly number[]): void {
  for (const pid of those)
    try {
      process.kill(pid, "SIGKILL");
    } catch {
      // It ended by itself.
    }
}

let due: string[] = [];

/** Ends all that have the mark; what they start meanwhile too. Of many that end at once the processes are looked at once. */
export function sweepSoon(mark: string): void {
  due.push(mark);
  if (due.length > 1) return;
  setImmediate(() => {
    const marks = due;
    due = [];
    for (let round = 0; round < 5; round++) {
      const found = marked(marks).filter((pid) => !/^\d+ \(.*\) Z/s.test(read(pid, "stat")));
      if (found.length === 0) return;
      end(found);
    }
  });
}
