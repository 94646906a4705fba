import { randomUUID } from "node:crypto";
import { DatabricksLostAnswerError } from "./errors.ts";
import type { Requester } from "./request.ts";

/** Settings as the Jobs API takes them: tasks, parameters, schedule and so on. */
export type JobSettings = { name?: string; tasks?: Record<string, unknown>[] } & Record<string, unknown>;

export interface Job {
  job_id: number;
  settings: JobSettings;
}
export interface RunState {
  life_cycle_state: string;
  result_state?: string;
  state_message?: string;
}
export interface Run {
  run_id: number;
  job_id: number;
  run_name?: string;
  run_page_url?: string;
  /** Milliseconds since the epoch; `end_time` is 0 while running. */
  start_time?: number;
  end_time?: number;
  state: RunState;
  tasks?: { task_key: string; run_id: number; state: RunState; run_page_url?: string }[];
}
export interface RunOutput {
  notebook_output?: { result?: string; truncated?: boolean };
  error?: string;
  error_trace?: string;
  logs?: string;
}
type Call = { signal?: AbortSignal | undefined };

export interface Jobs {
  create(settings: JobSettings, call?: Call): Promise<number>;
  /** Replaces all settings of a job. */
  reset(jobId: number, settings: JobSettings, call?: Call): Promise<void>;
  list(filter?: { name?: string } & Call): Promise<Job[]>;
  get(jobId: number, call?: Call): Promise<Job>;
  /** Makes the job of that name, or gives the existing one these settings. Returns its id; idempotent by name. */
  ensure(name: string, settings: JobSettings, call?: Call): Promise<number>;
  /** Starts a run. The idempotency token (made up when absent) lets a lost answer be asked for again without a second run. */
  runNow(jobId: number, options?: { parameters?: Record<string, string>; idempotencyToken?: string } & Call): Promise<number>;
  getRun(runId: number, call?: Call): Promise<Run>;
  /** Output of one task's run, not of a job's run with several tasks. */
  getOutput(taskRunId: number, call?: Call): Promise<RunOutput>;
  cancel(runId: number, call?: Call): Promise<void>;
  /** Waits until the run has ended and returns it, whatever its outcome. An aborted signal cancels the run. */
  waitForRun(runId: number, options?: { onState?: (run: Run) => void; pollMs?: number } & Call): Promise<Run>;
}

const root = "/api/2.2/jobs";
const ended = new Set(["TERMINATED", "SKIPPED", "INTERNAL_ERROR"]);

/** Whether a run is over. */
export const runEnded = (run: Run): boolean => ended.has(run.state.life_cycle_state);
/** Whether a run ended well. SUCCESS_WITH_FAILURES counts: every leaf task succeeded. */
export const runSucceeded = (run: Run): boolean =>
  run.state.result_state === "SUCCESS" || run.state.result_state === "SUCCESS_WITH_FAILURES";

/** Jobs API 2.2. */
export function jobs(http: Requester): Jobs {
  const api: Jobs = {
    create: async (settings, call = {}) =>
      (await http.json<{ job_id: number }>("POST", `${root}/create`, { ...call, json: settings })).job_id,
    async reset(jobId, settings, call = {}) {
      await http.json("POST", `${root}/reset`, { ...call, idempotent: true, json: { job_id: jobId, new_settings: settings } });
    },
    async list({ name, signal } = {}) {
      const found: Job[] = [];
      let token: string | undefined;
      do {
        const page = await http.json<{ jobs?: Job[]; next_page_token?: string }>("GET", `${root}/list`, {
          signal,
          query: { name, limit: 100, page_token: token },
        });
        found.push(...(page.jobs ?? []));
        token = page.next_page_token || undefined;
      } while (token);
      return found;
    },
    get: (jobId, call = {}) => http.json("GET", `${root}/get`, { ...call, query: { job_id: jobId } }),
    async ensure(name, settings, call = {}) {
      // The list filter ignores case; the name itself does not.
      const find = async () => (await api.list({ name, ...call })).find((job) => job.settings.name === name)?.job_id;
      const existing = await find();
      if (existing === undefined) {
        try {
          return await api.create({ ...settings, name }, call);
        } catch (error) {
          const made = error instanceof DatabricksLostAnswerError ? await find() : undefined;
          if (made === undefined) throw error;
          return made;
        }
      }
      await api.reset(existing, { ...settings, name }, call);
      return existing;
    },
    async runNow(jobId, { parameters, idempotencyToken = randomUUID(), signal } = {}) {
      const body = { job_id: jobId, idempotency_token: idempotencyToken, ...(parameters ? { job_parameters: parameters } : {}) };
      return (await http.json<{ run_id: number }>("POST", `${root}/run-now`, { idempotent: true, signal, json: body })).run_id;
    },
    getRun: (runId, call = {}) => http.json("GET", `${root}/runs/get`, { ...call, query: { run_id: runId } }),
    getOutput: (runId, call = {}) => http.json("GET", `${root}/runs/get-output`, { ...call, query: { run_id: runId } }),
    async cancel(runId, call = {}) {
      await http.json("POST", `${root}/runs/cancel`, { ...call, idempotent: true, json: { run_id: runId } });
    },
    async waitForRun(runId, { signal, onState, pollMs } = {}) {
      let last = "";
      try {
        for (let pause = 100; ; pause = Math.min(pause * 1.5, 5_000)) {
          const run = await api.getRun(runId, { signal });
          const state = JSON.stringify(run.state);
          if (state !== last) onState?.(run);
          last = state;
          if (runEnded(run)) return run;
          await http.sleep(pollMs ?? pause, signal);
        }
      } catch (error) {
        if (signal?.aborted) await api.cancel(runId).catch(() => undefined);
        throw error;
      }
    },
  };
  return api;
}
