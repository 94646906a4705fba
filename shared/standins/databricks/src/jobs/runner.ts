import { requireObject } from "../objects.ts";
import { failureOf } from "../sql/failure.ts";
import { newSession } from "../sql/session.ts";
import { type Workspace, withConnection } from "../workspace.ts";
import { notebookCells, runCells } from "./notebook.ts";
import { referenceValues, resolveReferences } from "./references.ts";
import type { JobStore, Result, Run, TaskOutput, TaskRun } from "./store.ts";

interface Active {
  cancelled: boolean;
  /** Interrupts what is at work. */
  interrupts: Set<() => void>;
  done: Promise<void>;
}

/** Runs jobs: tasks as parallel as their dependencies allow, at most `max_concurrent_runs` runs of one job at a time. */
export class JobRunner {
  readonly #workspace: Workspace;
  readonly #store: JobStore;
  readonly #active = new Map<number, Active>();

  constructor(workspace: Workspace, store: JobStore) {
    this.#workspace = workspace;
    this.#store = store;
  }

  running(jobId: number): number {
    return [...this.#active.keys()].filter((id) => this.#store.run(id)?.job_id === jobId).length;
  }

  start(run: Run): void {
    const active: Active = { cancelled: false, interrupts: new Set(), done: Promise.resolve() };
    this.#active.set(run.id, active);
    active.done = this.#execute(run, active)
      .catch((error: Error) => {
        this.#workspace.log(`run ${run.id}: ${error.stack}`);
        this.#store.setRun(run.id, {
          life_cycle: "INTERNAL_ERROR",
          result: "FAILED",
          message: error.message,
          end_time: Date.now(),
        });
      })
      .finally(() => {
        this.#active.delete(run.id);
        this.#startQueued(run.job_id);
      });
  }

  #startQueued(jobId: number): void {
    const queued = this.#store.runs({ jobId }).findLast((run) => run.life_cycle === "QUEUED");
    if (queued && this.running(jobId) < queued.settings.max_concurrent_runs) this.start(queued);
  }

  cancel(run: Run): void {
    const active = this.#active.get(run.id);
    if (active === undefined) {
      if (run.life_cycle !== "QUEUED") return;
      const now = Date.now();
      for (const task of this.#store.tasks(run.id))
        this.#store.setTask(task.id, { life_cycle: "TERMINATED", result: "CANCELED", end_time: now });
      this.#store.setRun(run.id, {
        life_cycle: "TERMINATED",
        result: "CANCELED",
        cancelled: 1,
        message: "Run cancelled.",
        end_time: now,
      });
      return;
    }
    active.cancelled = true;
    this.#store.setRun(run.id, { life_cycle: "TERMINATING", cancelled: 1, message: "Run cancelled." });
    for (const interrupt of active.interrupts) interrupt();
  }

  async #execute(run: Run, active: Active): Promise<void> {
    this.#store.setRun(run.id, { life_cycle: "RUNNING", start_time: Date.now() });
    const tasks = this.#store.tasks(run.id);
    const results = new Map<string, Promise<Result>>();
    const limit = run.settings.timeout_seconds ?? 0;
    let timedOut = false;
    const timer =
      limit > 0
        ? setTimeout(() => {
            timedOut = true;
            active.cancelled = true;
            for (const interrupt of active.interrupts) interrupt();
          }, limit * 1000)
        : undefined;
    const resultOf = (task: TaskRun): Promise<Result> => {
      const known = results.get(task.task_key);
      if (known) return known;
      const started = this.#task(run, task, tasks, active, resultOf);
      results.set(task.task_key, started);
      return started;
    };
    const ended = await Promise.all(tasks.map(async (task) => ({ task, result: await resultOf(task) })));
    clearTimeout(timer);
    const depended = new Set(tasks.flatMap((task) => task.task.depends_on?.map((on) => on.task_key) ?? []));
    const leaves = ended.filter(({ task }) => !depended.has(task.task_key));
    const bad = (result: Result) => !["SUCCESS", "EXCLUDED"].includes(result);
    const now = Date.now();
    if (timedOut)
      this.#store.setRun(run.id, {
        life_cycle: "TERMINATED",
        result: "TIMEDOUT",
        message: `The run took longer than ${limit} seconds.`,
        end_time: now,
      });
    else if (active.cancelled)
      this.#store.setRun(run.id, { life_cycle: "TERMINATED", result: "CANCELED", message: "Run cancelled.", end_time: now });
    else if (leaves.some(({ result }) => bad(result))) {
      const failed = ended.find(({ result }) => result === "FAILED" || result === "TIMEDOUT");
      const message = `Task ${failed?.task.task_key} failed with message: Workload failed, see run output for details.`;
      this.#store.setRun(run.id, { life_cycle: "INTERNAL_ERROR", result: "FAILED", message, end_time: now });
    } else {
      const result = ended.some(({ result }) => bad(result)) ? "SUCCESS_WITH_FAILURES" : "SUCCESS";
      this.#store.setRun(run.id, { life_cycle: "TERMINATED", result, message: "", end_time: now });
    }
  }

  async #task(
    run: Run,
    task: TaskRun,
    tasks: TaskRun[],
    active: Active,
    resultOf: (task: TaskRun) => Promise<Result>,
  ): Promise<Result> {
    const upstream = tasks.filter((other) => task.task.depends_on?.some((on) => on.task_key === other.task_key));
    if (upstream.length > 0) this.#store.setTask(task.id, { life_cycle: "BLOCKED" });
    const before = await Promise.all(upstream.map(resultOf));
    const end = (result: Result, message = "", output: TaskOutput = {}): Result => {
      this.#store.setTask(task.id, { life_cycle: "TERMINATED", result, message, output, end_time: Date.now() });
      return result;
    };
    if (active.cancelled) return end("CANCELED", "Run cancelled.");
    const blocked = notMet(task.task.run_if ?? "ALL_SUCCESS", before);
    if (blocked) return end(blocked, "The task was not run: its dependencies did not end as its run_if wants.");
    this.#store.setTask(task.id, { life_cycle: "RUNNING", start_time: Date.now() });
    const limit = task.task.timeout_seconds ?? 0;
    let timedOut = false;
    try {
      const output = await withConnection(this.#workspace, async (connection) => {
        // A task is many queries: the interruption is repeated until the one at work hears it.
        let repeat: NodeJS.Timeout | undefined;
        const interrupt = () => {
          connection.interrupt();
          repeat ??= setInterval(() => connection.interrupt(), 20);
        };
        active.interrupts.add(interrupt);
        const timer =
          limit > 0
            ? setTimeout(() => {
                timedOut = true;
                interrupt();
              }, limit * 1000)
            : undefined;
        try {
          return await this.#work(run, task, newSession(this.#workspace, connection));
        } finally {
          clearTimeout(timer);
          clearInterval(repeat);
          active.interrupts.delete(interrupt);
        }
      });
      return end("SUCCESS", "", output);
    } catch (error) {
      if (active.cancelled) return end("CANCELED", "Run cancelled.");
      if (timedOut)
        return end("TIMEDOUT", `The task took longer than ${limit} seconds.`, {
          error: `The task took longer than ${limit} seconds.`,
        });
      const { message } = failureOf(error);
      return end("FAILED", "Workload failed, see run output for details.", { error: message, error_trace: message });
    }
  }

  async #work(run: Run, task: TaskRun, session: Parameters<typeof runCells>[0]): Promise<TaskOutput> {
    const job = jobParameters(run);
    const { workspaceId } = this.#workspace.settings;
    const values = referenceValues(run, task, job, { id: workspaceId, url: this.#workspace.url });
    const own = {
      ...task.task.notebook_task?.base_parameters,
      ...task.task.sql_task?.parameters,
      ...(task.task.notebook_task ? run.request.notebook_params : run.request.sql_params),
    };
    const parameters = Object.fromEntries(
      Object.entries({ ...own, ...job }).map(([name, value]) => [name, resolveReferences(value, values)]),
    );
    const path = task.task.notebook_task?.notebook_path ?? task.task.sql_task?.file?.path ?? "";
    const object = requireObject(this.#workspace, path);
    const text = Buffer.from(object.content ?? []).toString("utf8");
    if (task.task.notebook_task && (object.type !== "NOTEBOOK" || object.language !== "SQL")) {
      throw new Error(
        `${path} is ${object.type === "NOTEBOOK" ? `a ${object.language} notebook` : "not a notebook"}: the local workspace runs SQL notebooks.`,
      );
    }
    const cells = task.task.notebook_task ? notebookCells(text) : [resolveReferences(text, values)];
    const last = await runCells(session, cells, parameters);
    if (last?.rows === undefined || last.columns.length === 0) return {};
    return { preview: { columns: last.columns.map((column) => column.name), rows: last.rows.slice(0, 100) } };
  }
}

export const jobParameters = (run: Run): Record<string, string> =>
  Object.fromEntries(
    (run.settings.parameters ?? []).map((parameter) => [
      parameter.name,
      run.request.job_parameters?.[parameter.name] ?? parameter.default,
    ]),
  );

/** How a task ends that may not run, undefined when it may. */
function notMet(condition: string, upstream: Result[]): Result | undefined {
  if (upstream.length === 0) return undefined;
  const ok = (result: Result) => result === "SUCCESS";
  const failed = (result: Result) => ["FAILED", "TIMEDOUT", "UPSTREAM_FAILED"].includes(result);
  if (upstream.every((result) => result === "EXCLUDED")) return "EXCLUDED";
  const met: Record<string, boolean> = {
    ALL_SUCCESS: upstream.every((result) => ok(result) || result === "EXCLUDED"),
    AT_LEAST_ONE_SUCCESS: upstream.some(ok),
    NONE_FAILED: !upstream.some(failed),
    ALL_DONE: true,
    AT_LEAST_ONE_FAILED: upstream.some(failed),
    ALL_FAILED: upstream.every(failed),
  };
  if (met[condition]) return undefined;
  if (condition === "AT_LEAST_ONE_FAILED" || condition === "ALL_FAILED") return "EXCLUDED";
  return upstream.some((result) => result === "CANCELED" || result === "UPSTREAM_CANCELED")
    ? "UPSTREAM_CANCELED"
    : "UPSTREAM_FAILED";
}
