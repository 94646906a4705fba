import {
  type Backfill,
  intersectSets,
  isCancelled,
  isEmptySet,
  noPartitions,
  type PartitionSet,
  type PartitionsByAsset,
  partitionTexts,
  type Run,
  type Storage,
  type StoredEvent,
  subtractSets,
  type WorkspacePartitions,
} from "@kc/runtime/internal";
import type { BackfillDraft } from "./backfill-draft.ts";

/** How often a backfill asks again by itself for a partition whose run broke off only because kc was stopped or killed. */
export const mostTries = 3;

export function setOf(partitions: WorkspacePartitions, key: string, texts: readonly string[] | undefined): PartitionSet {
  const space = partitions.spaceOf(key);
  if (!texts) return noPartitions;
  return space.definition ? space.read(texts) : space.all();
}

/** `left`: not made, and as if never asked for. `again`: the same, because kc itself broke it off. */
type Fate = "done" | "failed" | "skipped" | "left" | "again";

/**
 * Takes in that one of the backfill's runs has ended.
 * @param end.retried The instance runs failed runs again by itself: then the backfill does not.
 * @param end.goesOn A retry has taken its place, or is to come: what it did not make is not lost yet.
 */
export async function takeEnd(
  storage: Pick<Storage, "getRun" | "readEvents">,
  partitions: WorkspacePartitions,
  draft: BackfillDraft,
  run: Run,
  { retried, goesOn }: { retried: boolean; goesOn: boolean },
): Promise<void> {
  const types = ["step_succeeded", "step_failed", "step_skipped"] as const;
  const ends = new Map<string, StoredEvent>();
  for (const event of await storage.readEvents({ runId: run.id, types: [...types], limit: 100_000 }))
    if (event.asset) ends.set(event.asset, event);
  const broken = !retried && (await brokeOff(storage, run));
  for (const step of run.plan.steps)
    for (const asset of step.assets) {
      if (goesOn && ends.get(asset)?.type !== "step_succeeded") continue;
      const fate = fateOf(ends.get(asset), run, broken, draft.status === "cancelling");
      takeFate(draft, asset, setOf(partitions, asset, partitionTexts(step.partition)), fate);
    }
}

function fateOf(end: StoredEvent | undefined, run: Run, broken: boolean, cancelling: boolean): Fate {
  if (end?.type === "step_succeeded") return "done";
  if (end?.type === "step_failed" && !isCancelled(end) && !(broken && end.fields?.crashed)) return "failed";
  // With the backfill nothing of it is wanted any more; a single run that was cancelled is left out of it.
  if (cancelling && run.status !== "failed") return "left";
  if (run.status === "cancelled") return "skipped";
  if (broken) return cancelling ? "left" : "again";
  return end?.type === "step_skipped" ? "skipped" : "failed";
}

/** Whether a run, or one it needed, failed only because kc or its worker was stopped or killed. */
async function brokeOff(storage: Pick<Storage, "getRun" | "readEvents">, run: Run): Promise<boolean> {
  if (run.status === "failed") {
    const ends = await storage.readEvents({ runId: run.id, types: ["run_failed"], limit: 10 });
    return ends.some((event) => event.fields?.crashed === true);
  }
  if (run.status !== "skipped") return false;
  for (const id of run.needs) {
    const needed = await storage.getRun(id);
    if (needed && (await brokeOff(storage, needed))) return true;
  }
  return false;
}

function takeFate(draft: BackfillDraft, asset: string, set: PartitionSet, fate: Fate): void {
  let spent = noPartitions;
  if (fate === "again") {
    spent = intersectSets(set, draft.get(mostTries - 1, asset));
    const rest = subtractSets(set, spent);
    for (let level = mostTries - 1; level >= 0; level--)
      draft.add(level, asset, level === 0 ? rest : intersectSets(rest, draft.get(level - 1, asset)));
  }
  for (const field of ["done", "failed", "skipped"] as const)
    if (field === fate) draft.add(field, asset, set);
    else draft.remove(field, asset, set);
  draft.add("failed", asset, spent);
  if (fate === "left" || fate === "again") draft.remove("requested", asset, subtractSets(set, spent));
}

/** How often any of what is asked for now was broken off before: part of the request's key. */
export function triesOf(
  partitions: WorkspacePartitions,
  { tries = [] }: Backfill,
  request: { assets: readonly string[]; partition: string | null },
): number {
  const meets = (level: PartitionsByAsset) =>
    request.assets.some((key) => {
      const asked = setOf(partitions, key, partitionTexts(request.partition));
      return !isEmptySet(intersectSets(setOf(partitions, key, level[key]), asked));
    });
  return tries.findLastIndex(meets) + 1;
}
