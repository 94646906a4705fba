import { z } from "@hono/zod-openapi";
import { didYouMean, durationMs } from "@kc/runtime/internal";
import {
  automationMemorySchema,
  evaluationsSchema,
  pauseRequestSchema,
  pauseSchema,
  resumeRequestSchema,
} from "../client/automation-schemas.ts";
import { cursorName } from "../daemon/automation.ts";
import { addPause, endPause, type Pause, pausedAssets, readPauses } from "../daemon/automation-pauses.ts";
import { selectedKeys } from "../locations/selected-keys.ts";
import type { WebContext } from "./context.ts";
import { type App, count, get, list, NotFound, none, post } from "./route.ts";

const iso = (at: number): string => new Date(at).toISOString();

/** Pauses of automation, and the history of an asset's evaluations. */
export function automationRoutes(app: App, { workspace, storage, log, daemon, changes, now }: WebContext): void {
  /** The host that decides may be another one: it hears of it from the log. */
  const tell = async (change: "paused" | "resumed", pauses: readonly Pause[]) => {
    const what = pauses.map((pause) => pause.selection).join(", ");
    await log.append([
      { type: "instigator_changed", at: now(), message: `automation of ${what} ${change}`, fields: { change, selection: what } },
    ]);
    daemon.wake();
    changes.tell("pauses");
  };
  const view = (pause: Pause) => ({
    ...pause,
    until: pause.until === null ? null : iso(pause.until),
    createdAt: iso(pause.createdAt),
    assets: pausedAssets(workspace.graph(), [pause]).size,
  });

  app.openapi(get("/api/pauses", "Pauses of automation that hold now", none, list(pauseSchema)), async (c) =>
    c.json((await readPauses(storage, now())).map(view), 200),
  );
  app.openapi(
    post(
      "/api/pauses",
      "Pause the automation of assets; what becomes due meanwhile is requested after",
      pauseRequestSchema,
      pauseSchema,
    ),
    async (c) => {
      const { selection, for: length, reason, all } = c.req.valid("json");
      selectedKeys(workspace, selection);
      const forMs = length === undefined ? undefined : durationMs(length, "for");
      const pause = await addPause(storage, { selection, forMs, reason, all, now: now() }, workspace.graph());
      await tell("paused", [pause]);
      return c.json(view(pause), 200);
    },
  );
  app.openapi(post("/api/pauses/end", "End pauses by id or selection", resumeRequestSchema, list(pauseSchema)), async (c) => {
    const { what } = c.req.valid("json");
    const names = (await readPauses(storage, now())).map((one) => one.selection);
    const ended = await endPause(storage, what, now());
    if (ended.length === 0) throw new NotFound(`nothing is paused as "${what}".${didYouMean(what, names)}`);
    await tell("resumed", ended);
    return c.json(ended.map(view), 200);
  });
  app.openapi(
    get("/api/automation/memory", "What automation remembers between two evaluations", none, automationMemorySchema),
    async (c) => c.json({ cursor: await storage.getValue(cursorName) }, 200),
  );
  app.openapi(
    get(
      "/api/asset/evaluations",
      "Evaluations of an asset's automation condition that said anything new, newest first",
      z.object({ key: z.string().max(512), before: count(Number.MAX_SAFE_INTEGER), limit: count(200) }),
      evaluationsSchema,
    ),
    async (c) => {
      const { key, before, limit = 50 } = c.req.valid("query");
      const graph = workspace.graph();
      const node = graph.assets.get(key);
      if (!node) throw new NotFound(`there is no asset "${key}".${didYouMean(key, graph.assets.keys())}`);
      const pause = pausedAssets(graph, await readPauses(storage, now())).get(key);
      const rows = await storage.listEvaluations(key, { limit, ...(before === undefined ? {} : { before }) });
      return c.json(
        {
          key,
          condition: node.automation ?? null,
          paused: pause ? view(pause) : null,
          evaluations: rows.map(({ asset: _, at, ...row }) => ({ ...row, at: iso(at), value: row.evaluation.value })),
        },
        200,
      );
    },
  );
}
