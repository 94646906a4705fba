import { invalid } from "../api-error.ts";
import type { Workspace } from "../workspace.ts";
import type { JobSettings, TaskSettings } from "./settings.ts";

export type LifeCycle =
  | "PENDING"
  | "QUEUED"
  | "BLOCKED"
  | "RUNNING"
  | "TERMINATING"
  | "TERMINATED"
  | "SKIPPED"
  | "INTERNAL_ERROR";
export type Result =
  | "SUCCESS"
  | "FAILED"
  | "TIMEDOUT"
  | "CANCELED"
  | "EXCLUDED"
  | "SUCCESS_WITH_FAILURES"
  | "UPSTREAM_FAILED"
  | "UPSTREAM_CANCELED"
  | "MAXIMUM_CONCURRENT_RUNS_REACHED";

export interface Job {
  id: number;
  settings: JobSettings;
  createdAt: number;
}
export interface Run {
  id: number;
  job_id: number;
  number: number;
  settings: JobSettings;
  request: RunRequest;
  life_cycle: LifeCycle;
  result: Result | null;
  message: string;
  cancelled: number;
  start_time: number;
  end_time: number;
}
export interface RunRequest {
  job_parameters?: Record<string, string> | undefined;
  notebook_params?: Record<string, string> | undefined;
  sql_params?: Record<string, string> | undefined;
}
export interface TaskRun {
  id: number;
  run_id: number;
  task_key: string;
  task: TaskSettings;
  life_cycle: LifeCycle;
  result: Result | null;
  message: string;
  output: TaskOutput;
  start_time: number;
  end_time: number;
}
export interface TaskOutput {
  error?: string;
  error_trace?: string;
  /** The last result of the task's SQL, at most a hundred rows, for people. */
  preview?: { columns: string[]; rows: (string | null)[][] };
}

/** Jobs and runs as rows; every change is one statement, so that a kill at any time leaves them consistent. */
export class JobStore {
  readonly #db: Workspace["db"];

  constructor({ db }: Workspace) {
    this.#db = db;
  }

  /** Ids of jobs, runs and task runs are all different, so that one can be looked up without saying which it is. */
  #newId(): number {
    const id = Number(this.#db.prepare("INSERT INTO ids DEFAULT VALUES").run().lastInsertRowid);
    this.#db.prepare("DELETE FROM ids WHERE id < ?").run(id);
    return id + 100_000;
  }

  createJob(settings: JobSettings): number {
    const id = this.#newId();
    this.#db
      .prepare("INSERT INTO jobs (id, settings, created_at) VALUES (?, ?, ?)")
      .run(id, JSON.stringify(settings), Date.now());
    return id;
  }
  updateJob(id: number, settings: JobSettings): void {
    this.#db.prepare("UPDATE jobs SET settings = ? WHERE id = ?").run(JSON.stringify(settings), id);
  }
  deleteJob(id: number): void {
    this.#db.prepare("UPDATE jobs SET deleted = 1 WHERE id = ?").run(id);
  }
  job(id: number): Job | undefined {
    const row = this.#db.prepare("SELECT * FROM jobs WHERE id = ? AND deleted = 0").get(id) as
      | { id: number; settings: string; created_at: number }
      | undefined;
    return row && { id: row.id, settings: JSON.parse(row.settings), createdAt: row.created_at };
  }
  requireJob(id: number): Job {
    const job = this.job(id);
    if (job === undefined) throw invalid(`Job ${id} does not exist.`);
    return job;
  }
  /** Newest first. */
  jobs(): Job[] {
    const rows = this.#db.prepare("SELECT id FROM jobs WHERE deleted = 0 ORDER BY id DESC").all() as { id: number }[];
    return rows.map((row) => this.requireJob(row.id));
  }

  runByToken(token: string): Run | undefined {
    const row = this.#db.prepare("SELECT id FROM runs WHERE idempotency_token = ?").get(token) as { id: number } | undefined;
    return row && this.run(row.id);
  }
  /** A run and its task runs, in one transaction: either all of them are there or none. */
  createRun(
    job: Job,
    tasks: TaskSettings[],
    request: RunRequest,
    token: string | undefined,
    state: { life: LifeCycle; result?: Result; message?: string },
  ): Run {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const id = this.#newId();
      const { n } = this.#db.prepare("SELECT count(*) + 1 AS n FROM runs WHERE job_id = ?").get(job.id) as { n: number };
      const now = Date.now();
      this.#db
        .prepare(
          "INSERT INTO runs (id, job_id, number, idempotency_token, settings, request, life_cycle, result, message, start_time, end_time) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .run(
          id,
          job.id,
          n,
          token ?? null,
          JSON.stringify(job.settings),
          JSON.stringify(request),
          state.life,
          state.result ?? null,
          state.message ?? "",
          now,
          state.life === "SKIPPED" ? now : 0,
        );
      const insert = this.#db.prepare(
        "INSERT INTO task_runs (id, run_id, task_key, position, task, life_cycle, result, message) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      );
      tasks.forEach((task, position) => {
        insert.run(
          this.#newId(),
          id,
          task.task_key,
          position,
          JSON.stringify(task),
          state.life === "SKIPPED" ? "SKIPPED" : "PENDING",
          state.result ?? null,
          "",
        );
      });
      this.#db.exec("COMMIT");
      return this.run(id) as Run;
    } catch (error) {
      this.#db.exec("ROLLBACK");
      throw error;
    }
  }
  run(id: number): Run | undefined {
    return this.#run(this.#db.prepare("SELECT * FROM runs WHERE id = ?").get(id));
  }
  runs(filter: { jobId?: number | undefined } = {}): Run[] {
    const rows = this.#db
      .prepare("SELECT * FROM runs WHERE ? IS NULL OR job_id = ? ORDER BY id DESC")
      .all(filter.jobId ?? null, filter.jobId ?? null);
    return rows.map((row) => this.#run(row) as Run);
  }
  #run(row: unknown): Run | undefined {
    if (row === undefined) return undefined;
    const found = row as Record<string, string>;
    return { ...(row as Run), settings: JSON.parse(found.settings ?? "{}"), request: JSON.parse(found.request ?? "{}") };
  }
  setRun(
    id: number,
    change: Partial<Pick<Run, "life_cycle" | "result" | "message" | "cancelled" | "start_time" | "end_time">>,
  ): void {
    const keys = Object.keys(change) as (keyof typeof change)[];
    this.#db
      .prepare(`UPDATE runs SET ${keys.map((key) => `${key} = ?`).join(", ")} WHERE id = ?`)
      .run(...keys.map((key) => change[key] ?? null), id);
  }
  tasks(runId: number): TaskRun[] {
    return this.#db.prepare("SELECT * FROM task_runs WHERE run_id = ? ORDER BY position").all(runId).map(taskRun);
  }
  task(id: number): TaskRun | undefined {
    const row = this.#db.prepare("SELECT * FROM task_runs WHERE id = ?").get(id);
    return row && taskRun(row);
  }
  setTask(
    id: number,
    change: Partial<Pick<TaskRun, "life_cycle" | "result" | "message" | "output" | "start_time" | "end_time">>,
  ): void {
    const entries = Object.entries(change).map(
      ([key, value]) => [key, key === "output" ? JSON.stringify(value) : (value as string | number | null)] as const,
    );
    this.#db
      .prepare(`UPDATE task_runs SET ${entries.map(([key]) => `${key} = ?`).join(", ")} WHERE id = ?`)
      .run(...entries.map(([, value]) => value), id);
  }
  /** Ends what was in flight when the process before this one died: whether its effect is there is not known. */
  failInFlight(): number {
    const message = "The local workspace was restarted while the run was in flight.";
    const now = Date.now();
    const open = "life_cycle NOT IN ('TERMINATED', 'SKIPPED', 'INTERNAL_ERROR')";
    const output = JSON.stringify({ error: message });
    this.#db
      .prepare(
        `UPDATE task_runs SET life_cycle = 'INTERNAL_ERROR', result = 'FAILED', message = ?, output = ?, end_time = ? WHERE ${open}`,
      )
      .run(message, output, now);
    return Number(
      this.#db
        .prepare(`UPDATE runs SET life_cycle = 'INTERNAL_ERROR', result = 'FAILED', message = ?, end_time = ? WHERE ${open}`)
        .run(message, now).changes,
    );
  }
}

const taskRun = (row: unknown): TaskRun => {
  const found = row as Record<string, string>;
  return { ...(row as TaskRun), task: JSON.parse(found.task ?? "{}"), output: JSON.parse(found.output ?? "{}") };
};
