import { z } from "zod";
import { invalid } from "../api-error.ts";

const runConditions = [
  "ALL_SUCCESS",
  "AT_LEAST_ONE_SUCCESS",
  "NONE_FAILED",
  "ALL_DONE",
  "AT_LEAST_ONE_FAILED",
  "ALL_FAILED",
] as const;
const strings = z.record(z.string(), z.string());

const task = z.looseObject({
  task_key: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/),
  depends_on: z.array(z.looseObject({ task_key: z.string() })).optional(),
  run_if: z.enum(runConditions).optional(),
  timeout_seconds: z.number().int().min(0).optional(),
  max_retries: z.number().int().optional(),
  notebook_task: z
    .looseObject({
      notebook_path: z.string(),
      source: z.string().optional(),
      base_parameters: strings.optional(),
      warehouse_id: z.string().optional(),
    })
    .optional(),
  sql_task: z
    .looseObject({
      warehouse_id: z.string().optional(),
      parameters: strings.optional(),
      file: z.looseObject({ path: z.string(), source: z.string().optional() }).optional(),
    })
    .optional(),
});
const settings = z.looseObject({
  name: z.string().default("Untitled"),
  tasks: z.array(task).max(1000).default([]),
  parameters: z.array(z.looseObject({ name: z.string().regex(/^[A-Za-z0-9_.-]+$/), default: z.string() })).optional(),
  max_concurrent_runs: z.number().int().min(1).max(2000).default(1),
  timeout_seconds: z.number().int().min(0).optional(),
  queue: z.looseObject({ enabled: z.boolean() }).optional(),
});

export type JobSettings = z.infer<typeof settings>;
export type TaskSettings = JobSettings["tasks"][number];

/** Kinds of task that Databricks has; those that are not run here are refused by name. */
const kinds = [
  "notebook_task",
  "sql_task",
  "spark_python_task",
  "python_wheel_task",
  "spark_jar_task",
  "spark_submit_task",
  "pipeline_task",
  "dbt_task",
  "run_job_task",
  "condition_task",
  "for_each_task",
  "clean_rooms_notebook_task",
  "dashboard_task",
  "power_bi_task",
  "dbt_cloud_task",
  "dbt_platform_task",
];

/** Checks a job's settings. What could not be run is refused here, naming the task, the reason and the remedy. */
export function parseSettings(value: unknown): JobSettings {
  const parsed = settings.safeParse(value);
  if (!parsed.success) throw invalid(`The job settings are not valid. ${z.prettifyError(parsed.error)}`);
  const job = parsed.data;
  for (const trigger of ["schedule", "trigger", "continuous"]) {
    const given = job[trigger] as { pause_status?: string } | undefined;
    if (given && given.pause_status !== "PAUSED")
      throw invalid(`The local workspace does not start jobs by itself: ${trigger} must have pause_status PAUSED.`);
  }
  const keys = new Set<string>();
  for (const item of job.tasks) {
    if (keys.has(item.task_key)) throw invalid(`The task key '${item.task_key}' appears twice.`);
    keys.add(item.task_key);
    checkTask(item);
  }
  for (const item of job.tasks) {
    for (const { task_key: on } of item.depends_on ?? [])
      if (!keys.has(on)) throw invalid(`Task '${item.task_key}' depends on '${on}', which is not a task of the job.`);
  }
  const cycle = findCycle(job.tasks);
  if (cycle) throw invalid(`The tasks depend on each other in a cycle: ${cycle.join(" -> ")}.`);
  return job;
}

function checkTask(item: TaskSettings): void {
  const name = `Task '${item.task_key}'`;
  const kind = kinds.filter((key) => item[key] !== undefined);
  if (kind.length !== 1)
    throw invalid(`${name} must have exactly one kind of task, it has ${kind.length === 0 ? "none" : kind.join(", ")}.`);
  const remedy = "Use a notebook_task with a SQL notebook, or a sql_task with a file.";
  if (kind[0] !== "notebook_task" && kind[0] !== "sql_task")
    throw invalid(`${name} is a ${kind[0]}, which the local workspace cannot run. ${remedy}`);
  if (item.sql_task && item.sql_task.file === undefined)
    throw invalid(`${name} is a sql_task without a file, which the local workspace cannot run. ${remedy}`);
  const source = item.notebook_task?.source ?? item.sql_task?.file?.source ?? "WORKSPACE";
  if (source !== "WORKSPACE")
    throw invalid(`${name} takes its source from ${source}: the local workspace reads the workspace only.`);
  if ((item.max_retries ?? 0) !== 0) throw invalid(`${name} has max_retries, which the local workspace does not support.`);
}

function findCycle(tasks: TaskSettings[]): string[] | undefined {
  const after = new Map(tasks.map((item) => [item.task_key, (item.depends_on ?? []).map((on) => on.task_key)]));
  const done = new Set<string>();
  const walk = (key: string, path: string[]): string[] | undefined => {
    if (path.includes(key)) return [...path.slice(path.indexOf(key)), key];
    if (done.has(key)) return undefined;
    for (const next of after.get(key) ?? []) {
      const found = walk(next, [...path, key]);
      if (found) return found;
    }
    done.add(key);
    return undefined;
  };
  for (const key of after.keys()) {
    const found = walk(key, []);
    if (found) return found;
  }
  return undefined;
}
