/**
 * When an asset is to be materialized, as data: the daemon evaluates it, the API and UI show it.
 * `label` names a part so that it can be read in the evaluation and replaced.
 */
export type AutomationCondition =
  | { type: "newlyUpdated" | "missing" | "inProgress" | "newlyRequested" | "initialEvaluation"; label?: string }
  | { type: "anyDeps" | "allDeps"; condition: AutomationCondition; label?: string }
  | { type: "updatedSinceCron"; cron: string; timezone: string; label?: string }
  | { type: "cronTickPassed"; cron: string; timezone: string; label?: string }
  | { type: "willBeRequested"; label?: string }
  | { type: "and" | "or"; conditions: AutomationCondition[]; label?: string }
  | { type: "not"; condition: AutomationCondition; label?: string }
  | { type: "since"; trigger: AutomationCondition; reset: AutomationCondition; label?: string }
  | { type: "newlyTrue"; condition: AutomationCondition; label?: string };

const handled: AutomationCondition = {
  type: "or",
  label: "handled",
  conditions: [{ type: "newlyRequested" }, { type: "newlyUpdated" }, { type: "initialEvaluation" }],
};

/**
 * Materialize whenever a dependency has a new materialization from a run that did not also target this asset, or is
 * about to get one in the same evaluation. No guard against missing or running dependencies: `eager()` has it.
 */
export function anyDepsUpdated(): AutomationCondition {
  return {
    type: "anyDeps",
    label: "any_deps_updated",
    condition: { type: "or", conditions: [{ type: "newlyUpdated" }, { type: "willBeRequested" }] },
  };
}

/** Keep the asset up to date: after a dependency's update, or when it becomes missing, once nothing it needs is missing or running. */
export function eager(): AutomationCondition {
  return {
    type: "and",
    label: "eager",
    conditions: [
      {
        type: "since",
        label: "updated_since_handled",
        trigger: {
          type: "or",
          conditions: [{ type: "newlyTrue", label: "newly_missing", condition: { type: "missing" } }, anyDepsUpdated()],
        },
        reset: handled,
      },
      { type: "not", condition: anyDepsMissing() },
      { type: "not", condition: { type: "anyDeps", label: "any_deps_in_progress", condition: { type: "inProgress" } } },
      { type: "not", condition: { type: "inProgress", label: "in_progress" } },
    ],
  };
}

/** After each tick of the cron expression, once every dependency has been updated since that tick. */
export function onCron(cron: string, timezone = "UTC"): AutomationCondition {
  return {
    type: "and",
    label: `on_cron(${cron})`,
    conditions: [
      { type: "since", label: "tick_since_handled", trigger: { type: "cronTickPassed", cron, timezone }, reset: handled },
      {
        type: "allDeps",
        label: "all_deps_updated_since_tick",
        condition: { type: "or", conditions: [{ type: "updatedSinceCron", cron, timezone }, { type: "willBeRequested" }] },
      },
    ],
  };
}

function anyDepsMissing(): AutomationCondition {
  return {
    type: "anyDeps",
    label: "any_deps_missing",
    condition: { type: "and", conditions: [{ type: "missing" }, { type: "not", condition: { type: "willBeRequested" } }] },
  };
}
