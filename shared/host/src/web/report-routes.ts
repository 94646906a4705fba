import { type AssetNode, didYouMean, type Metadata, type NewEvent, UserError } from "@kc/runtime/internal";
import { reportSchema, wipedSchema, wipeSchema } from "../client/report-schemas.ts";
import { eventSchema } from "../client/schemas.ts";
import { selectedKeys } from "../locations/selected-keys.ts";
import { keptPartition, reportedEvent } from "../reports.ts";
import type { WebContext } from "./context.ts";
import { type App, NotFound, post } from "./route.ts";
import { viewEvent } from "./views.ts";

/** What people and other systems say of assets: made or seen elsewhere, checked elsewhere, or to be forgotten. */
export function reportRoutes(app: App, { workspace, storage, partitions, log, now }: WebContext): void {
  const find = (key: string): AssetNode => {
    const node = workspace.graph().assets.get(key);
    if (!node) throw new NotFound(`there is no asset "${key}".${didYouMean(key, workspace.graph().assets.keys())}`);
    return node;
  };
  app.openapi(
    post("/api/events", "Report that an asset was made, seen or checked elsewhere", reportSchema, eventSchema),
    async (context) => {
      const { metadata, ...report } = context.req.valid("json");
      find(report.asset);
      const told = { ...report, metadata: metadata as Metadata | undefined };
      const event = reportedEvent({ graph: workspace.graph(), partitions }, told, { at: now(), by: "api" });
      const [stored] = await log.append([event]);
      return context.json(viewEvent(stored!), 200);
    },
  );

  app.openapi(
    post(
      "/api/assets/wipe",
      "Forget what is known of assets or of some of their partitions: materializations, failures, check results. Their data is not touched",
      wipeSchema,
      wipedSchema,
    ),
    async (context) => {
      const { selection, partition, dryRun } = context.req.valid("json");
      const keys = selectedKeys(workspace, selection);
      if (keys.length === 0) throw new UserError("the selection names no asset");
      const open = await storage.listRuns({ statuses: ["starting", "running", "cancelling"], limit: 1_000 });
      for (const key of keys) {
        const run = open.find((one) => one.plan.assets.includes(key));
        if (run) throw new UserError(`run ${run.id} is making "${key}"`, { hint: "Wait for its end or cancel it." });
      }
      const at = now();
      const events = keys.map((key): NewEvent => {
        const about = { type: "wiped" as const, at, asset: key, fields: { by: "api" } };
        return partition ? { ...about, partition: keptPartition(find(key), partition, partitions) } : about;
      });
      if (!dryRun) await log.append(events);
      return context.json({ assets: keys, partition: partition ?? null }, 200);
    },
  );
}
