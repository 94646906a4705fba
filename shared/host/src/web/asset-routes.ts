import { z } from "@hono/zod-openapi";
import { didYouMean, formatDuration, freshnessText, type Run } from "@kc/runtime/internal";
import { launchersSchema } from "../client/instigator-schemas.ts";
import { assetDetailSchema, assetSchema } from "../client/schemas.ts";
import { healthInput } from "../health.ts";
import { selectedKeys } from "../locations/selected-keys.ts";
import type { WebContext } from "./context.ts";
import { launchersOf } from "./launchers.ts";
import { type App, get, list, NotFound } from "./route.ts";
import { viewAsset, viewInstigator } from "./views.ts";

export function assetRoutes(app: App, context: WebContext): void {
  const { workspace, storage, partitions, daemon, now } = context;
  const find = (key: string) => {
    const graph = workspace.graph();
    const node = graph.assets.get(key);
    if (!node) throw new NotFound(`there is no asset "${key}".${didYouMean(key, graph.assets.keys())}`);
    return node;
  };
  const openRuns = async (): Promise<Map<string, Run>> => {
    const runs = await storage.listRuns({
      statuses: ["queued", "starting", "running", "cancelling"],
      limit: 1_000,
      order: "oldest",
    });
    const byAsset = new Map<string, Run>();
    for (const run of runs) for (const key of run.plan.assets) if (byAsset.get(key)?.status !== "running") byAsset.set(key, run);
    return byAsset;
  };

  app.openapi(
    get(
      "/api/assets",
      "Assets of the workspace with their present state",
      z.object({ selection: z.string().max(10_000).optional() }),
      list(assetSchema),
    ),
    async (context) => {
      const graph = workspace.graph();
      const { selection } = context.req.valid("query");
      const keys = selectedKeys(workspace, selection);
      const [states, open] = await Promise.all([storage.assetStates(), openRuns()]);
      const nodes = keys.map((key) => graph.assets.get(key)!);
      const views = nodes.map(async (node) =>
        viewAsset(
          await healthInput(partitions, node, states.get(node.key)),
          node,
          workspace.location(node.location),
          open.get(node.key),
        ),
      );
      return context.json(await Promise.all(views), 200);
    },
  );

  app.openapi(
    get("/api/asset", "One asset in detail", z.object({ key: z.string().max(512) }), assetDetailSchema),
    async (context) => {
      const { key } = context.req.valid("query");
      const node = find(key);
      const [states, open, history] = await Promise.all([
        storage.assetStates([key]),
        openRuns(),
        storage.readEvents({ asset: key, types: ["materialization", "unchanged", "observation"], order: "newest", limit: 100 }),
      ]);
      const evaluation = daemon.evaluations.get(key);
      return context.json(
        {
          ...viewAsset(
            await healthInput(partitions, node, states.get(key)),
            node,
            workspace.location(node.location),
            open.get(key),
          ),
          metadata: node.metadata,
          automation: node.automation ?? null,
          evaluation: evaluation ? { at: new Date(evaluation.at).toISOString(), evaluation: evaluation.evaluation } : null,
          freshnessPolicy: node.freshness
            ? {
                ...node.freshness,
                of: node.freshness.of ?? ("any" as const),
                text: freshnessText(node.freshness, formatDuration),
              }
            : null,
          codeVersion: node.codeVersion ?? null,
          resources: node.resources,
          where: node.where ?? null,
          history: history.map((event) => ({
            eventId: event.id,
            at: new Date(event.at).toISOString(),
            type: event.type,
            runId: event.runId ?? null,
            metadata: event.metadata ?? {},
          })),
        },
        200,
      );
    },
  );

  app.openapi(
    get(
      "/api/asset/launchers",
      "What makes an asset by itself: schedules, sensors, automation; and the jobs it is in",
      z.object({ key: z.string().max(512) }),
      launchersSchema,
    ),
    async (c) => {
      const { jobs, by } = await launchersOf(context, find(c.req.valid("query").key));
      return c.json({ jobs, by: by.map((one) => viewInstigator(one, now())) }, 200);
    },
  );
}
