import {
  type AssetNode,
  didYouMean,
  type Metadata,
  type NewEvent,
  partitionTexts,
  typedMetadata,
  UserError,
} from "@kc/runtime/internal";
import { reportSchema, wipedSchema, wipeSchema } from "../client/report-schemas.ts";
import { eventSchema } from "../client/schemas.ts";
import { selectedKeys } from "../locations/selected-keys.ts";
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
  const kept = (node: AssetNode, partition: string): string => {
    if (!node.partitions) throw new UserError(`asset "${node.key}" has no partitions: "${partition}" cannot be one`);
    const space = partitions.now().spaceOf(node.key);
    return space.kept(space.parse(partitionTexts(partition))).join(",");
  };

  app.openapi(
    post("/api/events", "Report that an asset was made, seen or checked elsewhere", reportSchema, eventSchema),
    async (context) => {
      const { type, asset, partition, metadata, check } = context.req.valid("json");
      const node = find(asset);
      if (type === "materialization" && node.partitions && !partition)
        throw new UserError(`asset "${asset}" has partitions: which of them was made?`, { hint: "Name it as partition." });
      if ((type === "check") !== (check !== undefined))
        throw new UserError(
          check ? `check belongs to a report of type "check"` : "a report of a check needs check: { name, passed }",
        );
      const event: NewEvent = {
        type: type === "check" ? "check_result" : type,
        at: now(),
        asset,
        ...(partition ? { partition: kept(node, partition) } : {}),
        metadata: typedMetadata(metadata as Metadata | undefined),
        fields: { reported_by: "api" },
        ...(check ? { check: checkOf(node, check) } : {}),
      };
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
      const { selection, partition } = context.req.valid("json");
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
        return partition ? { ...about, partition: kept(find(key), partition) } : about;
      });
      await log.append(events);
      return context.json({ assets: keys, partition: partition ?? null }, 200);
    },
  );
}

function checkOf(
  node: AssetNode,
  check: { name: string; passed: boolean; severity?: "WARN" | "ERROR" | undefined; description?: string | undefined },
): NonNullable<NewEvent["check"]> {
  const known = node.checks.find((one) => one.name === check.name);
  if (!known) {
    const names = node.checks.map((one) => one.name);
    throw new UserError(`asset "${node.key}" has no check "${check.name}".${didYouMean(check.name, names)}`, {
      hint: names.length > 0 ? `It has ${names.slice(0, 10).join(", ")}.` : "It has no checks.",
    });
  }
  const { name, passed, severity = "ERROR", description } = check;
  return { name, passed, severity, blocking: known.blocking, ...(description ? { description } : {}) };
}
