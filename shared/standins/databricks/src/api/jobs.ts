import type { Context } from "hono";
import { z } from "zod";
import { invalid } from "../api-error.ts";
import { runPage } from "../jobs/page.ts";
import { JobRunner } from "../jobs/runner.ts";
import { parseSettings } from "../jobs/settings.ts";
import { type Job, JobStore } from "../jobs/store.ts";
import { isEnded, runView, taskRunView } from "../jobs/view.ts";
import type { App } from "../server.ts";
import type { Workspace } from "../workspace.ts";

const strings = z.record(z.string(), z.string()).optional();
const id = z.coerce.number().int();
const runNow = z.looseObject({
  job_id: id,
  idempotency_token: z.string().min(1).max(64).optional(),
  job_parameters: strings,
  notebook_params: strings,
  sql_params: strings,
  only: z.array(z.string()).optional(),
});
/** Parameters of task kinds that are not run here. */
const foreignParameters = [
  "python_params",
  "python_named_params",
  "jar_params",
  "spark_submit_params",
  "dbt_commands",
  "pipeline_params",
];

/** Jobs and runs, under the versions 2.1 and 2.2 of the API. */
export function jobRoutes(app: App, workspace: Workspace): void {
  const store = new JobStore(workspace);
  const lost = store.failInFlight();
  if (lost > 0) workspace.log(`${lost} runs were in flight when the workspace stopped: they end as INTERNAL_ERROR`);
  const runner = new JobRunner(workspace, store);

  const parse = async <T extends z.ZodType>(schema: T, c: Context): Promise<z.infer<T>> => {
    const parsed = schema.safeParse(await c.req.json());
    if (!parsed.success) throw invalid(z.prettifyError(parsed.error));
    return parsed.data;
  };
  const number = (value: string | undefined, name: string) => {
    if (!/^\d+$/.test(value ?? "")) throw invalid(`${name} must be a number.`);
    return Number(value);
  };
  const jobView = (job: Job, withTasks = true) => {
    const { tasks, ...rest } = job.settings;
    const settings = {
      format: "MULTI_TASK",
      email_notifications: {},
      webhook_notifications: {},
      timeout_seconds: 0,
      ...rest,
      ...(withTasks ? { tasks } : {}),
    };
    return {
      job_id: job.id,
      creator_user_name: workspace.settings.user,
      run_as_user_name: workspace.settings.user,
      created_time: job.createdAt,
      settings,
      has_more: false,
    };
  };
  const requireRun = (runId: number) => {
    const run = store.run(runId);
    if (run === undefined) throw invalid(`Run ${runId} does not exist.`);
    return run;
  };
  const page = <T>(all: T[], c: Context, most: number) => {
    const limit = Math.min(number(c.req.query("limit") ?? "20", "limit") || 20, most);
    const token = Buffer.from(c.req.query("page_token") ?? "", "base64url").toString();
    const from = number(token || (c.req.query("offset") ?? "0"), "page_token");
    const more = all.length > from + limit;
    const link = (at: number) => Buffer.from(String(at)).toString("base64url");
    const tokens = {
      ...(more ? { next_page_token: link(from + limit) } : {}),
      ...(from > 0 ? { prev_page_token: link(Math.max(from - limit, 0)) } : {}),
    };
    return { entries: all.slice(from, from + limit), rest: { has_more: more, ...tokens } };
  };

  for (const version of ["2.1", "2.2"]) {
    const base = `/api/${version}/jobs`;
    app.post(`${base}/create`, async (c) => c.json({ job_id: store.createJob(parseSettings(await c.req.json())) }));
    app.post(`${base}/reset`, async (c) => {
      const { job_id, new_settings } = await parse(z.looseObject({ job_id: id, new_settings: z.unknown() }), c);
      store.updateJob(store.requireJob(job_id).id, parseSettings(new_settings));
      return c.json({});
    });
    app.post(`${base}/update`, async (c) => {
      const body = await parse(
        z.looseObject({
          job_id: id,
          new_settings: z.looseObject({}).optional(),
          fields_to_remove: z.array(z.string()).optional(),
        }),
        c,
      );
      const job = store.requireJob(body.job_id);
      store.updateJob(job.id, parseSettings(merged(job.settings, body.new_settings ?? {}, body.fields_to_remove ?? [])));
      return c.json({});
    });
    app.get(`${base}/get`, (c) => c.json(jobView(store.requireJob(number(c.req.query("job_id"), "job_id")))));
    app.get(`${base}/list`, (c) => {
      const name = c.req.query("name")?.toLowerCase();
      const { entries, rest } = page(
        store.jobs().filter((job) => name === undefined || job.settings.name.toLowerCase() === name),
        c,
        100,
      );
      return c.json({
        ...(entries.length > 0 ? { jobs: entries.map((job) => jobView(job, c.req.query("expand_tasks") === "true")) } : {}),
        ...rest,
      });
    });
    app.post(`${base}/delete`, async (c) => {
      store.deleteJob(store.requireJob((await parse(z.looseObject({ job_id: id }), c)).job_id).id);
      return c.json({});
    });

    app.post(`${base}/run-now`, async (c) => {
      const body = await parse(runNow, c);
      const known = body.idempotency_token === undefined ? undefined : store.runByToken(body.idempotency_token);
      if (known) return c.json({ run_id: known.id, number_in_job: known.number });
      const job = store.requireJob(body.job_id);
      const foreign = foreignParameters.find((key) => body[key] !== undefined);
      if (foreign) throw invalid(`${foreign} belongs to a kind of task that the local workspace cannot run.`);
      if (body.job_parameters && (body.notebook_params || body.sql_params))
        throw invalid("job_parameters cannot be used together with notebook_params or sql_params.");
      const declared = new Set((job.settings.parameters ?? []).map((parameter) => parameter.name));
      const unknown = Object.keys(body.job_parameters ?? {}).find((name) => !declared.has(name));
      if (unknown) throw invalid(`The job has no parameter '${unknown}': it has ${[...declared].join(", ") || "none"}.`);
      const only = body.only && new Set(body.only);
      const stray = [...(only ?? [])].find((key) => !job.settings.tasks.some((task) => task.task_key === key));
      if (stray) throw invalid(`The job has no task '${stray}'.`);
      const tasks = job.settings.tasks
        .filter((task) => only === undefined || only.has(task.task_key))
        .map((task) =>
          only && task.depends_on ? { ...task, depends_on: task.depends_on.filter((on) => only.has(on.task_key)) } : task,
        );
      const full = runner.running(job.id) >= job.settings.max_concurrent_runs;
      const queued = job.settings.queue?.enabled === true;
      const skipped = {
        life: "SKIPPED" as const,
        result: "MAXIMUM_CONCURRENT_RUNS_REACHED" as const,
        message: "The job has as many runs as max_concurrent_runs allows.",
      };
      const state = full ? (queued ? { life: "QUEUED" as const } : skipped) : { life: "PENDING" as const };
      const request = { job_parameters: body.job_parameters, notebook_params: body.notebook_params, sql_params: body.sql_params };
      const run = store.createRun(job, tasks, request, body.idempotency_token, state);
      if (!full) runner.start(run);
      return c.json({ run_id: run.id, number_in_job: run.number });
    });
    app.get(`${base}/runs/get`, (c) => {
      const runId = number(c.req.query("run_id"), "run_id");
      const task = store.task(runId);
      if (task) return c.json(taskRunView(workspace, requireRun(task.run_id), task));
      return c.json(runView(workspace, store, requireRun(runId)));
    });
    app.get(`${base}/runs/list`, (c) => {
      const jobId = c.req.query("job_id");
      const all = store.runs({ jobId: jobId === undefined ? undefined : number(jobId, "job_id") }).filter((run) => {
        if (c.req.query("active_only") === "true" && isEnded(run)) return false;
        if (c.req.query("completed_only") === "true" && !isEnded(run)) return false;
        return (
          run.start_time >= Number(c.req.query("start_time_from") ?? 0) &&
          run.start_time <= Number(c.req.query("start_time_to") ?? Number.MAX_SAFE_INTEGER)
        );
      });
      const { entries, rest } = page(all, c, 24);
      const { has_more, ...tokens } = rest;
      return c.json({
        ...(entries.length > 0
          ? { runs: entries.map((run) => runView(workspace, store, run, c.req.query("expand_tasks") === "true")) }
          : {}),
        has_more,
        ...tokens,
      });
    });
    app.get(`${base}/runs/get-output`, (c) => {
      const runId = number(c.req.query("run_id"), "run_id");
      const run = store.run(runId);
      const own = run && store.tasks(run.id);
      if (own && own.length !== 1)
        throw invalid(
          "Retrieving the output of runs with multiple tasks is not supported. Please retrieve the output of each individual task run instead.",
        );
      const task = store.task(runId) ?? own?.[0];
      if (task === undefined) throw invalid(`Run ${runId} does not exist.`);
      const { error, error_trace } = task.output;
      const output = task.task.notebook_task
        ? { notebook_output: { truncated: false } }
        : {
            sql_output: {
              query_output: { warehouse_id: workspace.settings.warehouseId, endpoint_id: workspace.settings.warehouseId },
            },
          };
      return c.json({
        metadata: taskRunView(workspace, requireRun(task.run_id), task),
        ...output,
        ...(error === undefined ? {} : { error, error_trace: error_trace ?? error }),
      });
    });
    app.post(`${base}/runs/cancel`, async (c) => {
      const { run_id } = await parse(z.looseObject({ run_id: id }), c);
      const run = requireRun(store.task(run_id)?.run_id ?? run_id);
      if (!isEnded(run)) runner.cancel(run);
      return c.json({});
    });
  }

  app.get("/jobs/:job/runs/:run", (c) => {
    const runId = Number(c.req.param("run"));
    const run = store.run(store.task(runId)?.run_id ?? runId);
    if (run === undefined || String(run.job_id) !== c.req.param("job")) return c.html("<h1>No such run</h1>", 404);
    return c.html(runPage(run, store.tasks(run.id)));
  });
}

/** jobs/update replaces top-level fields, and merges lists of tasks and the like by their keys. */
function merged(before: Record<string, unknown>, change: Record<string, unknown>, remove: string[]): Record<string, unknown> {
  const result: Record<string, unknown> = { ...before };
  for (const [key, value] of Object.entries(change)) {
    if (key !== "tasks" || !Array.isArray(value)) result[key] = value;
    else {
      const tasks = new Map((before.tasks as { task_key: string }[]).map((task) => [task.task_key, task]));
      for (const task of value as { task_key: string }[]) tasks.set(task.task_key, task);
      result.tasks = [...tasks.values()];
    }
  }
  for (const key of remove) delete result[key];
  return result;
}
