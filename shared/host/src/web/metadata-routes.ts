import { z } from "@hono/zod-openapi";
import { didYouMean, UserError } from "@kc/runtime/internal";
import { seriesSchema } from "../client/report-schemas.ts";
import { readSeries } from "../runs/series.ts";
import type { WebContext } from "./context.ts";
import { type App, get, NotFound } from "./route.ts";

/** Numbers of metadata over time. */
export function metadataRoutes(app: App, { workspace, storage }: WebContext): void {
  const query = z.object({
    key: z.string().max(512),
    name: z.string().min(1).max(200),
    limit: z.coerce.number().int().min(1).max(1_000).default(100),
  });
  app.openapi(
    get("/api/asset/series", "A number of an asset's metadata over its materializations, oldest first", query, seriesSchema),
    async (context) => {
      const { key, name, limit } = context.req.valid("query");
      const { assets } = workspace.graph();
      if (!assets.has(key)) throw new NotFound(`there is no asset "${key}".${didYouMean(key, assets.keys())}`);
      const points = await readSeries(storage, key, name, limit);
      if (points.length === 0) {
        const known = (await storage.assetStates([key])).get(key)?.materialization?.metadata ?? {};
        const numbers = Object.entries(known).flatMap(([name, { value }]) => (typeof value === "number" ? [name] : []));
        if (numbers.length > 0)
          throw new UserError(`asset "${key}" has no number "${name}" in its metadata.${didYouMean(name, numbers)}`, {
            hint: `It has ${numbers.join(", ")}.`,
          });
      }
      return context.json(
        {
          key,
          name,
          points: points.map(({ at, partition, ...point }) => ({
            ...point,
            at: new Date(at).toISOString(),
            partition: partition ?? null,
          })),
        },
        200,
      );
    },
  );
}
