import type { BackfillPolicy } from "../asset.ts";
import { UserError } from "../errors.ts";
import type { WorkspaceGraph } from "../graph.ts";
import type { PlannedRun } from "../plan.ts";
import { describePartitions, sameKeys } from "./definition.ts";
import type { WorkspacePartitions } from "./workspace-partitions.ts";

/** Whether one run may make so many partitions of an asset. */
export function fitsPolicy(policy: BackfillPolicy | undefined, count: number): boolean {
  if (policy === "single") return true;
  return count <= (typeof policy === "object" ? policy.chunks : 1);
}

/**
 * Gives the steps of a request the partitions they make. One request makes the same partitions of all its partitioned
 * assets; assets without partitions are made as ever.
 * @throws UserError when partitions are asked of assets that have none, are missing, unknown, of several kinds, or more than
 * one run may make, unless the assets' backfill policies are `overruled`.
 */
export function assignPartitions(
  graph: WorkspaceGraph,
  partitions: WorkspacePartitions,
  plan: readonly PlannedRun[],
  asked: readonly string[],
  overruled = false,
): { runs: PlannedRun[]; partition: string | null } {
  const nodes = plan.flatMap((run) => run.assets.map((key) => graph.assets.get(key)!)).filter((node) => node.partitions);
  const [first] = nodes;
  if (!first) {
    if (asked.length === 0) return { runs: [...plan], partition: null };
    throw new UserError(`partition "${asked.join(",")}": no selected asset has partitions`);
  }
  const firstSpace = partitions.spaceOf(first.key);
  if (asked.length === 0) {
    const [latest] = firstSpace.keys(firstSpace.latest(), { limit: 1 });
    throw new UserError(`asset "${first.key}" has partitions (${describePartitions(first.partitions!)}): which of them?`, {
      hint:
        latest === undefined ? "It has no partitions yet." : `Name one, as in --partition ${latest}; kc backfill makes several.`,
    });
  }
  const other = nodes.find((node) => !sameKeys(node.partitions!, first.partitions!));
  if (other)
    throw new UserError(
      `"${first.key}" (${describePartitions(first.partitions!)}) and "${other.key}" (${describePartitions(other.partitions!)}) have different partitions: one run makes partitions of one kind`,
      { hint: "kc backfill makes each in its own runs, in the order of the lineage." },
    );
  const textOf = new Map<unknown, string>();
  for (const node of nodes) {
    const space = partitions.spaceOf(node.key);
    if (!textOf.has(node.partitions)) textOf.set(node.partitions, space.kept(space.parse(asked)).join(","));
    const count = space.count(space.parse(asked));
    if (!overruled && !fitsPolicy(node.backfill, count))
      throw new UserError(`one run of "${node.key}" makes ${policyText(node.backfill)}, not ${count} partitions`, {
        hint: "kc backfill makes as many runs as it takes.",
      });
  }
  const runs = plan.map((run) => ({
    ...run,
    steps: run.steps.map((step) => {
      const definition = graph.assets.get(step.assets[0]!)!.partitions;
      return definition ? { ...step, partition: textOf.get(definition)! } : step;
    }),
  }));
  return { runs, partition: textOf.get(first.partitions)! };
}

const policyText = (policy: BackfillPolicy | undefined): string =>
  typeof policy === "object" ? `at most ${policy.chunks} partitions` : "one partition";
