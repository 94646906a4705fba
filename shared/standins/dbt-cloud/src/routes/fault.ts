import type { HttpBindings } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Context, Hono, MiddlewareHandler } from "hono";
import { z } from "zod";
import { refusal } from "../envelope.ts";

const rule = z.strictObject({
  method: z.string().optional(),
  path: z.string().max(500),
  status: z.int().min(200).max(599).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  delay_ms: z.int().min(0).max(600_000).optional(),
  after_effect: z.boolean().optional(),
  times: z.int().min(1).default(1),
});
type Fault = z.output<typeof rule>;

/** Lets a test ask for bad days: an error status, a delay, or a request that is carried out and never answered. */
export function faultRoutes(app: Hono): MiddlewareHandler {
  let faults: Fault[] = [];
  app.post("/__standin/faults", async (c) => {
    const given = rule.safeParse(await c.req.json().catch(() => undefined));
    if (!given.success) return refusal(c, 400, given.error.issues[0]!.message);
    try {
      new RegExp(given.data.path);
    } catch {
      return refusal(c, 400, "path must be a regular expression");
    }
    faults.push(given.data);
    return c.json({ faults: faults.length });
  });
  app.delete("/__standin/faults", (c) => {
    faults = [];
    return c.json({ faults: 0 });
  });
  return async (c, next) => {
    const fault = faults.find(
      (item) => (!item.method || item.method.toUpperCase() === c.req.method) && new RegExp(item.path).test(c.req.path),
    );
    if (!fault || c.req.path.startsWith("/__standin/")) return next();
    fault.times--;
    faults = faults.filter((item) => item.times > 0);
    if (fault.delay_ms) await new Promise((resolve) => setTimeout(resolve, fault.delay_ms));
    if (fault.after_effect) {
      await next();
      return drop(c);
    }
    if (fault.status !== undefined) {
      const text =
        typeof fault.body === "string"
          ? fault.body
          : JSON.stringify(
              fault.body ?? {
                status: { code: fault.status, is_success: false, user_message: "A fault was asked for.", developer_message: "" },
                data: null,
              },
            );
      return new Response(text, { status: fault.status, headers: { "content-type": "application/json", ...fault.headers } });
    }
    return fault.delay_ms === undefined ? drop(c) : next();
  };
}

function drop(c: Context): Response {
  (c.env as HttpBindings).incoming.socket.destroy();
  c.res = RESPONSE_ALREADY_SENT;
  return RESPONSE_ALREADY_SENT;
}
