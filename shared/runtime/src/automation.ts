import { nextTick } from "./cron.ts";
import { type Duration, durationMs } from "./duration.ts";
import { UserError } from "./errors.ts";
import { parseSelection } from "./selection/parse.ts";

/**
 * When an asset is to be materialized, as data: the daemon evaluates it, the API and UI show it. Each part is true for a set
 * of the asset's partitions (an asset without partitions has one). `label` names a part so that it can be read in the
 * evaluation and replaced.
 */
export type AutomationCondition = { label?: string } & (
  | { type: Operand | CheckOperand }
  | { type: "cronTickPassed" | "updatedSinceCron"; cron: string; timezone: string }
  | { type: "inLatestTimeWindow"; lookbackMs?: number }
  | { type: "anyDeps" | "allDeps"; condition: AutomationCondition; only?: string; ignore?: string }
  | { type: "anyChecks" | "allChecks"; condition: AutomationCondition; blockingOnly?: boolean }
  | { type: "and" | "or"; conditions: AutomationCondition[] }
  | { type: "not" | "newlyTrue"; condition: AutomationCondition }
  | { type: "since"; trigger: AutomationCondition; reset: AutomationCondition }
);

type Operand =
  | "missing"
  | "inProgress"
  | "executionFailed"
  | "newlyUpdated"
  | "newlyRequested"
  | "willBeRequested"
  | "codeVersionChanged"
  | "initialEvaluation";

/** They say something of one check: they stand in `anyChecks` and `allChecks` only. */
type CheckOperand = "checkPassed" | "checkFailed" | "checkMissing";

/** Which dependencies a part looks at: selections such as `group:raw` or `location:ingestion and not key:x`. */
export interface DepsFilter {
  only?: string;
  ignore?: string;
}

// operands

/** Never materialized. An external asset is never missing. */
export const missing = (): AutomationCondition => ({ type: "missing" });

/** A run or a backfill is making it, or waits to. */
export const inProgress = (): AutomationCondition => ({ type: "inProgress" });

/** Its latest try failed. */
export const executionFailed = (): AutomationCondition => ({ type: "executionFailed" });

/** Materialized since the last evaluation; of a dependency: by a request that does not also make this asset. True once. */
export const newlyUpdated = (): AutomationCondition => ({ type: "newlyUpdated" });

/** Requested by automation in the last evaluation. True once. */
export const newlyRequested = (): AutomationCondition => ({ type: "newlyRequested" });

/** Of a dependency: this very evaluation requests it. */
export const willBeRequested = (): AutomationCondition => ({ type: "willBeRequested" });

/** The code version in the definition is not that of the last evaluation. True once. */
export const codeVersionChanged = (): AutomationCondition => ({ type: "codeVersionChanged" });

/** The first look at this condition: the asset is new, or its condition has changed. */
export const initialEvaluation = (): AutomationCondition => ({ type: "initialEvaluation" });

/** A tick of the cron expression lies between the last evaluation and this one. True once. */
export const cronTickPassed = (cron: string, timezone = "UTC"): AutomationCondition => ({
  type: "cronTickPassed",
  ...checkedCron(cron, timezone),
});

/** Materialized at or after the latest tick of the cron expression. */
export const updatedSinceCron = (cron: string, timezone = "UTC"): AutomationCondition => ({
  type: "updatedSinceCron",
  ...checkedCron(cron, timezone),
});

/**
 * The latest time window; every partition where there is no time. With `lookback` also the windows that start so long
 * before the end of the latest one.
 */
export const inLatestTimeWindow = (lookback?: Duration): AutomationCondition => ({
  type: "inLatestTimeWindow",
  label: "in_latest_time_window",
  ...(lookback === undefined ? {} : { lookbackMs: durationMs(lookback, "inLatestTimeWindow: lookback") }),
});

/** A check's latest result is of the asset's latest materialization and good. */
export const checkPassed = (): AutomationCondition => ({ type: "checkPassed" });
/** A check's latest result is of the asset's latest materialization and bad. */
export const checkFailed = (): AutomationCondition => ({ type: "checkFailed" });
/** A check has no result of the asset's latest materialization. */
export const checkMissing = (): AutomationCondition => ({ type: "checkMissing" });

/** Any check of the asset has failed. */
export const checksFailed = (options: { blockingOnly?: boolean } = {}): AutomationCondition =>
  withLabel(anyChecksMatch(checkFailed(), options), "checks_failed");
/** Any check of the asset has no result of its latest materialization. */
export const checksMissing = (options: { blockingOnly?: boolean } = {}): AutomationCondition =>
  withLabel(anyChecksMatch(checkMissing(), options), "checks_missing");

// combinators

export const and = (...conditions: AutomationCondition[]): AutomationCondition => ({
  type: "and",
  conditions: some("and", conditions),
});
export const or = (...conditions: AutomationCondition[]): AutomationCondition => ({
  type: "or",
  conditions: some("or", conditions),
});
export const not = (condition: AutomationCondition): AutomationCondition => ({
  type: "not",
  condition: given("not", condition),
});

/**
 * True from the evaluation in which `trigger` is true until one in which `reset` is. When both come in one evaluation the
 * trigger wins, so that no update is lost; in the first look the reset wins.
 */
export const since = (trigger: AutomationCondition, reset: AutomationCondition): AutomationCondition => ({
  type: "since",
  trigger: given("since", trigger),
  reset: given("since", reset),
});

/** True from when `trigger` is true until the asset is requested or updated; what was true at the first look is done with. */
export const sinceLastHandled = (trigger: AutomationCondition): AutomationCondition => since(trigger, handled());

/** True once, when the condition becomes true. The first look is no change. */
export const newlyTrue = (condition: AutomationCondition): AutomationCondition => ({
  type: "newlyTrue",
  condition: given("newlyTrue", condition),
});

/** For the partitions that need any partition of any dependency for which the condition is true. */
export const anyDepsMatch = (condition: AutomationCondition, filter: DepsFilter = {}): AutomationCondition => ({
  type: "anyDeps",
  condition: given("anyDepsMatch", condition),
  ...checkedFilter(filter),
});

/** For the partitions that need, of every dependency they need at all, some partition for which the condition is true. */
export const allDepsMatch = (condition: AutomationCondition, filter: DepsFilter = {}): AutomationCondition => ({
  type: "allDeps",
  condition: given("allDepsMatch", condition),
  ...checkedFilter(filter),
});

/** The condition, of `checkPassed`, `checkFailed` and `checkMissing`, holds for any of the asset's checks. */
export const anyChecksMatch = (
  condition: AutomationCondition,
  options: { blockingOnly?: boolean } = {},
): AutomationCondition => ({
  type: "anyChecks",
  condition: given("anyChecksMatch", condition),
  ...(options.blockingOnly ? { blockingOnly: true } : {}),
});

/** It holds for all of the asset's checks; also when there are none. */
export const allChecksMatch = (condition: AutomationCondition, options: { blockingOnly?: boolean } = {}): AutomationCondition =>
  ({ ...anyChecksMatch(condition, options), type: "allChecks" }) as AutomationCondition;

// conditions with a name

const handled = (): AutomationCondition => withLabel(or(newlyRequested(), newlyUpdated(), initialEvaluation()), "handled");

/**
 * Materialize whenever a dependency has a new materialization from a request that did not also make this asset, or is
 * about to get one in the same evaluation. No guard against missing or running dependencies, and none that holds a time
 * partition to the latest window: `eager()` has them.
 */
export const anyDepsUpdated = (filter: DepsFilter = {}): AutomationCondition =>
  withLabel(anyDepsMatch(or(newlyUpdated(), willBeRequested()), filter), "any_deps_updated");

/** Any dependency is missing and not requested in this evaluation. */
export const anyDepsMissing = (filter: DepsFilter = {}): AutomationCondition =>
  withLabel(anyDepsMatch(and(missing(), not(willBeRequested())), filter), "any_deps_missing");

/** A run or a backfill is making any dependency. */
export const anyDepsInProgress = (filter: DepsFilter = {}): AutomationCondition =>
  withLabel(anyDepsMatch(inProgress(), filter), "any_deps_in_progress");

/** Every dependency has been updated since the latest tick, or is requested in this evaluation. */
export const allDepsUpdatedSinceCron = (cron: string, timezone = "UTC", filter: DepsFilter = {}): AutomationCondition =>
  withLabel(
    allDepsMatch(or(updatedSinceCron(cron, timezone), willBeRequested()), filter),
    `all_deps_updated_since_cron(${cron})`,
  );

/**
 * Every blocking check of every dependency has passed for its latest materialization, in whichever run and location; a
 * dependency that is requested in this evaluation is checked in its own run. A failure of severity WARN does not block.
 */
export const allDepsBlockingChecksPassed = (filter: DepsFilter = {}): AutomationCondition =>
  withLabel(
    allDepsMatch(or(allChecksMatch(checkPassed(), { blockingOnly: true }), willBeRequested()), filter),
    "all_deps_blocking_checks_passed",
  );

/**
 * Keep the asset up to date: after a dependency's update, or when it becomes missing, once nothing it needs is missing or
 * running. Of time partitions only the latest window.
 */
export const eager = (): AutomationCondition =>
  withLabel(
    and(
      inLatestTimeWindow(),
      withLabel(
        sinceLastHandled(or(withLabel(newlyTrue(missing()), "newly_missing"), anyDepsUpdated())),
        "updated_since_handled",
      ),
      not(anyDepsMissing()),
      not(anyDepsInProgress()),
      not(withLabel(inProgress(), "in_progress")),
    ),
    "eager",
  );

/** After each tick of the cron expression, once every dependency has been updated since that tick. */
export const onCron = (cron: string, timezone = "UTC"): AutomationCondition =>
  withLabel(
    and(
      inLatestTimeWindow(),
      withLabel(sinceLastHandled(cronTickPassed(cron, timezone)), "tick_since_handled"),
      allDepsUpdatedSinceCron(cron, timezone),
    ),
    `on_cron(${cron})`,
  );

/** When a partition appears (or the asset becomes missing), once nothing it needs is missing. */
export const onMissing = (): AutomationCondition =>
  withLabel(
    and(inLatestTimeWindow(), withLabel(sinceLastHandled(newlyTrue(missing())), "missing_since_handled"), not(anyDepsMissing())),
    "on_missing",
  );

/** The same condition under another name. */
export const withLabel = (condition: AutomationCondition, label: string): AutomationCondition => ({
  ...given("withLabel", condition),
  label,
});

function checkedCron(cron: string, timezone: string): { cron: string; timezone: string } {
  nextTick(cron, timezone, 0);
  return { cron, timezone };
}

function checkedFilter({ only, ignore }: DepsFilter): DepsFilter {
  for (const text of [only, ignore]) if (text !== undefined) parseSelection(text);
  return { ...(only === undefined ? {} : { only }), ...(ignore === undefined ? {} : { ignore }) };
}

function some(what: string, conditions: AutomationCondition[]): AutomationCondition[] {
  if (conditions.length === 0) throw new UserError(`automation: ${what}() needs at least one condition`);
  return conditions.map((one) => given(what, one));
}

function given(what: string, condition: AutomationCondition | undefined): AutomationCondition {
  if (typeof condition !== "object" || condition === null || typeof condition.type !== "string")
    throw new UserError(`automation: ${what}() was given no condition`, {
      hint: "Conditions are calls, as in eager() or missing().",
    });
  return condition;
}
