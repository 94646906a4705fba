import type { MiddlewareHandler } from "hono";

const local = /^(localhost|127\.0\.0\.1|\[::1\])(:\d+)?$/;

/**
 * Keeps other web pages away from a server on loopback: a Host that is not ours means DNS rebinding, a foreign Origin or
 * a form's content type means another site's page. Answers carry no secrets, but a POST starts work.
 */
export const guard: MiddlewareHandler = async (context, next) => {
  const host = context.req.header("host") ?? "";
  if (!local.test(host)) return context.json({ error: `this server answers to localhost, not to "${host.slice(0, 100)}"` }, 403);
  const origin = context.req.header("origin");
  if (origin && origin !== `http://${host}`) return context.json({ error: "cross-origin requests are refused" }, 403);
  // Another site may link to a page of ours, but not embed or call anything: even a GET may hold a lease.
  if (context.req.header("sec-fetch-site") === "cross-site" && context.req.header("sec-fetch-mode") !== "navigate")
    return context.json({ error: "cross-site requests are refused" }, 403);
  if (context.req.method !== "GET" && context.req.method !== "HEAD") {
    if (context.req.header("sec-fetch-site") === "cross-site")
      return context.json({ error: "cross-site requests are refused" }, 403);
    if (!context.req.header("content-type")?.startsWith("application/json"))
      return context.json({ error: "the body must be application/json" }, 415);
  }
  context.header("x-content-type-options", "nosniff");
  context.header("x-frame-options", "DENY");
  context.header("referrer-policy", "no-referrer");
  return next();
};
