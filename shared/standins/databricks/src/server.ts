import type { Server } from "node:http";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { LakehouseError } from "@kc/lakehouse";
import { DialectError } from "@kc/sql-dialect";
import { Hono } from "hono";
import { filesRoutes } from "./api/files.ts";
import { identityRoutes } from "./api/identity.ts";
import { jobRoutes } from "./api/jobs.ts";
import { objectRoutes } from "./api/objects.ts";
import { statementRoutes } from "./api/statements.ts";
import { unityRoutes } from "./api/unity.ts";
import { ApiError } from "./api-error.ts";
import { authenticate, localHostOnly } from "./auth.ts";
import { faults } from "./faults.ts";
import type { Workspace } from "./workspace.ts";

export type App = Hono<{ Bindings: HttpBindings }>;

export function buildApp(workspace: Workspace): App {
  const app: App = new Hono();
  app.use("*", localHostOnly());
  app.use("*", authenticate(workspace));
  faults(app);
  identityRoutes(app, workspace);
  statementRoutes(app, workspace);
  unityRoutes(app, workspace);
  filesRoutes(app, workspace);
  objectRoutes(app, workspace);
  jobRoutes(app, workspace);
  app.notFound((c) => {
    const route = `${c.req.method} ${c.req.path}`;
    workspace.log(`no such endpoint in the local workspace: ${route}`);
    return c.json({ error_code: "ENDPOINT_NOT_FOUND", message: `No API found for '${route}' in the local workspace.` }, 404);
  });
  app.onError((error, c) => {
    const { status, code, message } = httpError(error);
    if (status >= 500) workspace.log(`${c.req.method} ${c.req.path}: ${error.stack ?? error.message}`);
    return c.json({ error_code: code, message, details: [] }, status as 400);
  });
  return app;
}

function httpError(error: Error): { status: number; code: string; message: string } {
  if (error instanceof ApiError) return { status: error.status, code: error.code, message: error.message };
  if (error instanceof LakehouseError) {
    if (error.code === "NOT_FOUND")
      return { status: 404, code: `${error.message.split(" ")[0]?.toUpperCase()}_DOES_NOT_EXIST`, message: error.message };
    if (error.code === "ALREADY_EXISTS")
      return { status: 409, code: `${error.message.split(" ")[0]?.toUpperCase()}_ALREADY_EXISTS`, message: error.message };
    return { status: 400, code: "INVALID_PARAMETER_VALUE", message: `${error.message}${error.hint ? ` ${error.hint}` : ""}` };
  }
  if (error instanceof DialectError) return { status: 400, code: "INVALID_PARAMETER_VALUE", message: error.message };
  if (error instanceof SyntaxError)
    return { status: 400, code: "MALFORMED_REQUEST", message: `The body is not valid JSON: ${error.message}` };
  return { status: 500, code: "INTERNAL_ERROR", message: error.message };
}

/** Listens on loopback: on the port of last time if it is free, else on any. */
export async function startServer(workspace: Workspace): Promise<Server> {
  const app = buildApp(workspace);
  const server = createAdaptorServer({ fetch: app.fetch, overrideGlobalObjects: false }) as Server;
  const listen = (port: number) =>
    new Promise<number>((resolve, reject) => {
      server.once("error", reject);
      server.listen(port, "127.0.0.1", () => {
        server.off("error", reject);
        const address = server.address();
        resolve(typeof address === "object" && address !== null ? address.port : port);
      });
    });
  const port = await listen(workspace.settings.port).catch((error: NodeJS.ErrnoException) => {
    if (workspace.settings.port !== 0 && (error.code === "EADDRINUSE" || error.code === "EACCES")) return listen(0);
    throw error;
  });
  workspace.url = `http://127.0.0.1:${port}`;
  return server;
}
