import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import type { Workspace } from "./workspace.ts";

const open = [/^\/\.well-known\/databricks-config$/, /^\/jobs\/\d+\/runs\/\d+$/, /^\/external\//];

/** Demands the personal access token on every call but discovery, pages for people, and pre-signed links. */
export function authenticate(workspace: Workspace): MiddlewareHandler {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  const expected = digest(workspace.settings.token);
  return async (c, next) => {
    if (!open.some((pattern) => pattern.test(c.req.path))) {
      const header = c.req.header("authorization");
      const token = /^Bearer\s+(.+)$/i.exec(header ?? "")?.[1];
      if (token === undefined)
        return c.json(
          { error_code: "UNAUTHENTICATED", message: "Credential was not sent or was of an unsupported type for this API." },
          401,
        );
      if (!timingSafeEqual(digest(token), expected))
        return c.json({ error_code: "INVALID_TOKEN", message: "Invalid access token." }, 401);
    }
    return next();
  };
}

/** A web page of another site could reach loopback by a name of its own: only loopback's names are answered. */
export function localHostOnly(): MiddlewareHandler {
  return async (c, next) => {
    const host = (c.req.header("host") ?? "").replace(/:\d+$/, "");
    if (!["127.0.0.1", "localhost", "[::1]"].includes(host))
      return c.json({ error_code: "PERMISSION_DENIED", message: "The local workspace answers on loopback only." }, 403);
    return next();
  };
}
