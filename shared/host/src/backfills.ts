import {
  type Backfill,
  type BackfillGroup,
  type BackfillPolicy,
  type BackfillScope,
  backfillGroups,
  backfillTargets,
  type Clock,
  decideBackfill,
  didYouMean,
  isBackfillEnd,
  isEmptySet,
  kindsOf,
  newBackfill,
  type PartitionSet,
  type Storage,
  subtractSets,
  UserError,
} from "@kc/runtime/internal";
import { selectedKeys } from "./locations/selected-keys.ts";
import type { Workspace } from "./locations/workspace.ts";
import type { EventLog } from "./log.ts";
import type { LivePartitions } from "./partitions.ts";
import { newId } from "./runs/submit.ts";

export interface BackfillRequestBody {
  selection: string;
  /** Keys and ranges `first...last` of the most upstream assets. */
  partitions?: readonly string[] | undefined;
  scope?: "all" | "latest" | undefined;
  /** Of those, only the partitions that were never made, or whose latest try failed. */
  only?: "missing" | "failed" | undefined;
  policy?: BackfillPolicy | undefined;
  tags?: Record<string, string> | undefined;
  config?: Record<string, unknown> | undefined;
  maxRuns?: number | undefined;
}

/** What a backfill would make: partitions by asset, and in how many requests the first of them start. */
export interface BackfillPlan {
  assets: { key: string; count: number; partitions: string[] }[];
  partitions: number;
  groups: BackfillGroup[];
  /** Runs of all groups when nothing fails. */
  runs: number;
  /** Requests that could start at once, up to 1,000. */
  first: { assets: string[]; partition: string | null }[];
}

export interface Backfills {
  /** @throws UserError when nothing is to be made or what is asked for does not fit. */
  plan(body: BackfillRequestBody): Promise<BackfillPlan>;
  start(body: BackfillRequestBody): Promise<Backfill>;
  /** @throws UserError when it has ended (or, for `retry`, has not) and when there is none. */
  control(id: string, what: "pause" | "resume" | "cancel" | "retry"): Promise<Backfill>;
}

export function backfills(deps: {
  workspace: Workspace;
  storage: Storage;
  log: EventLog;
  clock: Clock;
  partitions: LivePartitions;
}): Backfills {
  const { workspace, storage, log, clock, partitions } = deps;

  async function targetsOf(body: BackfillRequestBody): Promise<Map<string, PartitionSet>> {
    const graph = workspace.graph();
    const keys = selectedKeys(workspace, body.selection);
    if (keys.length === 0) throw new UserError(`the selection "${body.selection}" names no asset`);
    const wrong = workspace.problems().find((one) => one.kind === "partitions" && one.assets.some((key) => keys.includes(key)));
    if (wrong) throw new UserError(wrong.message);
    const scope: BackfillScope = body.partitions?.length ? { partitions: body.partitions } : (body.scope ?? "all");
    const targets = backfillTargets(graph, partitions.now(), keys, scope);
    for (const [key, set] of targets) {
      let wanted = set;
      if (body.only && graph.assets.get(key)!.partitions) {
        const { materialized, failed } = await partitions.status(key);
        wanted = body.only === "missing" ? subtractSets(set, materialized) : subtractSets(set, subtractSets(set, failed));
      }
      if (isEmptySet(wanted)) targets.delete(key);
      else targets.set(key, wanted);
    }
    if (![...targets.keys()].some((key) => graph.assets.get(key)!.partitions))
      throw new UserError("there is nothing to make: no partition of the selected assets is left");
    return targets;
  }

  async function prepare(body: BackfillRequestBody): Promise<Backfill> {
    const targets = await targetsOf(body);
    const now = clock.now();
    const kept = [...targets].map(([key, set]) => {
      const space = partitions.now().spaceOf(key);
      return [key, space.definition ? space.kept(set) : []] as const;
    });
    return newBackfill({
      id: newId(now),
      title: body.selection,
      targets: Object.fromEntries(kept),
      kinds: kindsOf(workspace.graph(), [...targets.keys()]),
      createdAt: now,
      ...(body.policy ? { policy: body.policy } : {}),
      ...(body.tags ? { tags: body.tags } : {}),
      ...(body.config ? { config: body.config } : {}),
      ...(body.maxRuns ? { maxRuns: body.maxRuns } : {}),
    });
  }

  return {
    async plan(body) {
      const backfill = await prepare(body);
      const graph = workspace.graph();
      const now = partitions.now();
      const assets = Object.entries(backfill.targets).map(([key, texts]) => {
        const space = now.spaceOf(key);
        const set = space.definition ? space.read(texts) : space.all();
        return { key, count: space.count(set), partitions: space.definition ? space.text(set) : [] };
      });
      const { requests } = decideBackfill({ backfill, graph, partitions: now, limit: 1_000 });
      const groups = backfillGroups({ backfill, graph, partitions: now });
      const sum = (counts: number[]) => counts.reduce((total, one) => total + one, 0);
      return {
        assets,
        partitions: sum(assets.map((one) => one.count)),
        groups,
        runs: sum(groups.map((one) => one.runs)),
        first: requests,
      };
    },
    async start(body) {
      const backfill = await prepare(body);
      await storage.createBackfill(backfill);
      await tellBackfill(log, backfill, clock.now());
      return backfill;
    },
    async control(id, what) {
      const found = await storage.getBackfill(id);
      if (!found) {
        const ids = (await storage.listBackfills()).map((one) => one.id);
        throw new UserError(`there is no backfill "${id}".${didYouMean(id, ids)}`, { hint: "kc backfill list shows them." });
      }
      const ended = isBackfillEnd(found.status);
      if (what === "retry" ? !ended : ended)
        throw new UserError(`backfill ${id} ${ended ? "has ended: it is" : "goes on: it is"} ${found.status}`, {
          hint: what === "retry" ? "Retry it when it has ended." : "kc backfill retry asks again for what failed.",
        });
      const again = Object.keys({ ...found.failed, ...found.skipped });
      if (!ended && what !== "retry") refuseRepeated(found, what);
      if (what === "retry" && again.length === 0 && found.status !== "cancelled")
        throw new UserError(`nothing of backfill ${id} failed: there is nothing to retry`);
      const changed = await storage.updateBackfill(id, (one) => {
        if (isBackfillEnd(one.status) !== ended) return one;
        if (what === "retry") return retried(one);
        if (what === "cancel") return { ...one, status: "cancelling" };
        return one.status === "cancelling" ? one : { ...one, status: what === "pause" ? "paused" : "running" };
      });
      await tellBackfill(log, changed!, clock.now());
      return changed!;
    },
  };

  /** What failed, or was left out for it, counts as never asked for. */
  function retried(one: Backfill): Backfill {
    const now = partitions.now();
    const requested = Object.fromEntries(
      Object.entries(one.requested).map(([key, texts]) => {
        const space = now.spaceOf(key);
        const gone = [...(one.failed[key] ?? []), ...(one.skipped[key] ?? [])];
        if (!space.definition) return [key, one.failed[key] || one.skipped[key] ? undefined : texts];
        return [key, space.kept(subtractSets(space.read(texts), space.read(gone)))];
      }),
    );
    const kept = Object.fromEntries(
      Object.entries(requested).filter(([, texts]) => texts !== undefined),
    ) as Backfill["requested"];
    return {
      ...one,
      status: "running",
      requested: kept,
      failed: {},
      skipped: {},
      tries: [],
      round: one.round + 1,
      endedAt: null,
      reason: null,
    };
  }
}

/** @throws UserError when it is already as it is asked to be, or is being cancelled. */
function refuseRepeated({ id, status }: Backfill, what: "pause" | "resume" | "cancel"): void {
  if (status === "cancelling") throw new UserError(`backfill ${id} is being cancelled already`);
  if (what === "pause" && status === "paused")
    throw new UserError(`backfill ${id} is paused already`, { hint: `kc backfill resume ${id} goes on with it.` });
  if (what === "resume" && status === "running") throw new UserError(`backfill ${id} is running: it is not paused`);
}

/** Wakes whoever shows or carries out backfills. */
export const tellBackfill = (log: EventLog, { id, status, reason }: Backfill, at: number) =>
  log.append([{ type: "backfill", at, fields: { id, status }, ...(reason ? { message: reason } : {}) }]);
