import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { markVariable } from "./sweep.ts";

/**
 * Told on its input which process groups live, it ends them when the input closes: that is when the host is gone, however
 * it ended. Then, where there is a /proc, it ends what left its group, by the mark in its environment. A process of its
 * own, so that children whose code loops end too; a shell, because it is everywhere and holds one megabyte. Nothing is
 * interpolated into it.
 */
const script = `
trap '' HUP INT TERM
mark=$1
groups=' '
while read -r what pid; do
  case $what in
    +) groups="$groups$pid " ;;
    -) groups="\${groups%%" $pid "*} \${groups#*" $pid "}" ;;
  esac
done
for pid in $groups; do kill -s KILL -- "-$pid" 2>/dev/null; done
for round in 1 2 3 4 5; do
  found=$(grep -lsF "$mark" /proc/[0-9]*/environ 2>/dev/null)
  [ -n "$found" ] || break
  for at in $found; do
    pid=\${at#/proc/}
    kill -s KILL "\${pid%/environ}" 2>/dev/null
  done
done
`;

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
    shell = spawn("/bin/sh", ["-c", script, "kc-reaper", `${markVariable}=${mark}`], {
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
