import type { Context, Hono } from "hono";
import { z } from "zod";
import { ApiError, body, instant, notFound, ok, page, paging, pathId } from "../envelope.ts";
import { retryCommands } from "../retry.ts";
import type { Server } from "../server.ts";
import { type Doc, type RunRow, status } from "../store.ts";
import { jobFrom, runView } from "../view.ts";

const commands = z.array(z.string().min(1).max(10_000)).max(50);
const jobShape = z.looseObject({
  name: z.string().trim().min(1).max(200),
  project_id: z.int(),
  environment_id: z.int(),
  execute_steps: commands.optional(),
  settings: z.looseObject({ threads: z.int().min(1).max(64).optional() }).optional(),
  execution: z.looseObject({ timeout_seconds: z.int().min(0).max(86_400).optional() }).optional(),
});
const triggerShape = z.looseObject({
  cause: z.string().min(1).max(4_096),
  steps_override: commands.nullish(),
  threads_override: z.int().min(1).max(64).nullish(),
  timeout_seconds_override: z.int().min(0).max(86_400).nullish(),
  generate_docs_override: z.boolean().nullish(),
  schema_override: z.string().regex(/^\w+$/).nullish(),
  target_name_override: z.string().nullish(),
});

/** What a trigger may ask for and the stand-in cannot do. */
const refused = [
  "git_sha",
  "git_branch",
  "dbt_version_override",
  "github_pull_request_id",
  "gitlab_merge_request_id",
  "azure_pull_request_id",
];

function valid<T>(shape: z.ZodType<T>, given: unknown): T {
  const result = shape.safeParse(given);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  throw new ApiError(400, `${issue.path.join(".") || "body"}: ${issue.message}`);
}

/** Jobs, and starting them. */
export function jobRoutes(app: Hono, server: Server): void {
  const { store } = server;
  const root = "/api/v2/accounts/:account/jobs";
  const find = (c: Context): Doc => {
    const job = store.get("job", pathId(c, "id"));
    if (!job) throw notFound();
    return job;
  };
  const owners = (job: { project_id: number; environment_id: number }) => {
    if (!store.get("project", job.project_id)) throw new ApiError(400, `project_id: there is no project ${job.project_id}`);
    if (store.get("environment", job.environment_id)?.project_id !== job.project_id)
      throw new ApiError(400, `environment_id: project ${job.project_id} has no environment ${job.environment_id}`);
  };
  app.get(root, (c) => {
    const name = c.req.query("name__icontains")?.toLowerCase();
    const fits = (job: Doc, key: string) => c.req.query(key) === undefined || String(job[key]) === c.req.query(key);
    const found = store
      .list("job")
      .filter(
        (job) =>
          fits(job, "project_id") && fits(job, "environment_id") && (!name || String(job.name).toLowerCase().includes(name)),
      );
    const at = paging(c);
    return page(c, found.slice(at.offset, at.offset + at.limit), found.length, at);
  });
  app.post(root, async (c) => {
    const given = valid(jobShape, await body(c));
    owners(given);
    return ok(c, store.add("job", { ...jobFrom(given, {}, instant(server.now())!), account_id: server.accountId }), 201);
  });
  app.get(`${root}/:id`, (c) => ok(c, find(c)));
  app.post(`${root}/:id`, async (c) => {
    const before = find(c);
    const given = valid(jobShape.partial(), await body(c));
    const after = { ...jobFrom(given, before, instant(server.now())!), id: before.id, created_at: before.created_at } as Doc;
    owners(after as unknown as { project_id: number; environment_id: number });
    return ok(c, store.put("job", after));
  });
  app.delete(`${root}/:id`, (c) => {
    const job = find(c);
    store.remove("job", job.id);
    return ok(c, { ...job, state: 2 });
  });

  const start = (c: Context, job: Doc, trigger: Record<string, unknown>, given: string[]): Response => {
    const docs = (trigger.generate_docs_override ?? job.generate_docs) === true;
    const all = docs && !given.includes("dbt docs generate") ? [...given, "dbt docs generate"] : given;
    if (all.length === 0) throw new ApiError(400, "execute_steps: the job has no commands and steps_override gives none.");
    const run = store.addRun(
      {
        job_id: job.id,
        project_id: job.project_id as number,
        environment_id: job.environment_id as number,
        trigger,
        commands: all,
      },
      server.now(),
    );
    const shown = runView(store, run, server.accountId, server.origin(), new Set(), server.now());
    server.queue.wake();
    return ok(c, shown);
  };
  app.post(`${root}/:id/run`, async (c) => {
    const job = find(c);
    const given = await body(c);
    for (const key of refused)
      if (given[key] !== undefined && given[key] !== null)
        throw new ApiError(400, `${key} is not supported by the local dbt Cloud: it runs the project's folder as it stands.`);
    const trigger = valid(triggerShape, given);
    return start(c, job, trigger, trigger.steps_override ?? (job.execute_steps as string[]));
  });
  // Retries what failed in the job's last run; a new run when that one had succeeded.
  app.post(`${root}/:id/rerun`, (c) => {
    const job = find(c);
    const last = store.runs([["job_id = ?", job.id]], { column: "id", descending: true }, 1, 0).runs[0];
    return start(c, job, { cause: last ? `Retry of run ${last.id}` : "Rerun" }, rerunCommands(last, job));
  });
  app.post("/api/v2/accounts/:account/runs/:id/retry", (c) => {
    const run = store.run(pathId(c, "id"));
    const job = run && store.get("job", run.job_id);
    if (!run || !job) throw notFound();
    if (run.status !== status.error) throw new ApiError(400, "Only a run that failed can be retried.");
    return start(c, job, { ...run.trigger, cause: `Retry of run ${run.id}` }, rerunCommands(run, job));
  });
  const rerunCommands = (last: RunRow | undefined, job: Doc): string[] =>
    last?.status === status.error ? retryCommands(store, last) : (last?.commands ?? (job.execute_steps as string[]));
}
