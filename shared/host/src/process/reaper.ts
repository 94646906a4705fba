import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { markVariable } from "./sweep.ts";

/**
 * A process of its own, so that children whose code loops end too; a shell, because it is everywhere and holds one megabyte.
 * No text of anybody's goes into it.
 */
const script = fileURLToPath(new URL("./reaper.sh", import.meta.url));

/** Ends processes when this one has ended, however it did. */
export interface Reaper {
  /** A child has started that leads a process group of its own. */
  add(pid: number): void;
  /** It has ended. */
  remove(pid: number): void;
  pid(): number | undefined;
}

/** How long (ms) a reaper that ended soon after its start is not started again. */
const pauseMs = 1_000;

/** Starts a reaper; one that is killed is started again. @param mark stands in the environment of every child. */
export function startReaper(mark: string): Reaper {
  const living = new Set<number>();
  let shell: ChildProcess | undefined;
  const tell = (what: "+" | "-", pid: number) => void shell?.stdin?.write(`${what} ${pid}\n`);
  const start = () => {
    const since = Date.now();
    shell = spawn("/bin/sh", [script, `${markVariable}=${mark}`], {
      // A session of its own: a signal to the group of the host must not take it along.
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
      cwd: "/",
      env: { PATH: process.env.PATH },
    });
    const again = () => {
      shell = undefined;
      setTimeout(start, Date.now() - since < pauseMs ? pauseMs : 0).unref();
    };
    shell.once("error", again).once("exit", again).unref();
    const input = shell.stdin as Socket;
    // Writing to one that was killed is no error of ours.
    input.on("error", () => {});
    input.unref();
    for (const pid of living) tell("+", pid);
  };
  start();
  return {
    add(pid) {
      living.add(pid);
      tell("+", pid);
    },
    remove(pid) {
      if (living.delete(pid)) tell("-", pid);
    },
    pid: () => shell?.pid,
  };
}
