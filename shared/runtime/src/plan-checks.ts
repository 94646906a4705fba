import { didYouMean, UserError } from "./errors.ts";
import type { AssetNode, WorkspaceGraph } from "./graph.ts";
import { describePartitions } from "./partition/definition.ts";
import type { WorkspacePartitions } from "./partition/workspace-partitions.ts";
import type { PlannedRun, PlannedStep } from "./plan.ts";

/** A check as a person names it: `key:name`. The key of an asset has no colon, the name of a check may. */
export function parseCheckName(text: string): { asset: string; name: string } {
  const at = text.indexOf(":");
  if (at < 1 || at === text.length - 1)
    throw new UserError(`"${text}" names no check`, { hint: "Write the asset's key and the check's name: orders:not_null." });
  return { asset: text.slice(0, at), name: text.slice(at + 1) };
}

export const checkNameOf = (asset: string, name: string): string => `${asset}:${name}`;

/** The assets that a run's checks are about, apart from those it makes. */
export function checkedAssets(plan: Pick<PlannedRun, "steps">): string[] {
  return [...new Set(plan.steps.flatMap((step) => (step.checks ?? []).map((check) => parseCheckName(check).asset)))];
}

/** The checks that runs carry out without making anything, as `key:name`. */
export const checksOf = (plan: Pick<PlannedRun, "steps">): string[] => plan.steps.flatMap((step) => step.checks ?? []);

/**
 * One run per location that carries out checks with code of their own and makes nothing: one step per asset, none of which
 * needs another. The latest materialization is what they look at.
 * @param keys Assets all of whose checks run.
 * @param names Checks by themselves, as `key:name`.
 * @throws UserError when a check does not exist or is reported by its asset's step, or when there is none.
 */
export function planChecks(
  graph: WorkspaceGraph,
  keys: readonly string[],
  names: readonly string[],
  partition?: { of: WorkspacePartitions; asked: readonly string[] },
): { runs: PlannedRun[]; partition: string | null } {
  const wanted = new Map<string, Set<string>>();
  const want = (asset: string, name: string) => wanted.set(asset, (wanted.get(asset) ?? new Set()).add(name));
  for (const key of keys) for (const check of graph.assets.get(key)!.checks) if (check.by === "code") want(key, check.name);
  for (const text of names) {
    const { asset, name } = parseCheckName(text);
    want(asset, requireCheck(graph, asset, name));
  }
  if (wanted.size === 0) {
    const byStep = keys.find((key) => graph.assets.get(key)!.checks.length > 0);
    throw new UserError(
      keys.length === 0 ? "the selection names no asset" : "no selected asset has a check with code of its own",
      {
        hint: byStep
          ? `The checks of "${byStep}" are reported by the step that makes it: kc materialize ${byStep}.`
          : "kc list checks shows all of them.",
      },
    );
  }
  const assets = graph.order.filter((key) => wanted.has(key)).map((key) => graph.assets.get(key)!);
  const texts = partition ? partitionTextsOf(assets, partition) : new Map<string, string>();
  const locations = Map.groupBy(assets, (node) => node.location);
  const runs = [...locations].map(([location, nodes]): PlannedRun => {
    const steps = nodes.map((node): PlannedStep => {
      const name = `check:${node.key}`;
      const text = texts.get(node.key);
      const checks = [...wanted.get(node.key)!].map((check) => checkNameOf(node.key, check));
      return { key: name, name, assets: [], needs: [], checks, ...(text ? { partition: text } : {}) };
    });
    return { location, assets: [], steps, needs: [] };
  });
  return { runs, partition: [...texts.values()][0] ?? null };
}

function requireCheck(graph: WorkspaceGraph, asset: string, name: string): string {
  const node = graph.assets.get(asset);
  if (!node)
    throw new UserError(`check "${asset}:${name}": there is no asset "${asset}".${didYouMean(asset, graph.assets.keys())}`, {
      hint: "kc list checks shows all checks.",
    });
  const check = node.checks.find((one) => one.name === name);
  if (!check) {
    const names = node.checks.map((one) => one.name);
    throw new UserError(`asset "${asset}" has no check "${name}".${didYouMean(name, names)}`, {
      hint: names.length > 0 ? `It has ${names.slice(0, 10).join(", ")}.` : "It has no checks.",
    });
  }
  if (check.by === "step")
    throw new UserError(`check "${asset}:${name}" is reported by the step that makes the asset and cannot run alone`, {
      hint: `kc materialize ${asset} runs it.`,
    });
  return name;
}

/** Checks of a partitioned asset may be about partitions, and about the whole of it when none is asked for. */
function partitionTextsOf(
  assets: readonly AssetNode[],
  { of, asked }: { of: WorkspacePartitions; asked: readonly string[] },
): Map<string, string> {
  const texts = new Map<string, string>();
  if (asked.length === 0) return texts;
  for (const node of assets) {
    if (!node.partitions) continue;
    const space = of.spaceOf(node.key);
    try {
      texts.set(node.key, space.kept(space.parse([...asked])).join(","));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      throw new UserError(`asset "${node.key}" (${describePartitions(node.partitions)}): ${error.message}`, { hint: error.hint });
    }
  }
  if (texts.size === 0) throw new UserError(`partition "${asked.join(",")}": no checked asset has partitions`);
  return texts;
}
