import { z } from "@hono/zod-openapi";
import {
  describePartitions,
  didYouMean,
  intersectSets,
  type PartitionRow,
  type PartitionSet,
  subtractSets,
  UserError,
} from "@kc/runtime/internal";
import { assetPartitionsSchema, dynamicPartitionsSchema } from "../client/partition-schemas.ts";
import type { WebContext } from "./context.ts";
import { type App, count, get, list, NotFound, none, post } from "./route.ts";

const statuses = ["materialized", "failed", "in_progress", "missing"] as const;

export function partitionRoutes(app: App, { workspace, storage, partitions }: WebContext): void {
  const query = z.object({
    key: z.string().max(512),
    status: z.enum(statuses).optional(),
    newest: z.stringbool().optional(),
    offset: count(10_000_000),
    limit: count(10_000),
  });
  app.openapi(
    get("/api/asset/partitions", "Partitions of an asset with their status", query, assetPartitionsSchema),
    async (context) => {
      const { key, status, newest, offset, limit } = context.req.valid("query");
      const node = workspace.graph().assets.get(key);
      if (!node) throw new NotFound(`there is no asset "${key}".${didYouMean(key, workspace.graph().assets.keys())}`);
      if (!node.partitions) throw new UserError(`asset "${key}" has no partitions`);
      const space = partitions.now().spaceOf(key);
      const all = space.all();
      const known = await partitions.status(key);
      const open = await storage.listRuns({
        asset: key,
        statuses: ["queued", "starting", "running", "cancelling"],
        limit: 10_000,
      });
      const inProgress = intersectSets(partitions.inProgress(open).get(key) ?? new Map(), all);
      const failed = intersectSets(subtractSets(known.failed, inProgress), all);
      const materialized = intersectSets(subtractSets(subtractSets(known.materialized, known.failed), inProgress), all);
      const missing = subtractSets(subtractSets(subtractSets(all, inProgress), failed), materialized);
      const sets: Record<(typeof statuses)[number], PartitionSet> = { materialized, failed, in_progress: inProgress, missing };
      const page = space.keys(status ? sets[status] : all, {
        offset: offset ?? 0,
        limit: limit ?? 100,
        reverse: newest ?? false,
      });
      const rows = new Map((await storage.partitionRows(key)).map((row) => [row.partition, row]));
      const statusOf = (set: PartitionSet) => statuses.find((name) => intersectSets(set, sets[name]).size > 0)!;
      const ranges = (set: PartitionSet) => space.text(set).slice(0, 1_000);
      return context.json(
        {
          key,
          description: describePartitions(node.partitions),
          dimensions: node.partitions.type === "multi" ? Object.keys(node.partitions.dimensions) : [],
          counts: {
            total: space.count(all),
            materialized: space.count(materialized),
            failed: space.count(failed),
            inProgress: space.count(inProgress),
            missing: space.count(missing),
          },
          ranges: {
            materialized: ranges(materialized),
            failed: ranges(failed),
            inProgress: ranges(inProgress),
            missing: ranges(missing),
          },
          partitions: page.map((one) => {
            const made = rowOf(rows, space.read([one]), space.read)?.materialized;
            return {
              key: one,
              status: statusOf(space.read([one])),
              at: made ? new Date(made.at).toISOString() : null,
              runId: made?.runId ?? null,
              eventId: made?.eventId ?? null,
            };
          }),
        },
        200,
      );

      /** The row of a key: its own, or that of the latest range around it. */
      function rowOf(all: ReadonlyMap<string, PartitionRow>, set: PartitionSet, read: (texts: string[]) => PartitionSet) {
        const [one] = space.text(set);
        const own = all.get(one!);
        const around = [...all.values()].filter(
          (row) => row.partition.includes("...") && intersectSets(read([row.partition]), set).size > 0,
        );
        return [...(own ? [own] : []), ...around]
          .filter((row) => row.materialized)
          .sort((a, b) => b.materialized!.eventId - a.materialized!.eventId)[0];
      }
    },
  );

  app.openapi(get("/api/partitions", "Dynamic partitions with their keys", none, list(dynamicPartitionsSchema)), (context) =>
    context.json(
      partitions.dynamic().map(({ name, keys, assets }) => ({ name, keys: [...keys], assets })),
      200,
    ),
  );

  const keys = z.array(z.string().max(300)).max(100_000).optional();
  const changed = z.object({ added: z.array(z.string()), deleted: z.array(z.string()) });
  app.openapi(
    post(
      "/api/partitions",
      "Add and delete keys of dynamic partitions",
      z.strictObject({ name: z.string(), add: keys, delete: keys }),
      changed,
    ),
    async (context) => {
      const { name, add, delete: gone } = context.req.valid("json");
      return context.json(await partitions.change(name, { ...(add ? { add } : {}), ...(gone ? { delete: gone } : {}) }), 200);
    },
  );
}
