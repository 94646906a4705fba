import type { Workspace } from "../workspace.ts";
import { jobParameters } from "./runner.ts";
import type { JobStore, Run, TaskRun } from "./store.ts";

const ended = new Set(["TERMINATED", "SKIPPED", "INTERNAL_ERROR"]);
export const isEnded = (run: Pick<Run, "life_cycle">): boolean => ended.has(run.life_cycle);

const codes: Record<string, [string, string]> = {
  SUCCESS: ["SUCCESS", "SUCCESS"],
  SUCCESS_WITH_FAILURES: ["SUCCESS_WITH_FAILURES", "SUCCESS"],
  CANCELED: ["USER_CANCELED", "SUCCESS"],
  FAILED: ["RUN_EXECUTION_ERROR", "CLIENT_ERROR"],
  TIMEDOUT: ["RUN_EXECUTION_ERROR", "CLIENT_ERROR"],
  UPSTREAM_FAILED: ["RUN_EXECUTION_ERROR", "CLIENT_ERROR"],
  UPSTREAM_CANCELED: ["CANCELED", "SUCCESS"],
  EXCLUDED: ["SKIPPED", "SUCCESS"],
  MAXIMUM_CONCURRENT_RUNS_REACHED: ["MAX_CONCURRENT_RUNS_EXCEEDED", "CLIENT_ERROR"],
};

/** The two descriptions of one state: `state`, which older clients read, and `status`. */
export function stateOf(run: Pick<Run, "life_cycle" | "result" | "message"> & { cancelled?: number }) {
  const { life_cycle, result, message } = run;
  const state = {
    life_cycle_state: life_cycle,
    ...(result === null ? {} : { result_state: result }),
    state_message: message,
    user_cancelled_or_timedout: run.cancelled === 1 || result === "TIMEDOUT" || result === "CANCELED",
    ...(life_cycle === "QUEUED" ? { queue_reason: "Queued due to reaching maximum concurrent runs." } : {}),
  };
  if (!ended.has(life_cycle)) {
    const queue =
      life_cycle === "QUEUED" ? { queue_details: { code: "MAX_CONCURRENT_RUNS_REACHED", message: state.queue_reason } } : {};
    return { state, status: { state: life_cycle, ...queue } };
  }
  const [code, type] = codes[result ?? "FAILED"] ?? ["INTERNAL_ERROR", "INTERNAL_ERROR"];
  return { state, status: { state: "TERMINATED", termination_details: { code, type, message } } };
}

const pageUrl = (workspace: Workspace, jobId: number, runId: number) => `${workspace.url}/jobs/${jobId}/runs/${runId}`;

export function taskView(workspace: Workspace, run: Run, task: TaskRun) {
  const duration = task.end_time > 0 && task.start_time > 0 ? task.end_time - task.start_time : 0;
  return {
    ...task.task,
    run_if: task.task.run_if ?? "ALL_SUCCESS",
    run_id: task.id,
    attempt_number: 0,
    ...stateOf(task),
    start_time: task.start_time,
    end_time: task.end_time,
    setup_duration: 0,
    execution_duration: duration,
    cleanup_duration: 0,
    run_page_url: pageUrl(workspace, run.job_id, task.id),
  };
}

export function runView(workspace: Workspace, store: JobStore, run: Run, withTasks = true) {
  const values = jobParameters(run);
  const parameters = (run.settings.parameters ?? []).map(({ name, default: fallback }) => ({
    name,
    default: fallback,
    value: values[name] ?? fallback,
  }));
  const overriding = Object.fromEntries(
    Object.entries({ notebook_params: run.request.notebook_params, sql_params: run.request.sql_params }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  return {
    job_id: run.job_id,
    run_id: run.id,
    job_run_id: run.id,
    run_name: run.settings.name,
    number_in_job: run.number,
    original_attempt_run_id: run.id,
    run_type: "JOB_RUN",
    format: "MULTI_TASK",
    trigger: "ONE_TIME",
    creator_user_name: workspace.settings.user,
    run_page_url: pageUrl(workspace, run.job_id, run.id),
    ...stateOf(run),
    start_time: run.start_time,
    end_time: run.end_time,
    run_duration: run.end_time > 0 ? run.end_time - run.start_time : 0,
    setup_duration: 0,
    execution_duration: 0,
    cleanup_duration: 0,
    ...(parameters.length > 0 ? { job_parameters: parameters } : {}),
    ...(Object.keys(overriding).length > 0 ? { overriding_parameters: overriding } : {}),
    ...(withTasks ? { tasks: store.tasks(run.id).map((task) => taskView(workspace, run, task)) } : {}),
    has_more: false,
  };
}

/** What `runs/get` gives for the id of a task's own run. */
export function taskRunView(workspace: Workspace, run: Run, task: TaskRun) {
  const view = taskView(workspace, run, task);
  return {
    ...view,
    job_id: run.job_id,
    job_run_id: run.id,
    run_name: task.task_key,
    run_type: "JOB_RUN",
    trigger: "ONE_TIME",
    creator_user_name: workspace.settings.user,
    number_in_job: run.number,
    tasks: [view],
  };
}
