import { timingSafeEqual } from "node:crypto";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { ApiError, refusal } from "./envelope.ts";
import { faultRoutes } from "./routes/fault.ts";
import { jobRoutes } from "./routes/job.ts";
import { projectRoutes } from "./routes/project.ts";
import { runRoutes } from "./routes/run.ts";
import type { Server } from "./server.ts";

/** The HTTP API. Paths work with and without a slash at the end. */
export function dbtCloudApp(server: Server): Hono {
  const app = new Hono({ strict: false });
  app.use(async (c, next) => {
    const host = (c.req.header("host") ?? "").replace(/:\d+$/, "");
    if (!["127.0.0.1", "localhost", "[::1]"].includes(host)) return refusal(c, 403, "This server answers on loopback only.");
    const page = /^\/deploy\/(\d+)\/projects\/\d+\/runs\/(\d+)\/?$/.exec(c.req.path);
    if (page) return c.html(runPage(page[1]!, page[2]!));
    const given = /^(?:Token|Bearer)\s+(.+)$/i.exec(c.req.header("authorization") ?? "")?.[1] ?? "";
    if (!same(given, server.token)) return refusal(c, 401, "Invalid token.");
    return next();
  });
  app.use(bodyLimit({ maxSize: 1_000_000, onError: (c) => refusal(c, 413, "The body is larger than 1 MB.") }));
  app.use(faultRoutes(app));
  app.use("/api/:version/accounts/:account/*", async (c, next) =>
    c.req.param("account") === String(server.accountId) ? next() : refusal(c, 404, "The requested resource was not found."),
  );
  projectRoutes(app, server);
  jobRoutes(app, server);
  runRoutes(app, server);
  app.notFound((c) => refusal(c, 404, `${c.req.method} ${c.req.path} is not served by the local dbt Cloud.`));
  app.onError((error, c) => {
    if (error instanceof ApiError) return refusal(c, error.code, error.message);
    process.stderr.write(`${error.stack ?? error.message}\n`);
    return refusal(c, 500, "Internal error of the local dbt Cloud.");
  });
  return app;
}

/** What a run's `href` shows in a browser, which has no token: where the log is, and nothing of it. */
const runPage = (
  account: string,
  run: string,
): string => `<!doctype html><meta charset="utf-8"><title>dbt Cloud run ${run}</title>
<p>Run ${run} of the local dbt Cloud. Its log stands in the log of the kc run that started it, or behind the API:</p>
<pre>GET /api/v2/accounts/${account}/runs/${run}/?include_related=["run_steps"]
Authorization: Token &lt;DBT_CLOUD_TOKEN&gt;</pre>
`;

function same(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
