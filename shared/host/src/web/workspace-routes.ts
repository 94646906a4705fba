import { z } from "@hono/zod-openapi";
import { durationMs } from "@kc/runtime/internal";
import {
  componentSchema,
  connectionSchema,
  healthSchema,
  locationSchema,
  storageInfoSchema,
  workspaceSchema,
} from "../client/schemas.ts";
import type { WebContext } from "./context.ts";
import { type App, get, list, NotFound, none, post } from "./route.ts";
import { viewLeader, viewLocation } from "./views.ts";

export function workspaceRoutes(app: App, context: WebContext): void {
  const { workspace, storage, daemon, connections, now } = context;

  app.openapi(get("/api/health", "Whether the host serves", none, healthSchema), (c) =>
    c.json(
      {
        status: "ok",
        id: context.instanceId,
        pid: process.pid,
        leases: context.leases(),
        decides: context.decides(),
        leader: viewLeader(context.leadership.leader()),
      },
      200,
    ),
  );

  app.openapi(
    get(
      "/api/workspace",
      "Code locations, problems of the lineage, daemons",
      z.object({ wait: z.string().optional() }),
      workspaceSchema,
    ),
    async (c) => {
      if (c.req.valid("query").wait) await workspace.settled();
      return c.json(
        {
          root: context.root,
          url: context.url(),
          locations: workspace.locations().map(viewLocation),
          problems: workspace.problems(),
          leader: viewLeader(context.leadership.leader()),
          daemons: daemon.loops.map((loop) => ({
            name: loop.name,
            lastHeartbeat: new Date(daemon.pulse.of(loop).heartbeatAt).toISOString(),
            lastLook: new Date(loop.heartbeat().at).toISOString(),
            lateMs: Math.max(0, now() - (loop.heartbeat().dueAt ?? now())),
            error: daemon.pulse.of(loop).problem ?? loop.heartbeat().error ?? null,
          })),
        },
        200,
      );
    },
  );

  app.openapi(post("/api/locations/{name}/reload", "Load a location's code anew", none, locationSchema), async (c) => {
    const name = c.req.param("name");
    if (!workspace.location(name)) throw new NotFound(`there is no location "${name}"`);
    return c.json(viewLocation(await workspace.reload(name)), 200);
  });

  app.openapi(
    get(
      "/api/definitions",
      "Everything the loaded locations define, without its code",
      none,
      list(z.looseObject({ name: z.string() })),
    ),
    (c) =>
      c.json(
        workspace
          .locations()
          .flatMap((state) => (state.snapshot ? [state.snapshot as unknown as { name: string; assets: object[] }] : [])),
        200,
      ),
  );

  app.openapi(
    post("/api/locations/{name}", "Load a location of workspace.yaml that the host was started without", none, locationSchema),
    async (c) => {
      const name = c.req.param("name");
      return c.json(viewLocation(workspace.location(name) ?? (await context.addLocation(name))), 200);
    },
  );

  app.openapi(
    get(
      "/api/components",
      "Components that the locations offer, with the JSON Schema of their attributes",
      none,
      list(componentSchema),
    ),
    (c) =>
      c.json(
        workspace.locations().flatMap((state) =>
          (state.snapshot?.components ?? []).map((component) => ({
            location: state.entry.name,
            ...component,
            schema: component.schema as object,
          })),
        ),
        200,
      ),
  );

  app.openapi(
    get(
      "/api/connections",
      "Connections, each the vendor's or a local stand-in's",
      z.object({ probe: z.string().optional() }),
      list(connectionSchema),
    ),
    async (c) => c.json(await connections.status(c.req.valid("query").probe === "true"), 200),
  );
  const age = z.string().max(20).optional();
  app.openapi(
    post(
      "/api/storage/prune",
      "Delete ended runs with their events, ticks, and log lines that are older",
      z.object({ runs: age, ticks: age, logs: age, dryRun: z.boolean().optional() }),
      z.object({ runs: z.number(), events: z.number(), ticks: z.number() }),
    ),
    async (c) => {
      const { dryRun, ...given } = c.req.valid("json");
      const ages = Object.entries(given).filter((entry): entry is [string, string] => entry[1] !== undefined);
      const before = Object.fromEntries(ages.map(([name, text]) => [name, now() - durationMs(text, name)]));
      return c.json(dryRun ? await storage.countOld(before) : await storage.prune(before), 200);
    },
  );
  app.openapi(get("/api/storage", "The instance's database", none, storageInfoSchema), async (c) =>
    c.json(await storage.info(), 200),
  );
}
