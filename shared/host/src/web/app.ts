import { OpenAPIHono, z } from "@hono/zod-openapi";
import { issueWords, placed, UserError } from "@kc/runtime/internal";
import { alertRoutes } from "./alert-routes.ts";
import { assetRoutes } from "./asset-routes.ts";
import { automationRoutes } from "./automation-routes.ts";
import { backfillRoutes } from "./backfill-routes.ts";
import { checkRoutes } from "./check-routes.ts";
import { compress } from "./compress.ts";
import type { WebContext } from "./context.ts";
import { docsPage } from "./docs.ts";
import { guard } from "./guard.ts";
import { healthRoutes } from "./health-routes.ts";
import { instigatorRoutes } from "./instigator-routes.ts";
import { jobRoutes } from "./job-routes.ts";
import { metadataRoutes } from "./metadata-routes.ts";
import { overviewRoutes } from "./overview-routes.ts";
import { partitionRoutes } from "./partition-routes.ts";
import { poolRoutes } from "./pool-routes.ts";
import { reportRoutes } from "./report-routes.ts";
import { type App, NotFound } from "./route.ts";
import { runRoutes } from "./run-routes.ts";
import { staticFile } from "./static-files.ts";
import { streams } from "./streams.ts";
import { workspaceRoutes } from "./workspace-routes.ts";

const info = {
  openapi: "3.1.0",
  info: { title: "kc API", version: "1", description: "One instance: its assets, runs, schedules, sensors and events." },
};

// What a request has wrong is told in the words of the settings: the routes' schemas take no error map of a parse.
z.config({ localeError: issueWords });

/** The webserver: the API and, for every other path, the UI. */
export function webApp(context: WebContext): App {
  const app = new OpenAPIHono({
    defaultHook: (result, c) => {
      if (result.success) return undefined;
      return c.json({ error: placed(result.error.issues[0]!) }, 400);
    },
  });
  app.use("*", compress);
  app.use("*", guard);
  workspaceRoutes(app, context);
  overviewRoutes(app, context);
  jobRoutes(app, context);
  instigatorRoutes(app, context);
  assetRoutes(app, context);
  checkRoutes(app, context);
  metadataRoutes(app, context);
  reportRoutes(app, context);
  runRoutes(app, context);
  partitionRoutes(app, context);
  backfillRoutes(app, context);
  automationRoutes(app, context);
  poolRoutes(app, context);
  alertRoutes(app, context);
  healthRoutes(app, context);
  streams(app, context);
  app.get("/api/openapi.json", (c) => c.json(app.getOpenAPI31Document(info)));
  app.get("/api/docs", (c) => c.html(docsPage(app.getOpenAPI31Document(info) as never)));
  app.all("/api/*", (c) => c.json({ error: `there is no ${c.req.method} ${c.req.path}`, hint: "See /api/docs." }, 404));
  app.get("*", (c) => staticFile(context.uiFolder, c));
  app.onError((error, c) => {
    if (error instanceof NotFound) return c.json({ error: error.message }, 404);
    // A UserError of this package, or a body that is no JSON.
    if (error instanceof UserError)
      return c.json(
        { error: error.message, ...(error.where ? { where: error.where } : {}), ...(error.hint ? { hint: error.hint } : {}) },
        400,
      );
    if ("status" in error && typeof error.status === "number" && error.status < 500)
      return c.json({ error: error.message }, error.status as 400);
    console.error(error);
    return c.json({ error: `internal error: ${error.message}`, hint: "The host's log (.kc/logs/host.log) has the stack." }, 500);
  });
  return app;
}
