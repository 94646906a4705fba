import { z } from "@hono/zod-openapi";
import { checksOf, isEnd, nextTick, type Run, type ScheduleSnapshot } from "@kc/runtime/internal";
import { failuresSchema, settingSchema, timelineSchema } from "../client/overview-schemas.ts";
import { instigators } from "../daemon/instigators.ts";
import type { WebContext } from "./context.ts";
import { failures } from "./failures.ts";
import { type App, count, get, list, none } from "./route.ts";

const hour = 3_600_000;
const day = 24 * hour;
/** Runs and ticks that a picture shows at most. */
const most = 1_000;
/** Ticks of a schedule in a picture. */
const marks = 100;
/** Of failures: runs with their errors, and what each left unmade, by name. */
const mostNamed = 20;

const nextOf = ({ cron, timezone }: ScheduleSnapshot, after: number) => nextTick(cron, timezone, after);
const iso = (at: number): string => new Date(at).toISOString();
const isoOrNull = (at: number | null): string | null => (at === null ? null : iso(at));

/** What was and what is to come on one time axis, what is wrong now, and the settings of the instance. */
export function overviewRoutes(app: App, context: WebContext): void {
  const { workspace, storage, now, settings } = context;
  const standing = failures(context);
  app.openapi(
    get(
      "/api/timeline",
      "Runs of the last hours and the next ticks of schedules, for a picture",
      z.object({ pastMs: count(31 * day), aheadMs: count(7 * day) }),
      timelineSchema,
    ),
    async (c) => {
      const { pastMs = 6 * hour, aheadMs = hour } = c.req.valid("query");
      const at = now();
      const { runs, more } = await runsSince(at - pastMs);
      return c.json(
        {
          from: iso(at - pastMs),
          now: iso(at),
          to: iso(at + aheadMs),
          runs: runs.map((run) => ({
            id: run.id,
            location: run.location,
            status: run.status,
            tags: run.tags,
            title: titleOf(run),
            createdAt: iso(run.createdAt),
            startedAt: isoOrNull(run.startedAt),
            endedAt: isoOrNull(run.endedAt),
            reason: run.reason,
          })),
          more,
          ticks: await ticksUntil(at, at + aheadMs),
        },
        200,
      );
    },
  );

  /** The text of a run says which step failed; why stands in the step. */
  async function errorOf(run: Run): Promise<string | null> {
    const failed = await storage.readEvents({ runId: run.id, types: ["step_failed"], limit: 1 });
    return failed[0]?.error?.message.split("\n", 1)[0] ?? null;
  }

  /** Runs that were going on at any time since the instant (ms), newest first. One that took days may have begun before. */
  async function runsSince(from: number): Promise<{ runs: Run[]; more: boolean }> {
    const runs = await storage.listRuns({ limit: most });
    const shown = runs.filter((run) => (isEnd(run.status) ? (run.endedAt ?? run.createdAt) >= from : true));
    const oldest = runs.at(-1);
    return { runs: shown, more: runs.length === most && oldest!.createdAt >= from };
  }

  async function ticksUntil(from: number, to: number) {
    const ticks: { location: string; name: string; job: string | null; at: number }[] = [];
    for (const { location, definition, running } of await instigators(workspace, storage, "schedule")) {
      if (!running) continue;
      const job = definition.tags["kc/job"] ?? null;
      // One that ticks every minute has no room for a mark each, and must not take that of the others.
      for (let at = nextOf(definition, from); at !== undefined && at <= to; at = nextOf(definition, at + (to - from) / marks))
        ticks.push({ location: location.entry.name, name: definition.name, job, at });
    }
    return ticks
      .sort((a, b) => a.at - b.at)
      .slice(0, 20 * most)
      .map((tick) => ({ ...tick, at: iso(tick.at) }));
  }

  app.openapi(
    get("/api/failures", "Failed runs and backfills that nothing has made good since", none, failuresSchema),
    async (c) => {
      const { runs, backfills, more } = await standing();
      return c.json(
        {
          runs: await Promise.all(
            runs.map(async ({ run, unmade }, index) => ({
              id: run.id,
              location: run.location,
              title: titleOf(run),
              partition: run.partition,
              endedAt: isoOrNull(run.endedAt),
              reason: run.reason,
              error: index < mostNamed ? await errorOf(run) : null,
              unmade: unmade.slice(0, mostNamed),
            })),
          ),
          backfills: backfills.map(({ backfill: { id, title, status, createdAt, endedAt }, unmade }) => ({
            ...{ id, title, status, unmade },
            createdAt: iso(createdAt),
            endedAt: isoOrNull(endedAt),
          })),
          more,
        },
        200,
      );
    },
  );

  app.openapi(get("/api/settings", "The settings of kc.yaml as they count, without secrets", none, list(settingSchema)), (c) =>
    c.json([...settings], 200),
  );
}

function titleOf(run: Run): string {
  const checks = checksOf(run.plan);
  const names = checks.length > 0 ? checks : run.plan.assets;
  return names.length === 1 ? names[0]! : `${names.length} ${checks.length > 0 ? "checks" : "assets"}`;
}
