import { type ChildProcess, spawn } from "node:child_process";
import type { RunAs } from "./run-as.ts";

/**
 * Starts its arguments, and stops them when descriptor 3 closes: that is when this process closes it or ends in any way, kill -9 too.
 * INT is a fast shutdown (clients are disconnected, a checkpoint is written), QUIT an immediate one (the next start recovers).
 * A shell because it is everywhere and holds one megabyte; nothing is interpolated into it.
 */
const script = `
trap '' HUP INT TERM
"$@" 3<&- &
pid=$!
{
  cat <&3 >/dev/null
  kill -INT "$pid" 2>/dev/null
  n=0
  while kill -0 "$pid" 2>/dev/null && [ "$n" -lt 30 ]; do sleep 0.05; n=$((n+1)); done
  kill -QUIT "$pid" 2>/dev/null
} &
watcher=$!
exec 3<&-
wait "$pid"
code=$?
kill -9 "$watcher" 2>/dev/null
exit "$code"
`;

/** A server under a reaper. */
export interface Reaped {
  child: ChildProcess;
  /** Exit code of the server, once it has ended. */
  ended: Promise<number>;
  /** Stops it: fast, after 1.5 s immediately. */
  stop(): Promise<void>;
}

export function spawnReaped(as: RunAs, program: string, args: string[], log: number): Reaped {
  const [command, full] = as.command(program, args);
  const child = spawn("/bin/sh", ["-c", script, "kc-postgres", command, ...full], {
    // A session of its own: a signal to the group of its parent must not take the reaper along.
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
    cwd: "/",
    env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC", ...as.binaries.env },
    ...as.identity,
  });
  const ended = new Promise<number>((resolve) => {
    child.once("error", () => resolve(127));
    child.once("exit", (code, signal) => resolve(code ?? (signal ? 128 : 0)));
  });
  const pipe = child.stdio[3] as NodeJS.WritableStream & { destroy(): void };
  pipe.on("error", () => undefined);
  return {
    child,
    ended,
    async stop() {
      pipe.destroy();
      await ended;
    },
  };
}
