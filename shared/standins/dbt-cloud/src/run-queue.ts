import { type ChildProcess, fork } from "node:child_process";
import { join } from "node:path";
import type { RunOrder, RunReport } from "./run-process.ts";
import { type RunRow, type Store, status } from "./store.ts";

/** How many runs go on at once in all: an account's run slots. */
const slots = 3;
/** How many of the latest runs keep their logs and artifacts. */
const kept = 300;
/** How long a cancelled run may take to withdraw its statements before its process is killed, in milliseconds. */
const grace = 5_000;

interface Running {
  child: ChildProcess;
  timer: NodeJS.Timeout | undefined;
  kill: NodeJS.Timeout | undefined;
  /** Set when somebody asked for the end. */
  cancelled: string | undefined;
}

export interface QueueOptions {
  stateFolder: string;
  /** Makes the order of a run, or says why it cannot start. */
  order(run: RunRow): { order: RunOrder; timeoutSeconds: number } | { refused: string };
  now?: () => number;
}

/** Runs each run in a process of its own, one per job at a time, the oldest first. */
export function runQueue(store: Store, options: QueueOptions) {
  const now = options.now ?? Date.now;
  const running = new Map<number, Running>();
  const jobs = new Set<number>();
  let closed = false;

  // What was in flight when the server stopped has lost its process; what was queued can still go.
  for (const lost of [status.starting, status.running]) {
    for (const run of store.runs([["status = ?", lost]], { column: "id", descending: false }, 1_000, 0).runs) {
      for (const step of store.steps(run.id))
        if (step.finished_at === null) store.setStep(run.id, { ...step, status: status.error, finished_at: now() });
      store.setRun(
        run.id,
        { status: status.error, status_message: "The server stopped while this run was in flight.", finished_at: now() },
        now(),
      );
    }
  }

  function wake(): void {
    if (closed) return;
    for (const run of store.runs([["status = ?", status.queued]], { column: "id", descending: false }, 1_000, 0).runs) {
      if (running.size >= slots) return;
      if (!jobs.has(run.job_id)) start(run);
    }
  }

  function start(run: RunRow): void {
    const made = options.order(run);
    if ("refused" in made) {
      store.setRun(
        run.id,
        { status: status.error, status_message: made.refused, dequeued_at: now(), started_at: now(), finished_at: now() },
        now(),
      );
      return;
    }
    store.setRun(run.id, { status: status.starting, dequeued_at: now() }, now());
    const child = fork(join(import.meta.dirname, "run-process.ts"), [], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
      env: {
        PATH: process.env.PATH,
        NODE_COMPILE_CACHE: join(options.stateFolder, "compile-cache"),
        KC_SERVER_PID: String(process.pid),
      },
      serialization: "advanced",
    });
    const state: Running = { child, timer: undefined, kill: undefined, cancelled: undefined };
    running.set(run.id, state);
    jobs.add(run.job_id);
    let stderr = "";
    child.stderr!.on("data", (data: Buffer) => {
      stderr = (stderr + data.toString()).slice(-4_000);
    });
    if (made.timeoutSeconds > 0)
      state.timer = setTimeout(
        () => stop(run.id, `This run timed out after ${made.timeoutSeconds} seconds.`),
        made.timeoutSeconds * 1_000,
      );
    let ended: (RunReport & { type: "end" }) | undefined;
    child.on("message", (report: RunReport) => {
      if (report.type === "end") ended = report;
      else record(run.id, report);
    });
    child.on("error", (error) => {
      stderr += error.message;
    });
    // Reports may still be on their way when the process has ended: both its pipes and its channel must be through.
    const through = Promise.all([
      new Promise((resolve) => child.once("close", resolve)),
      new Promise((resolve) => child.once("disconnect", resolve)),
    ]);
    void through.then(() => {
      clearTimeout(state.timer);
      clearTimeout(state.kill);
      running.delete(run.id);
      jobs.delete(run.job_id);
      if (closed) return;
      for (const step of store.steps(run.id))
        if (step.finished_at === null)
          store.setStep(run.id, { ...step, status: state.cancelled ? status.cancelled : status.error, finished_at: now() });
      const outcome = state.cancelled
        ? { status: status.cancelled, status_message: state.cancelled }
        : ended?.ok
          ? { status: status.success, status_message: null }
          : { status: status.error, status_message: ended?.message ?? `The run's process ended unexpectedly. ${stderr}`.trim() };
      store.setRun(run.id, { ...outcome, finished_at: now() }, now());
      store.prune(kept);
      wake();
    });
    child.send({ type: "start", order: made.order });
    store.setRun(run.id, { status: status.running, started_at: now() }, now());
  }

  function record(id: number, report: Exclude<RunReport, { type: "end" }>): void {
    if (closed) return;
    if (report.type === "step")
      store.setStep(id, {
        index: report.index,
        name: report.name,
        status: status.running,
        logs: "",
        started_at: now(),
        finished_at: null,
      });
    else if (report.type === "log") store.addLogs(id, report.index, `${report.line}\n`);
    else if (report.type === "artifact") store.setArtifact(id, report.index, report.path, report.body);
    else {
      const step = store.steps(id).find((item) => item.index === report.index)!;
      store.setStep(id, { ...step, status: report.ok ? status.success : status.error, finished_at: now() });
    }
  }

  /** Ends a run: withdraws its statements, then its process. False when it has ended already. */
  function stop(id: number, message: string): boolean {
    const run = store.run(id);
    const state = running.get(id);
    if (run?.status === status.queued) {
      store.setRun(id, { status: status.cancelled, status_message: message, finished_at: now() }, now());
      return true;
    }
    if (!state) return false;
    state.cancelled ??= message;
    if (state.child.connected) state.child.send({ type: "cancel" });
    state.kill ??= setTimeout(() => state.child.kill("SIGKILL"), grace);
    return true;
  }

  async function close(): Promise<void> {
    closed = true;
    await Promise.all(
      [...running.values()].map((state) => {
        clearTimeout(state.timer);
        clearTimeout(state.kill);
        const gone = new Promise((resolve) => state.child.once("close", resolve));
        state.child.kill("SIGKILL");
        return gone;
      }),
    );
  }

  return { wake, stop, close };
}

export type RunQueue = ReturnType<typeof runQueue>;
