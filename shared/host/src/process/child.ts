import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { type Reaper, startReaper } from "./reaper.ts";
import { descendants, end, markVariable, sweepSoon } from "./sweep.ts";

const watchdog = fileURLToPath(new URL("./watchdog.mjs", import.meta.url));

export interface ChildOptions {
  /** A program that Node runs as it is. */
  program: string;
  args?: readonly string[];
  cwd: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Extra preloads, as `tsx`. */
  imports?: readonly string[];
  /** What it started ends with it wherever it went, not only in its process group. */
  sweeps?: boolean;
  /** Gets each line that the child writes. */
  onLine(stream: "stdout" | "stderr", line: string): void;
  /** Gets what the child wrote to file descriptor 4 when it has closed it, whole or not. */
  onAnswer?(text: string): void;
}

export interface Child {
  pid: number;
  /** Resolves when the process has ended, never rejects. */
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  running(): boolean;
  /** Asks it to end, and ends its whole process group after the grace (ms). */
  stop(graceMs?: number): Promise<void>;
  /** Ends the process group at once. */
  kill(): void;
}

/** What the marks of all children of this process begin with. */
const family = randomUUID();
let count = 0;
let reaper: Reaper | undefined;

/** Starts a Node process of its own process group that cannot outlive this one. */
export function startChild(options: ChildOptions): Child {
  const flags = [
    "--disable-warning=ExperimentalWarning",
    "--import",
    watchdog,
    ...(options.imports ?? []).flatMap((name) => ["--import", name]),
  ];
  reaper ??= startReaper(`${family}.`);
  const mark = options.sweeps ? `${family}.${++count}.` : undefined;
  const child: ChildProcess = spawn(process.execPath, [...flags, options.program, ...(options.args ?? [])], {
    cwd: options.cwd,
    env: { ...options.env, KC_WATCHDOG_FD: "3", ...(mark ? { [markVariable]: mark } : {}) } as NodeJS.ProcessEnv,
    detached: true,
    stdio: ["pipe", "pipe", "pipe", "pipe", ...(options.onAnswer ? (["pipe"] as const) : [])],
  });
  if (child.pid) reaper.add(child.pid);
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream]!.setEncoding("utf8");
    createInterface({ input: child[stream]! }).on("line", (line) => options.onLine(stream, line));
  }
  if (options.onAnswer) {
    let text = "";
    const answer = child.stdio[4] as Readable;
    answer.setEncoding("utf8").on("data", (part) => {
      text += part;
    });
    answer.on("error", () => {}).on("close", () => options.onAnswer!(text));
  }
  // Writing to a child that has ended is no error of ours.
  child.stdin!.on("error", () => {});
  (child.stdio[3] as NodeJS.WritableStream).on("error", () => {});
  let ended = false;
  const signal = (name: NodeJS.Signals) => {
    if (ended || !child.pid) return;
    try {
      process.kill(-child.pid, name);
    } catch {
      child.kill(name);
    }
  };
  const exited = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.on("error", (error) => {
      options.onLine("stderr", `could not start: ${error.message}`);
      ended = true;
      resolve({ code: 127, signal: null });
    });
    // What it had started does not outlive it, whether it ended by itself or was killed.
    child.on("exit", () => {
      signal("SIGKILL");
      if (child.pid) reaper!.remove(child.pid);
      if (mark) sweepSoon(mark);
    });
    child.on("close", (code, by) => {
      ended = true;
      resolve({ code, signal: by });
    });
  });
  return {
    pid: child.pid ?? 0,
    exited,
    running: () => !ended,
    kill() {
      // Found while their parents still stand; what is left has the mark.
      const below = mark && !ended && child.pid ? descendants(child.pid) : [];
      signal("SIGKILL");
      end(below);
    },
    async stop(graceMs = 2_000) {
      if (ended) return;
      child.stdin!.end();
      child.kill("SIGTERM");
      const timer = setTimeout(() => signal("SIGKILL"), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
