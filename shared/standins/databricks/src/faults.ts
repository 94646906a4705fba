import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { invalid } from "./api-error.ts";
import type { App } from "./server.ts";

const rule = z.object({
  method: z.string().optional(),
  path: z.string(),
  status: z.number().int().min(200).max(599).optional(),
  headers: z.record(z.string(), z.string()).optional(),
  body: z.unknown().optional(),
  delay_ms: z.number().int().min(0).max(600_000).optional(),
  /** Do what was asked, then drop the connection: the effect is there and the answer is lost. */
  after_effect: z.boolean().optional(),
  times: z.number().int().positive().default(1),
});

/** Lets tests make the workspace misbehave: `POST /__standin/faults` adds a rule, `DELETE` clears them all. */
export function faults(app: App): void {
  const rules: (z.infer<typeof rule> & { pattern: RegExp })[] = [];
  app.post("/__standin/faults", async (c) => {
    const parsed = rule.safeParse(await c.req.json());
    if (!parsed.success) throw invalid(z.prettifyError(parsed.error));
    let pattern: RegExp;
    try {
      pattern = new RegExp(parsed.data.path);
    } catch (error) {
      throw invalid(`path is not a regular expression: ${(error as Error).message}`);
    }
    rules.push({ ...parsed.data, pattern });
    return c.json({});
  });
  app.delete("/__standin/faults", (c) => {
    rules.length = 0;
    return c.json({});
  });
  app.use("*", async (c, next) => {
    const found = rules.find(
      (r) => (r.method === undefined || r.method.toUpperCase() === c.req.method) && r.pattern.test(c.req.path),
    );
    if (found === undefined) return next();
    if (--found.times <= 0) rules.splice(rules.indexOf(found), 1);
    if (found.delay_ms !== undefined) await sleep(found.delay_ms);
    if (found.after_effect) {
      await next();
      c.env.incoming.socket.destroy();
      return;
    }
    if (found.status === undefined) return next();
    const body = found.body ?? { error_code: "FAULT", message: "A fault that was asked for." };
    return c.body(typeof body === "string" ? body : JSON.stringify(body), found.status as 200, {
      "content-type": "application/json",
      ...found.headers,
    });
  });
}
