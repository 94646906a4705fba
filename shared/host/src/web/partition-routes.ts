import { z } from "@hono/zod-openapi";
import {
  describePartitions,
  didYouMean,
  intersectRanges,
  intersectSets,
  type PartitionRow,
  type PartitionSet,
  type PartitionSpace,
  type Ranges,
  subtractSets,
  UserError,
} from "@kc/runtime/internal";
import {
  assetPartitionsSchema,
  dynamicPartitionsSchema,
  partitionGridSchema,
  partitionSchema,
} from "../client/partition-schemas.ts";
import type { WebContext } from "./context.ts";
import { type App, count, get, list, NotFound, none, post } from "./route.ts";

/** Rows of a grid: more is no picture any more. */
const mostRows = 50;

const statuses = ["materialized", "failed", "in_progress", "missing"] as const;

type Sets = Record<(typeof statuses)[number], PartitionSet>;

const countsOf = (space: PartitionSpace, within: PartitionSet, sets: Sets) => {
  const of = (set: PartitionSet) => space.count(intersectSets(set, within));
  return {
    total: space.count(within),
    materialized: of(sets.materialized),
    failed: of(sets.failed),
    inProgress: of(sets.in_progress),
    missing: of(sets.missing),
  };
};

/** A row cut into at most so many stretches of equal numbers of partitions. */
function stretches(space: PartitionSpace, row: string, ranges: Ranges, cells: number): PartitionSet[] {
  const size = Math.max(1, Math.ceil(space.primary.count(ranges) / Math.max(1, cells)));
  const starts: number[] = [];
  let index = 0;
  for (const position of space.primary.positions(ranges)) if (index++ % size === 0) starts.push(position);
  return starts.map((from, at) => new Map([[row, intersectRanges(ranges, [[from, starts[at + 1] ?? Number.MAX_SAFE_INTEGER]])]]));
}

const statusIn = (sets: Sets, one: PartitionSet) => statuses.find((name) => intersectSets(one, sets[name]).size > 0)!;

/** What is known of one partition: in its own row, and in those of ranges around it. */
function rowsOf(space: PartitionSpace, all: ReadonlyMap<string, PartitionRow>, one: PartitionSet): PartitionRow[] {
  const own = all.get(space.text(one)[0]!);
  const around = [...all.values()].filter(
    (row) => row.partition.includes("...") && intersectSets(space.read([row.partition]), one).size > 0,
  );
  return [...(own ? [own] : []), ...around];
}

/** The row with the latest event of a kind. */
function lastOf(rows: readonly PartitionRow[], eventOf: (row: PartitionRow) => number | undefined): PartitionRow | undefined {
  return rows.reduce<PartitionRow | undefined>(
    (best, row) => ((eventOf(row) ?? 0) > ((best && eventOf(best)) ?? 0) ? row : best),
    undefined,
  );
}

export function partitionRoutes(app: App, { workspace, storage, partitions }: WebContext): void {
  /** The node of a partitioned asset. */
  const find = (key: string) => {
    const node = workspace.graph().assets.get(key);
    if (!node) throw new NotFound(`there is no asset "${key}".${didYouMean(key, workspace.graph().assets.keys())}`);
    if (!node.partitions) throw new UserError(`asset "${key}" has no partitions`);
    return node as typeof node & { partitions: NonNullable<typeof node.partitions> };
  };
  const statusOf = async (key: string) => {
    const space = partitions.now().spaceOf(key);
    const all = space.all();
    const known = await partitions.status(key);
    const open = await storage.listRuns({ asset: key, statuses: ["queued", "starting", "running", "cancelling"], limit: 10_000 });
    const inProgress = intersectSets(partitions.inProgress(open).get(key) ?? new Map(), all);
    const failed = intersectSets(subtractSets(known.failed, inProgress), all);
    const materialized = intersectSets(subtractSets(subtractSets(known.materialized, known.failed), inProgress), all);
    const missing = subtractSets(subtractSets(subtractSets(all, inProgress), failed), materialized);
    const sets: Sets = { materialized, failed, in_progress: inProgress, missing };
    return { space, all, sets };
  };

  app.openapi(
    get(
      "/api/asset/partitions/grid",
      "Partitions of an asset in stretches, for a picture of them",
      z.object({ key: z.string().max(512), cells: count(1_000) }),
      partitionGridSchema,
    ),
    async (context) => {
      const { key, cells } = context.req.valid("query");
      const node = find(key);
      const { space, all, sets } = await statusOf(key);
      const rows = [...all].slice(0, mostRows).map(([name, ranges]) => ({
        name,
        cells: stretches(space, name, ranges, cells ?? 120).map((part) => ({
          first: space.keys(part, { limit: 1 })[0]!,
          last: space.keys(part, { limit: 1, reverse: true })[0]!,
          ...countsOf(space, part, sets),
        })),
      }));
      const moreRows = Math.max(0, all.size - mostRows);
      return context.json(
        { key, description: describePartitions(node.partitions), counts: countsOf(space, all, sets), moreRows, rows },
        200,
      );
    },
  );

  const query = z.object({
    key: z.string().max(512),
    status: z.enum(statuses).optional(),
    within: z.string().max(1_100).optional().openapi({ description: "A key, or first...last" }),
    newest: z.stringbool().optional(),
    offset: count(10_000_000),
    limit: count(10_000),
  });
  app.openapi(
    get("/api/asset/partitions", "Partitions of an asset with their status", query, assetPartitionsSchema),
    async (context) => {
      const { key, status, within, newest, offset, limit } = context.req.valid("query");
      const node = find(key);
      const { space, all: whole, sets } = await statusOf(key);
      const all = within === undefined ? whole : intersectSets(whole, space.parse([within]));
      const { materialized, failed, missing, in_progress: inProgress } = sets;
      const page = space.keys(status ? intersectSets(sets[status], all) : all, {
        offset: offset ?? 0,
        limit: limit ?? 100,
        reverse: newest ?? false,
      });
      const rows = new Map((await storage.partitionRows(key)).map((row) => [row.partition, row]));
      const ranges = (set: PartitionSet) => space.text(set).slice(0, 1_000);
      return context.json(
        {
          key,
          description: describePartitions(node.partitions),
          dimensions: node.partitions.type === "multi" ? Object.keys(node.partitions.dimensions) : [],
          counts: countsOf(space, all, sets),
          ranges: {
            materialized: ranges(materialized),
            failed: ranges(failed),
            inProgress: ranges(inProgress),
            missing: ranges(missing),
          },
          partitions: page.map((one) => {
            const set = space.read([one]);
            const made = lastOf(rowsOf(space, rows, set), (row) => row.materialized?.eventId)?.materialized;
            return {
              key: one,
              status: statusIn(sets, set),
              at: made ? new Date(made.at).toISOString() : null,
              runId: made?.runId ?? null,
              eventId: made?.eventId ?? null,
            };
          }),
        },
        200,
      );
    },
  );

  app.openapi(
    get(
      "/api/asset/partition",
      "One partition of an asset: its latest materialization, and its failure when that came later",
      z.object({ key: z.string().max(512), partition: z.string().max(1_000) }),
      partitionSchema,
    ),
    async (context) => {
      const { key, partition } = context.req.valid("query");
      find(key);
      const { space, sets } = await statusOf(key);
      const set = space.parse([partition]);
      if (space.count(set) !== 1) throw new UserError(`"${partition}" is not one partition`);
      const rows = rowsOf(space, new Map((await storage.partitionRows(key)).map((row) => [row.partition, row])), set);
      const made = lastOf(rows, (row) => row.materialized?.eventId)?.materialized;
      const failed = lastOf(rows, (row) => row.failedEventId ?? undefined)?.failedEventId;
      const eventOf = async (id: number) => (await storage.readEvents({ after: id - 1, limit: 1 })).find((one) => one.id === id);
      const failure = failed && failed > (made?.eventId ?? 0) ? await eventOf(failed) : undefined;
      return context.json(
        {
          key,
          partition,
          status: statusIn(sets, set),
          materialization: made
            ? {
                at: new Date(made.at).toISOString(),
                runId: made.runId,
                eventId: made.eventId,
                metadata: (await eventOf(made.eventId))?.metadata ?? {},
              }
            : null,
          failure: failure
            ? { at: new Date(failure.at).toISOString(), runId: failure.runId ?? null, text: failure.error?.message ?? null }
            : null,
        },
        200,
      );
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
