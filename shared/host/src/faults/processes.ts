import { readdirSync, readFileSync } from "node:fs";
import { descendants } from "../process/sweep.ts";

const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "latin1");
  } catch {
    return "";
  }
};
const zombie = (pid: number): boolean => /^\d+ \(.*\) Z/s.test(read(pid, "stat"));

/** Name of the variable that every process of a suite has in its environment. */
export const suiteVariable = "KC_FAULTS";

/** Every living process of a suite, by its variable. */
export const suiteProcesses = (id: string): number[] =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid && `\0${read(pid, "environ")}`.includes(`\0${suiteVariable}=${id}\0`) && !zombie(pid));

/** The processes below a host that carry code of locations: its code servers and its workers. */
export const codeProcesses = (host: number): number[] =>
  descendants(host).filter(
    (pid) => read(pid, "environ").includes("\0KC_CODE_SERVER=") && !read(pid, "cmdline").startsWith("sleep"),
  );

/** Sends a signal; answers whether there was somebody to get it. */
export function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    process.kill(pid, name);
    return true;
  } catch {
    return false;
  }
}
export const commandOf = (pid: number): string => read(pid, "cmdline").replaceAll("\0", " ").slice(0, 120);
