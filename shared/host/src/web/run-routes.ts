import { z } from "@hono/zod-openapi";
import { type EventType, eventTypes, isEnd, type Run, type RunStatus, runStatuses, UserError } from "@kc/runtime/internal";
import { eventSchema, runDetailSchema, runSchema, submitSchema, submittedSchema } from "../client/schemas.ts";
import type { WebContext } from "./context.ts";
import { type App, count, get, list, NotFound, none, post } from "./route.ts";
import { viewSteps } from "./run-steps.ts";
import { viewEvent, viewRun } from "./views.ts";

export function runRoutes(app: App, { storage, log, requests, launcher, daemon, pools, now }: WebContext): void {
  const view = (run: Run) => viewRun(run, daemon.waiting().get(run.id) ?? [...pools.waitsOf(run.id).values()][0]);
  const find = async (id: string): Promise<Run> => {
    const run = await storage.getRun(id);
    if (!run) throw new NotFound(`there is no run "${id}"`);
    return run;
  };
  const listQuery = z.object({
    status: z.string().optional().openapi({ description: "One or more statuses, joined by commas" }),
    location: z.string().optional(),
    asset: z.string().optional(),
    requestId: z.string().optional(),
    before: z.string().optional(),
    limit: count(1_000),
  });

  app.openapi(get("/api/runs", "Runs, newest first", listQuery, list(runSchema)), async (context) => {
    const { status, location, asset, requestId, before, limit } = context.req.valid("query");
    const statuses = status?.split(",") as RunStatus[] | undefined;
    const unknown = statuses?.find((one) => !runStatuses.includes(one));
    if (unknown) throw new UserError(`there is no run status "${unknown}"`, { hint: `There are ${runStatuses.join(", ")}.` });
    const runs = await storage.listRuns({
      ...(statuses ? { statuses } : {}),
      ...(location ? { location } : {}),
      ...(asset ? { asset } : {}),
      ...(requestId ? { requestId } : {}),
      ...(before ? { before } : {}),
      limit: limit ?? 100,
    });
    return context.json(runs.map(view), 200);
  });

  app.openapi(
    post("/api/runs", "Request the materialization of a selection or the launch of a job", submitSchema, submittedSchema),
    async (context) => {
      const body = context.req.valid("json");
      const given = Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
      const submitted = await requests.submit(given);
      return context.json({ requestId: submitted.requestId, created: submitted.created, runs: submitted.runs.map(view) }, 200);
    },
  );

  app.openapi(
    get("/api/runs/{id}", "One run with its steps and the other runs of its request", none, runDetailSchema),
    async (context) => {
      const run = await find(context.req.param("id"));
      const siblings = await storage.listRuns({ requestId: run.requestId, order: "oldest", limit: 1_000 });
      const steps = await viewSteps(storage, run, [], { waits: pools.waitsOf(run.id), runsLeft: 0 });
      return context.json({ ...view(run), steps, config: run.config, siblings: siblings.map(view) }, 200);
    },
  );

  const eventsQuery = z.object({
    after: count(Number.MAX_SAFE_INTEGER),
    limit: count(10_000),
    types: z.string().optional(),
    step: z.string().optional(),
  });
  app.openapi(get("/api/runs/{id}/events", "Events of a run, oldest first", eventsQuery, list(eventSchema)), async (context) => {
    const run = await find(context.req.param("id"));
    const { after, limit, types, step } = context.req.valid("query");
    const wanted = types?.split(",").filter((type): type is EventType => eventTypes.includes(type as EventType));
    const events = await storage.readEvents({
      runId: run.id,
      ...(after === undefined ? {} : { after }),
      ...(wanted ? { types: wanted } : {}),
      ...(step ? { step } : {}),
      limit: limit ?? 1_000,
    });
    return context.json(events.map(viewEvent), 200);
  });

  app.openapi(post("/api/runs/{id}/cancel", "Cancel a run", none, runSchema), async (context) => {
    const run = await find(context.req.param("id"));
    if (isEnd(run.status)) throw new UserError(`run ${run.id} has ended: it ${run.status}`);
    if (launcher.cancel(run.id)) await log.append([{ type: "run_cancelling", at: now(), runId: run.id }]);
    else await log.append([{ type: "run_cancelled", at: now(), runId: run.id, message: "cancelled before it started" }]);
    return context.json(view(await find(run.id)), 200);
  });

  app.openapi(
    post("/api/runs/{id}/retry", "Request again what did not succeed in a run's request", none, submittedSchema),
    async (context) => {
      const run = await find(context.req.param("id"));
      const submitted = await requests.retry(run.requestId);
      return context.json({ requestId: submitted.requestId, created: submitted.created, runs: submitted.runs.map(view) }, 200);
    },
  );
}
