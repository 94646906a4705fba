import type { RetryPolicy } from "../asset.ts";
import type { StoredEvent } from "../event.ts";
import { retryDelayMs } from "../execute/retry.ts";
import type { PlannedRun } from "../plan.ts";
import type { Run } from "../storage.ts";

export type RetryStrategy = "from_failure" | "all_steps";

/** How the instance runs failed runs again. */
export interface RunRetryPolicy extends Omit<RetryPolicy, "jitter"> {
  strategy: RetryStrategy;
  /** False: only runs whose worker died are run again, not those whose steps failed. */
  onStepFailure: boolean;
}

export type RunRetryDecision =
  | { retry: true; number: number; of: number; strategy: RetryStrategy /** Milliseconds. */; at: number }
  | { retry: false; why: string };

/** How many times a run may be run again: its own tag, else the instance's setting. */
export const maxRetriesOf = (tags: Readonly<Record<string, string>>, policy: RunRetryPolicy): number =>
  tags["kc/max_retries"] === undefined ? policy.max : Number.parseInt(tags["kc/max_retries"], 10) || 0;

/** Which run of its line this is: 0 for the first, n for its n-th retry. */
export const retryNumberOf = (tags: Readonly<Record<string, string>>): number =>
  Number.parseInt(tags["kc/retry_number"] ?? "0", 10) || 0;

/**
 * Whether a run that ended is run again, and when. What trying again cannot mend is not: a cancelled run, config or
 * definitions that were refused, a step that failed with a final user error.
 * @param events The run's `run_failed`, `step_failed` and `run_retry_cancelled` events.
 */
export function decideRunRetry(
  run: Pick<Run, "status" | "tags" | "endedAt">,
  events: readonly Pick<StoredEvent, "type" | "fields" | "error" | "message">[],
  policy: RunRetryPolicy,
): RunRetryDecision {
  if (run.status !== "failed") return { retry: false, why: `it ${run.status}` };
  const max = maxRetriesOf(run.tags, policy);
  const number = retryNumberOf(run.tags) + 1;
  if (number > max) return { retry: false, why: max === 0 ? "run retries are off" : `it was run ${max + 1} times` };
  const given = events.find((event) => event.type === "run_retry_cancelled");
  if (given) return { retry: false, why: given.message ?? "its retry was cancelled" };
  const end = events.findLast((event) => event.type === "run_failed");
  if (end?.error?.user || end?.fields?.refused) return { retry: false, why: "it was refused" };
  const crashed = end?.fields?.crashed === true;
  if (!crashed && events.some((event) => event.type === "step_failed" && event.fields?.final === true))
    return { retry: false, why: "a step failed for good" };
  if (!crashed && !policy.onStepFailure) return { retry: false, why: "only runs whose worker died are run again" };
  const tag = run.tags["kc/retry_strategy"];
  const strategy = tag === "all_steps" || tag === "from_failure" ? tag : policy.strategy;
  return { retry: true, number, of: max, strategy, at: (run.endedAt ?? 0) + retryDelayMs(policy, number) };
}

/**
 * What a run of a plan that was carried out before does: everything, or the steps that did not succeed.
 * @param succeeded Assets whose steps succeeded.
 * @param splits Whether a step can make some of its assets without the others.
 * @returns undefined when nothing is left.
 */
export function rerunPlan(
  plan: PlannedRun,
  strategy: RetryStrategy,
  succeeded: ReadonlySet<string>,
  splits: (step: string) => boolean,
): PlannedRun | undefined {
  if (strategy === "all_steps") return plan;
  const steps = plan.steps.flatMap((step) => {
    // Checks always run again: that they passed once says nothing of now.
    if (step.checks) return [step];
    const left = step.assets.filter((asset) => !succeeded.has(asset));
    if (left.length === 0) return [];
    return [{ ...step, assets: splits(step.name) ? left : step.assets }];
  });
  if (steps.length === 0) return undefined;
  const kept = new Set(steps.map((step) => step.key));
  const assets = new Set(steps.flatMap((step) => step.assets));
  return {
    ...plan,
    assets: plan.assets.filter((asset) => assets.has(asset)),
    steps: steps.map((step) => ({ ...step, needs: step.needs.filter((need) => kept.has(need)) })),
  };
}
