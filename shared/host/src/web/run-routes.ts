import { z } from "@hono/zod-openapi";
import {
  checkGivenTags,
  checksOf,
  didYouMean,
  type EventType,
  eventTypes,
  type ListRunsParams,
  maxRetriesOf,
  type Run,
  type RunStatus,
  retryNumberOf,
  runStatuses,
  type StoredEvent,
  UserError,
} from "@kc/runtime/internal";
import { planSchema } from "../client/job-schemas.ts";
import { eventSchema, runDetailSchema, runSchema, submitSchema, submittedSchema } from "../client/schemas.ts";
import { retryDecision } from "../daemon/run-retries.ts";
import { selectedKeys } from "../locations/selected-keys.ts";
import { cancelRun } from "../runs/cancel.ts";
import { lineOf, rootOf } from "../runs/rerun.ts";
import type { WebContext } from "./context.ts";
import { type App, count, get, list, NotFound, none, post } from "./route.ts";
import { viewSteps } from "./run-steps.ts";
import { viewEvent, viewRun } from "./views.ts";

const logLevels = ["debug", "info", "warn", "error"];

const noneOf = (what: string, name: string, names: readonly string[]): string =>
  `there is no ${what} "${name}".${didYouMean(name, names) || ` There are ${names.join(", ")}.`}`;
const pageOfRuns = 500;
const mostLooked = 20 * pageOfRuns;

export function runRoutes(
  app: App,
  { workspace, storage, log, requests, rerun, retries, launcher, daemon, pools, now }: WebContext,
): void {
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
    tag: z.string().max(2_300).optional().openapi({ description: "A tag as `name=value`", example: "kc/job=load_shop" }),
    pool: z.string().max(500).optional().openapi({ description: "Runs with a step that takes slots of it" }),
    before: z.string().optional(),
    limit: count(1_000),
  });

  app.openapi(get("/api/runs", "Runs, newest first", listQuery, list(runSchema)), async (context) => {
    const { status, location, asset, requestId, tag, pool, before, limit = 100 } = context.req.valid("query");
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(tag ?? "") ?? [];
    if (tag && name === undefined)
      throw new UserError(`"${tag}" is no tag`, { hint: "Write name=value, as in kc/job=load_shop." });
    const statuses = status?.split(",") as RunStatus[] | undefined;
    const unknown = statuses?.find((one) => !runStatuses.includes(one));
    if (unknown !== undefined) throw new UserError(noneOf("run status", unknown, runStatuses));
    const wanted: ListRunsParams = {
      ...(statuses ? { statuses } : {}),
      ...(location ? { location } : {}),
      ...(asset ? { asset } : {}),
      ...(requestId ? { requestId } : {}),
      ...(name === undefined ? {} : { tags: { [name]: value! } }),
      ...(before ? { before } : {}),
      limit,
    };
    const runs = await (pool === undefined ? storage.listRuns(wanted) : runsWithPool(wanted, pool, limit));
    const { assets } = workspace.graph();
    if (asset && runs.length === 0 && !assets.has(asset) && (await storage.listRuns({ asset, limit: 1 })).length === 0)
      throw new NotFound(`there is no asset "${asset}", and no run made one.${didYouMean(asset, assets.keys())}`);
    const names = workspace.names();
    if (location && runs.length === 0 && !names.includes(location))
      throw new NotFound(`there is no location "${location}".${didYouMean(location, names)}`);
    return context.json(runs.map(view), 200);
  });

  /** Which pools a run's steps take is known from its plan alone: as many runs are looked through as the pages ask for, to a limit. */
  async function runsWithPool(wanted: ListRunsParams, pool: string, limit: number): Promise<Run[]> {
    const found: Run[] = [];
    let { before } = wanted;
    for (let looked = 0; looked < mostLooked && found.length < limit; looked += pageOfRuns) {
      const page = await storage.listRuns({ ...wanted, ...(before ? { before } : {}), limit: pageOfRuns });
      for (const run of page)
        if (found.length < limit && run.plan.steps.some((step) => step.pool?.name === pool)) found.push(run);
      if (page.length < pageOfRuns) break;
      before = page.at(-1)!.id;
    }
    return found;
  }

  const given = (body: z.output<typeof submitSchema>) => {
    checkGivenTags(body.tags ?? {});
    if (body.selection !== undefined && body.job === undefined) selectedKeys(workspace, body.selection);
    return Object.fromEntries(Object.entries(body).filter(([, value]) => value !== undefined));
  };

  app.openapi(
    post("/api/runs/plan", "What a request would make, its config checked; nothing is stored", submitSchema, planSchema),
    async (context) => {
      const { runs, ...rest } = await requests.plan(given(context.req.valid("json")));
      const view = runs.map((run) => ({ ...run, checks: checksOf(run), steps: run.steps.length }));
      return context.json({ runs: view, ...rest }, 200);
    },
  );

  app.openapi(
    post("/api/runs", "Request the materialization of a selection or the launch of a job", submitSchema, submittedSchema),
    async (context) => {
      const submitted = await requests.submit(given(context.req.valid("json")));
      return context.json({ requestId: submitted.requestId, created: submitted.created, runs: submitted.runs.map(view) }, 200);
    },
  );

  app.openapi(
    get("/api/runs/{id}", "One run with its steps and the other runs of its request", none, runDetailSchema),
    async (context) => {
      const run = await find(context.req.param("id"));
      const siblings = await storage.listRuns({ requestId: run.requestId, order: "oldest", limit: 1_000 });
      const line = await lineOf(storage, run);
      const at = line.findIndex((one) => one.id === run.id);
      const number = retryNumberOf(run.tags);
      const most = maxRetriesOf(run.tags, retries);
      const runsLeft = Math.max(0, most - number);
      const steps = await viewSteps(storage, run, line.slice(0, at), { waits: pools.waitsOf(run.id), runsLeft });
      const next = line[at + 1];
      const decision = next ? undefined : await retryDecision({ storage }, run, retries);
      const retry = {
        number,
        of: Math.max(most, number),
        retryOf: run.tags["kc/retry_of_run"] ?? null,
        root: rootOf(run),
        /** The run that retries it, and when it does while it is still to come. */
        next: next?.id ?? null,
        nextAt: decision?.retry ? new Date(decision.at).toISOString() : null,
      };
      return context.json({ ...view(run), retry, steps, config: run.config, siblings: siblings.map(view) }, 200);
    },
  );

  const eventsQuery = z.object({
    after: count(Number.MAX_SAFE_INTEGER),
    limit: count(10_000),
    types: z.string().optional(),
    step: z.string().optional(),
    level: z.string().optional().openapi({ description: "One or more levels of log lines, joined by commas" }),
  });
  app.openapi(get("/api/runs/{id}/events", "Events of a run, oldest first", eventsQuery, list(eventSchema)), async (context) => {
    const run = await find(context.req.param("id"));
    const { after, limit = 1_000, types, step, level } = context.req.valid("query");
    const wanted = types?.split(",") as EventType[] | undefined;
    const unknown = wanted?.find((one) => !eventTypes.includes(one));
    if (unknown !== undefined) throw new UserError(noneOf("event type", unknown, eventTypes));
    const levels = level?.split(",");
    const noLevel = levels?.find((one) => !logLevels.includes(one));
    if (noLevel !== undefined) throw new UserError(noneOf("level", noLevel, logLevels));
    const events: StoredEvent[] = [];
    for (let from = after ?? 0; events.length < limit; ) {
      const page = await storage.readEvents({
        runId: run.id,
        after: from,
        ...(levels ? { types: ["log" as const] } : wanted ? { types: wanted } : {}),
        ...(step ? { step } : {}),
        limit,
      });
      for (const event of page) if (events.length < limit && (!levels || levels.includes(event.level ?? ""))) events.push(event);
      if (page.length < limit) break;
      from = page.at(-1)!.id;
    }
    return context.json(events.map(viewEvent), 200);
  });

  app.openapi(post("/api/runs/{id}/cancel", "Cancel a run", none, runSchema), async (context) => {
    const run = await find(context.req.param("id"));
    // A retry that was made already has ended or goes on by itself.
    const last = (await lineOf(storage, run)).at(-1)!.id === run.id;
    const retryOf = async () => (last ? retryDecision({ storage }, run, retries) : ({ retry: false, why: "retried" } as const));
    await cancelRun({ launcher, log, now, retryOf }, run);
    return context.json(view(await find(run.id)), 200);
  });

  const strategy = z.enum(["from_failure", "from_scratch"]).default("from_failure");
  const reexecuteBody = z.strictObject({ strategy }).openapi("Reexecution");
  app.openapi(
    post(
      "/api/runs/{id}/reexecute",
      "Run again what did not succeed, or all, of a run with those around it, or of a request",
      reexecuteBody,
      submittedSchema,
    ),
    async (context) => {
      const { strategy } = context.req.valid("json");
      const submitted = await rerun.reexecute(
        context.req.param("id"),
        strategy === "from_scratch" ? "all_steps" : "from_failure",
      );
      return context.json({ requestId: submitted.requestId, created: submitted.created, runs: submitted.runs.map(view) }, 200);
    },
  );
}
