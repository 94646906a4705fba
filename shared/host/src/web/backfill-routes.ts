import { z } from "@hono/zod-openapi";
import { type Backfill, isBackfillEnd, type PartitionsByAsset } from "@kc/runtime/internal";
import { backfillBodySchema, backfillDetailSchema, backfillPlanSchema, backfillSchema } from "../client/partition-schemas.ts";
import type { WebContext } from "./context.ts";
import { type App, count, get, list, NotFound, none, post } from "./route.ts";

export function backfillRoutes(app: App, { backfills, storage, partitions, now }: WebContext): void {
  const counter = () => {
    const present = partitions.now();
    return (key: string, texts: readonly string[] | undefined): number => {
      if (!texts) return 0;
      const space = present.spaceOf(key);
      return space.definition ? space.count(space.read(texts)) : 1;
    };
  };
  const assetsOf = (one: Backfill) => {
    const countOf = counter();
    const of = (all: PartitionsByAsset, key: string) => countOf(key, all[key]);
    return Object.keys(one.targets).map((key) => {
      const [done, failed, skipped] = [of(one.done, key), of(one.failed, key), of(one.skipped, key)];
      const inProgress = Math.max(0, of(one.requested, key) - done - failed - skipped);
      return {
        key,
        total: of(one.targets, key),
        done,
        failed,
        skipped,
        inProgress: isBackfillEnd(one.status) ? 0 : inProgress,
        failedPartitions: (one.failed[key] ?? []).slice(0, 1_000),
        skippedPartitions: (one.skipped[key] ?? []).slice(0, 1_000),
      };
    });
  };
  const view = (one: Backfill) => {
    const assets = assetsOf(one);
    const sum = (field: "total" | "done" | "failed" | "skipped" | "inProgress") =>
      assets.reduce((total, asset) => total + asset[field], 0);
    const progress = {
      total: sum("total"),
      done: sum("done"),
      failed: sum("failed"),
      skipped: sum("skipped"),
      inProgress: sum("inProgress"),
    };
    const ended = progress.done + progress.failed + progress.skipped;
    const etaMs =
      one.status === "running" && ended > 0
        ? Math.round(((now() - one.createdAt) / ended) * Math.max(0, progress.total - ended))
        : null;
    const { id, status, title, policy, tags, reason, runs, open } = one;
    const times = {
      createdAt: new Date(one.createdAt).toISOString(),
      endedAt: one.endedAt === null ? null : new Date(one.endedAt).toISOString(),
    };
    return { id, status, title, policy, tags, reason, runs, open: open.slice(0, 1_000), ...times, progress, etaMs, assets };
  };
  const short = (one: Backfill) => {
    const { assets: _, ...rest } = view(one);
    return rest;
  };

  app.openapi(
    get("/api/backfills", "Backfills, newest first", z.object({ limit: count(1_000) }), list(backfillSchema)),
    async (context) =>
      context.json((await storage.listBackfills({ limit: context.req.valid("query").limit ?? 100 })).map(short), 200),
  );
  app.openapi(
    post("/api/backfills/plan", "What a backfill would make, without starting it", backfillBodySchema, backfillPlanSchema),
    async (context) => context.json(await backfills.plan(context.req.valid("json")), 200),
  );
  app.openapi(post("/api/backfills", "Start a backfill", backfillBodySchema, backfillSchema), async (context) =>
    context.json(short(await backfills.start(context.req.valid("json"))), 200),
  );
  app.openapi(
    get("/api/backfills/{id}", "One backfill with the progress of each asset", none, backfillDetailSchema),
    async (context) => {
      const id = context.req.param("id");
      const found = await storage.getBackfill(id);
      if (!found) throw new NotFound(`there is no backfill "${id}"`);
      return context.json(view(found), 200);
    },
  );
  for (const [what, summary] of [
    ["pause", "Request nothing more until it is resumed; runs go on"],
    ["resume", "Go on with a paused backfill"],
    ["cancel", "Cancel a backfill and its runs"],
    ["retry", "Ask again for what failed and for what was left out for it"],
  ] as const)
    app.openapi(post(`/api/backfills/{id}/${what}`, summary, none, backfillSchema), async (context) =>
      context.json(short(await backfills.control(context.req.param("id")!, what)), 200),
    );
}
