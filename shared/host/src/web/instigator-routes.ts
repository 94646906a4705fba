import { z } from "@hono/zod-openapi";
import { didYouMean, type ScheduleSnapshot, type SensorSnapshot, UserError, upcomingTicks } from "@kc/runtime/internal";
import { instigatorDetailSchema, instigatorSchema, previewSchema, tickSchema } from "../client/instigator-schemas.ts";
import { type Instigator, instigators, resetCursor, turnInstigator } from "../daemon/instigators.ts";
import { previewTick } from "../daemon/preview.ts";
import type { WebContext } from "./context.ts";
import { type App, count, get, list, NotFound, none, post } from "./route.ts";
import { viewInstigator, viewInstigatorDetail, viewPreview, viewTick } from "./views.ts";

const instantText = z.string().max(40).optional();

/** Schedules, sensors and their ticks. */
export function instigatorRoutes(app: App, context: WebContext): void {
  const { workspace, storage, daemon, now } = context;
  const clock = { now, sleep: async () => {} };

  const find = async <T extends "schedule" | "sensor">(type: T, params: Record<string, string>) => {
    const { location, name } = params as { location: string; name: string };
    const all = await instigators(workspace, storage, type);
    const found = all.find((one) => one.location.entry.name === location && one.definition.name === name);
    if (!found) {
      const names = all.flatMap((one) => (one.location.entry.name === location ? [one.definition.name] : []));
      throw new NotFound(`location ${location} has no ${type} "${name}".${didYouMean(name, names)}`);
    }
    return found as Instigator<ScheduleSnapshot | SensorSnapshot>;
  };
  const view = async (type: "schedule" | "sensor", params: Record<string, string>) =>
    viewInstigator(await find(type, params), now());

  for (const type of ["schedule", "sensor"] as const) {
    app.openapi(get(`/api/${type}s`, `All ${type}s`, none, list(instigatorSchema)), async (c) =>
      c.json(
        (await instigators(workspace, storage, type)).map((one) => viewInstigator(one, now())),
        200,
      ),
    );
    const path = `/api/${type}s/{location}/{name}` as const;
    app.openapi(get(path, `One ${type} with its cursor and settings`, none, instigatorDetailSchema), async (c) =>
      c.json(viewInstigatorDetail(await find(type, c.req.param()), now()), 200),
    );
    app.openapi(post(path, `Turn a ${type} on or off`, z.object({ running: z.boolean() }), instigatorSchema), async (c) => {
      await turnInstigator({ ...context, clock }, await find(type, c.req.param()), c.req.valid("json").running);
      daemon.wake();
      return c.json(await view(type, c.req.param()), 200);
    });
    app.openapi(
      post(
        `${path}/preview`,
        `What a tick of the ${type} would do, without doing it`,
        z.object({ at: instantText, cursor: z.string().max(1_000_000).optional() }),
        previewSchema,
      ),
      async (c) => {
        const { at, cursor } = c.req.valid("json");
        const found = await find(type, c.req.param());
        return c.json(
          viewPreview(await previewTick({ ...context, ticks: daemon.ticks }, found as never, at ? instantMs(at) : now(), cursor)),
          200,
        );
      },
    );
    app.openapi(post(`${path}/tick`, `Make a tick of the ${type} now`, none, tickSchema), async (c) =>
      c.json(viewTick(await daemon.tickNow(await find(type, c.req.param()))), 200),
    );
  }
  app.openapi(
    get(
      "/api/schedules/{location}/{name}/upcoming",
      "The next ticks of a schedule",
      z.object({ count: count(1_000), after: instantText }),
      z.object({ ticks: z.array(z.string()) }),
    ),
    async (c) => {
      const { count: wanted = 5, after } = c.req.valid("query");
      const { definition } = (await find("schedule", c.req.param())) as Instigator<ScheduleSnapshot>;
      const ticks = upcomingTicks(definition, after ? instantMs(after) : now(), wanted);
      return c.json({ ticks: ticks.map((at) => new Date(at).toISOString()) }, 200);
    },
  );
  app.openapi(
    post(
      "/api/sensors/{location}/{name}/reset-cursor",
      "Let a sensor begin anew; its run keys stay spent",
      none,
      instigatorSchema,
    ),
    async (c) => {
      await resetCursor({ ...context, clock }, (await find("sensor", c.req.param())) as Instigator<SensorSnapshot>);
      daemon.wake();
      return c.json(await view("sensor", c.req.param()), 200);
    },
  );

  const tickQuery = z.object({
    location: z.string().optional(),
    name: z.string().optional(),
    type: z.enum(["schedule", "sensor"]).optional(),
    status: z.enum(["started", "success", "skipped", "failed"]).optional(),
    before: count(Number.MAX_SAFE_INTEGER).openapi({ description: "Only ticks with a smaller id" }),
    limit: count(1_000),
  });
  app.openapi(get("/api/ticks", "Ticks of schedules and sensors, newest first", tickQuery, list(tickSchema)), async (c) => {
    const { limit = 50, ...wanted } = c.req.valid("query");
    const given = Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined && value !== ""));
    const ticks = await storage.listTicks({ ...given, limit });
    return c.json(ticks.map(viewTick), 200);
  });
}

function instantMs(text: string): number {
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw new UserError(`"${text}" is no instant`, { hint: "Write it as 2026-01-31T00:00:00Z." });
  return at;
}
