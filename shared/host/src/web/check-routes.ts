import { z } from "@hono/zod-openapi";
import { assetCheckSchema } from "../client/schemas.ts";
import { selectedKeys } from "../locations/selected-keys.ts";
import type { WebContext } from "./context.ts";
import { type App, get, list } from "./route.ts";
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
}
