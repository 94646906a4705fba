import { z } from "@hono/zod-openapi";
import { didYouMean, type StoredEvent } from "@kc/runtime/internal";
import { checkResultSchema } from "../client/overview-schemas.ts";
import { assetCheckSchema } from "../client/schemas.ts";
import { selectedKeys } from "../locations/selected-keys.ts";
import type { WebContext } from "./context.ts";
import { type App, count, get, list, NotFound } from "./route.ts";
import { viewChecks } from "./views.ts";

/** The checks of the workspace. They are run by POST /api/runs with `checksOnly` or `checks`. */
export function checkRoutes(app: App, { workspace, storage }: WebContext): void {
  app.openapi(
    get(
      "/api/checks",
      "Checks of assets with their latest results",
      z.object({ selection: z.string().max(10_000).optional() }),
      list(assetCheckSchema),
    ),
    async (context) => {
      const graph = workspace.graph();
      const { selection } = context.req.valid("query");
      const keys = selectedKeys(workspace, selection);
      const checked = keys.filter((key) => graph.assets.get(key)!.checks.length > 0);
      const states = await storage.assetStates(checked);
      return context.json(
        checked.flatMap((key) => {
          const node = graph.assets.get(key)!;
          return viewChecks(node, states.get(key)).map((check) => ({ asset: key, location: node.location, ...check }));
        }),
        200,
      );
    },
  );

  app.openapi(
    get(
      "/api/checks/results",
      "Results of a check, newest first",
      z.object({ asset: z.string().max(512), name: z.string().max(512), limit: count(1_000) }),
      list(checkResultSchema),
    ),
    async (context) => {
      const { asset, name, limit = 100 } = context.req.valid("query");
      const graph = workspace.graph();
      const node = graph.assets.get(asset);
      if (!node) throw new NotFound(`there is no asset "${asset}".${didYouMean(asset, graph.assets.keys())}`);
      const names = node.checks.map((check) => check.name);
      if (!names.includes(name)) throw new NotFound(`asset "${asset}" has no check "${name}".${didYouMean(name, names)}`);
      const results = await resultsOf(asset, name, limit);
      return context.json(
        results.map(({ id, at, check, partition, runId, metadata }) => ({
          eventId: id,
          at: new Date(at).toISOString(),
          passed: check!.passed,
          severity: check!.severity,
          description: check!.description ?? null,
          partition: partition ?? null,
          runId: runId ?? null,
          metadata: metadata ?? {},
        })),
        200,
      );
    },
  );

  /** The results of one check among those of its asset, page by page. */
  async function resultsOf(asset: string, name: string, limit: number): Promise<StoredEvent[]> {
    const page = 1_000;
    const found: StoredEvent[] = [];
    for (let before: number | undefined; found.length < limit; ) {
      const events = await storage.readEvents({
        asset,
        types: ["check_result"],
        order: "newest",
        limit: page,
        ...(before === undefined ? {} : { before }),
      });
      for (const event of events) if (event.check?.name === name && found.length < limit) found.push(event);
      if (events.length < page) break;
      before = events.at(-1)!.id;
    }
    return found;
  }
}
