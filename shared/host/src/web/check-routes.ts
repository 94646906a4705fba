import { z } from "@hono/zod-openapi";
import {
  type AssetNode,
  type CheckRow,
  checkRowAt,
  didYouMean,
  type PartitionSpace,
  partitionTexts,
  type StoredEvent,
} from "@kc/runtime/internal";
import { checkResultSchema } from "../client/overview-schemas.ts";
import { assetCheckSchema, checkPartitionsSchema } from "../client/schemas.ts";
import { healthInput } from "../health.ts";
import { selectedKeys } from "../locations/selected-keys.ts";
import type { WebContext } from "./context.ts";
import { type App, count, get, list, NotFound } from "./route.ts";
import { viewCheckRow, viewChecks } from "./views.ts";

/** The checks of the workspace. They are run by POST /api/runs with `checksOnly` or `checks`. */
export function checkRoutes(app: App, { workspace, storage, partitions }: WebContext): void {
  /** The results that count for the partitions asked about, by check; undefined where the asset has none of them. */
  const resultsAt = async (node: AssetNode, asked: readonly string[]): Promise<Map<string, CheckRow> | undefined> => {
    if (!node.partitions) return undefined;
    const space = partitions.now().spaceOf(node.key);
    const set = space.read(asked);
    if (set.size === 0) return undefined;
    const rows = await storage.checkRows(node.key);
    return new Map(node.checks.flatMap(({ name }) => rowOf(space, rows, name, set)));
  };

  app.openapi(
    get(
      "/api/checks",
      "Checks of assets with their latest results; with a partition, the results that count for it",
      z.object({ selection: z.string().max(10_000).optional(), partition: z.string().max(10_000).optional() }),
      list(assetCheckSchema),
    ),
    async (context) => {
      const graph = workspace.graph();
      const { selection, partition } = context.req.valid("query");
      const keys = selectedKeys(workspace, selection);
      const checked = keys.filter((key) => graph.assets.get(key)!.checks.length > 0);
      const states = await storage.assetStates(checked);
      const views = checked.map(async (key) => {
        const node = graph.assets.get(key)!;
        const { state, checks } = await healthInput(partitions, node, states.get(key));
        const at = partition ? await resultsAt(node, partitionTexts(partition)) : undefined;
        if (partition && !at) return [];
        return viewChecks(node, state, checks).map((check) => {
          const row = at?.get(check.name);
          return { asset: key, location: node.location, ...check, ...(at ? { result: row ? viewCheckRow(row) : null } : {}) };
        });
      });
      return context.json((await Promise.all(views)).flat(), 200);
    },
  );

  app.openapi(
    get(
      "/api/checks/partitions",
      "Results of an asset's checks by partition, the newest first",
      z.object({
        key: z.string().max(512),
        check: z.string().max(200).optional(),
        failed: z.enum(["true", "false"]).optional(),
        limit: count(10_000),
      }),
      checkPartitionsSchema,
    ),
    async (context) => {
      const { key, check, failed, limit = 1_000 } = context.req.valid("query");
      const node = workspace.graph().assets.get(key);
      if (!node) throw new NotFound(`there is no asset "${key}".${didYouMean(key, workspace.graph().assets.keys())}`);
      const names = new Set(node.checks.map(({ name }) => name));
      if (check !== undefined && !names.has(check))
        throw new NotFound(`asset "${key}" has no check "${check}".${didYouMean(check, names)}`);
      const rows = (await storage.checkRows(key))
        .filter((row) => names.has(row.check) && (!check || row.check === check) && (failed !== "true" || !row.passed))
        .sort((a, b) => b.eventId - a.eventId);
      return context.json(
        { total: rows.length, results: rows.slice(0, limit).map((row) => ({ check: row.check, ...viewCheckRow(row) })) },
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

function rowOf(
  space: PartitionSpace,
  rows: readonly CheckRow[],
  name: string,
  set: ReturnType<PartitionSpace["read"]>,
): [string, CheckRow][] {
  const row = checkRowAt(space, rows, name, set);
  return row ? [[name, row]] : [];
}
