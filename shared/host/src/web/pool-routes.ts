import { z } from "@hono/zod-openapi";
import { UserError } from "@kc/runtime/internal";
import { poolSchema } from "../client/schemas.ts";
import type { Pool } from "../client/types.ts";
import type { PoolState } from "../runs/pools.ts";
import type { WebContext } from "./context.ts";
import { type App, get, list, none, post } from "./route.ts";

/** A pool that neither a setting nor a step names any more. */
const gone = (name: string): Pool => ({
  name,
  slots: null,
  by: "none",
  granularity: "step",
  used: false,
  taken: 0,
  holders: [],
  waiting: [],
});

export function poolRoutes(app: App, { pools, daemon, leadership }: WebContext): void {
  const view = (pool: PoolState) => ({ ...pool, slots: pool.slots ?? null });
  const states = () => pools.states(daemon.going()).map(view);

  app.openapi(get("/api/pools", "Pools with their slots, who holds them and who waits", none, list(poolSchema)), (context) =>
    context.json(states(), 200),
  );

  const body = z.strictObject({
    slots: z
      .number()
      .int()
      .min(0)
      .max(1_000_000)
      .nullable()
      .openapi({ description: "0 pauses the pool; null takes back what was set, so that kc.yaml counts" }),
  });
  app.openapi(post("/api/pools/{name}", "Set the slots of a pool", body, poolSchema), async (context) => {
    const name = context.req.param("name");
    if (!/^[\w./-]{1,100}$/.test(name)) throw new UserError(`"${name}" is no name of a pool`);
    leadership.requireLead("to set a pool");
    const { slots } = context.req.valid("json");
    await pools.set(name, slots ?? undefined);
    const after = states().find((pool) => pool.name === name);
    return context.json(after ?? gone(name), 200);
  });
}
