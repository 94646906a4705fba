import {
  type AssetState,
  type Backfill,
  isEmptySet,
  noPartitions,
  type PartitionSet,
  type PartitionSpace,
  parseCheckName,
  partitionTexts,
  type Run,
  subtractSets,
  unionSets,
} from "@kc/runtime/internal";
import { madeSince } from "../made-since.ts";
import type { WebContext } from "./context.ts";

/** What a failure left unmade: assets, or checks as `key:name`, each with which of its partitions. */
type Unmade = ReadonlyMap<string, PartitionSet>;
/** From when on something counts as made after a failure: the first event about it, and that event's instant (ms). */
type Since = { eventId: number; at: number; began: boolean };

export interface Failures {
  runs: { run: Run; unmade: string[] }[];
  backfills: { backfill: Backfill; unmade: number }[];
  /** There were more failed runs than are looked at: the older ones are left out. */
  more: boolean;
}

const most = 1_000;

/**
 * Failures that stand: nothing has made since, in whichever run, all that a run or backfill was to make and did not. Of
 * several failures of the same the latest stands; what a backfill left unmade is told by the backfill and not by its runs.
 */
export function failures({ workspace, storage, partitions }: Pick<WebContext, "workspace" | "storage" | "partitions">) {
  // What was made good once is never looked at again: a failure that comes later is another run's.
  const good = new Set<string>();

  return async (): Promise<Failures> => {
    const graph = workspace.graph();
    const all = await storage.listRuns({ statuses: ["failed"], limit: most });
    const failed = all.filter((run) => !good.has(run.id) && run.tags["kc/backfill"] === undefined);
    const open = await storage.listBackfills({ statuses: ["running", "paused", "failed"] });
    const partly = open.filter((one) => !good.has(tryOf(one)) && Object.keys({ ...one.failed, ...one.skipped }).length > 0);
    const keys = new Set(
      [
        ...failed.flatMap((run) => run.plan.steps.flatMap((step) => [...step.assets, ...(step.checks ?? []).map(assetOf)])),
        ...partly.flatMap((one) => Object.keys({ ...one.failed, ...one.skipped })),
      ].filter((key) => graph.assets.has(key)),
    );
    const states = await storage.assetStates([...keys]);
    const now = partitions.now();
    const spaces = new Map<string, PartitionSpace>();
    const spaceOf = (key: string): PartitionSpace => {
      const space = spaces.get(key) ?? now.spaceOf(key);
      spaces.set(key, space);
      return space;
    };

    const unmadeAsset = async (key: string, wanted: PartitionSet, since: () => Promise<Since>): Promise<PartitionSet> => {
      const { eventId, at, began } = await since();
      const space = spaceOf(key);
      const state = states.get(key);
      // A step that begins leaves a trace on its asset: where there is none, somebody had it forgotten.
      if (began && !state?.last && !state?.materialization) return noPartitions;
      if (!space.definition) return isMade(state, at) ? noPartitions : wanted;
      const rows = await storage.partitionRows(key, eventId);
      const forgotten = space.read(rows.filter((row) => (row.wipedEventId ?? 0) > eventId).map((row) => row.partition));
      return subtractSets(subtractSets(wanted, madeSince(space, rows, eventId)), forgotten);
    };
    const unmadeCheck = async (name: string, wanted: PartitionSet, since: () => Promise<Since>): Promise<PartitionSet> => {
      const { asset, name: check } = parseCheckName(name);
      const { eventId, at } = await since();
      const space = spaceOf(asset);
      if (!space.definition) return (states.get(asset)?.checks[check]?.at ?? 0) >= at ? noPartitions : wanted;
      const rows = (await storage.checkRows(asset, eventId)).filter((row) => row.check === check);
      return rows.some((row) => row.partition === "")
        ? noPartitions
        : subtractSets(wanted, space.read(rows.map((row) => row.partition)));
    };

    const covered = new Map<string, PartitionSet>();
    const unmadeOf = async (run: Run): Promise<Unmade> => {
      const since = once(() => beginOf(run));
      const unmade = new Map<string, PartitionSet>();
      for (const step of run.plan.steps)
        for (const name of step.checks ?? step.assets) {
          const key = step.checks ? assetOf(name) : name;
          if (!keys.has(key)) continue;
          const space = spaceOf(key);
          const wanted = space.definition && step.partition ? space.read(partitionTexts(step.partition)) : space.all();
          const untold = subtractSets(wanted, covered.get(name) ?? noPartitions);
          if (isEmptySet(untold)) continue;
          const left = await (step.checks ? unmadeCheck : unmadeAsset)(name, untold, since);
          if (!isEmptySet(left)) unmade.set(name, left);
        }
      return unmade;
    };

    const runs: Failures["runs"] = [];
    for (const run of failed) {
      const unmade = await unmadeOf(run);
      for (const [name, set] of unmade) covered.set(name, unionSets(covered.get(name) ?? noPartitions, set));
      if (unmade.size > 0) runs.push({ run, unmade: [...unmade.keys()] });
      else good.add(run.id);
    }
    const backfills: Failures["backfills"] = [];
    for (const backfill of partly) {
      const since = once(() => beginOfBackfill(backfill));
      let unmade = 0;
      for (const key of Object.keys(backfill.targets).filter((one) => keys.has(one))) {
        const space = spaceOf(key);
        const texts = [...(backfill.failed[key] ?? []), ...(backfill.skipped[key] ?? [])];
        const bad = space.definition
          ? space.read(texts)
          : backfill.failed[key] || backfill.skipped[key]
            ? space.all()
            : noPartitions;
        // What was left out never began.
        const began = backfill.failed[key] !== undefined;
        if (!isEmptySet(bad)) unmade += space.count(await unmadeAsset(key, bad, async () => ({ ...(await since()), began })));
      }
      if (unmade > 0) backfills.push({ backfill, unmade });
      else if (backfill.status === "failed") good.add(tryOf(backfill));
    }
    const listed = new Set([...all.map((run) => run.id), ...open.map(tryOf)]);
    for (const one of good) if (!listed.has(one)) good.delete(one);
    return { runs, backfills, more: all.length === most };
  };

  async function beginOf(run: Run): Promise<Since> {
    const [first] = await storage.readEvents({ runId: run.id, limit: 1 });
    const steps = await storage.readEvents({ runId: run.id, types: ["step_started", "step_failed", "step_skipped"], limit: 1 });
    return { eventId: first?.id ?? 0, at: run.startedAt ?? run.createdAt, began: steps.length > 0 };
  }

  async function beginOfBackfill({ id, createdAt }: Backfill): Promise<Since> {
    const [first] = await storage.listRuns({ tags: { "kc/backfill": id }, order: "oldest", limit: 1 });
    return { ...(first ? await beginOf(first) : { eventId: 0, began: false }), at: createdAt };
  }
}

const assetOf = (check: string): string => parseCheckName(check).asset;

/** A backfill that is retried goes on under its id. */
const tryOf = ({ id, round }: Backfill): string => `${id} ${round}`;

/** Whether an asset without partitions was made since, and that is the last that was heard of it. */
function isMade(state: AssetState | undefined, since: number): boolean {
  const { last, materialization } = state ?? {};
  const made = Math.max(last?.status === "succeeded" ? last.at : 0, materialization?.at ?? 0);
  return made >= since && (!last || last.status === "succeeded" || made > last.at);
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask();
    return answer;
  };
}
