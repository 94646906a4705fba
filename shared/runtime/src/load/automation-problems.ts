import type { AutomationCondition } from "../automation.ts";
import { partsOf } from "../automation-change.ts";
import { nextTick } from "../cron.ts";
import { didYouMean, UserError } from "../errors.ts";
import type { GraphProblem, WorkspaceGraph } from "../graph.ts";
import { parseSelection } from "../selection/parse.ts";
import { select } from "../selection/select.ts";

const ofChecks = ["checkPassed", "checkFailed", "checkMissing"] as const;
const types: readonly AutomationCondition["type"][] = [
  ...ofChecks,
  "missing",
  "inProgress",
  "executionFailed",
  "newlyUpdated",
  "newlyRequested",
  "willBeRequested",
  "codeVersionChanged",
  "initialEvaluation",
  "cronTickPassed",
  "updatedSinceCron",
  "inLatestTimeWindow",
  "anyDeps",
  "allDeps",
  "anyChecks",
  "allChecks",
  "and",
  "or",
  "not",
  "newlyTrue",
  "since",
];
const mostParts = 1_000;

/**
 * Checks a condition as it stands in a definition; conditions are data, and may have been written by hand.
 * @throws UserError at a type that is none, a part without what it is made of, a bad cron, time zone or selection, an operand
 * of checks outside of them, a condition of an asset that nothing makes.
 */
export function checkAutomation(key: string, condition: AutomationCondition, external: boolean): void {
  const fail = (message: string, hint?: string): never => {
    throw new UserError(`asset "${key}": automation: ${message}`, hint === undefined ? {} : { hint });
  };
  if (external)
    fail(
      "nothing in kc makes an external asset, so nothing can be requested",
      "Put the condition on the assets that depend on it.",
    );
  let count = 0;
  const walk = (one: AutomationCondition | undefined, within: string, inChecks: boolean): void => {
    if (typeof one !== "object" || one === null) return void fail(`${within} of nothing`);
    if (!types.includes(one.type)) fail(`there is no condition "${String(one.type)}".${didYouMean(String(one.type), types)}`);
    if (++count > mostParts) fail(`over ${mostParts} parts`);
    if (!inChecks && (ofChecks as readonly string[]).includes(one.type))
      fail(`${one.type} speaks of a check`, "Put it into anyChecksMatch or allChecksMatch.");
    const parts = partsOf(one);
    if ((one.type === "and" || one.type === "or") && !(Array.isArray(parts) && parts.length > 0)) fail(`${one.type} of nothing`);
    try {
      if ("cron" in one) nextTick(one.cron, one.timezone, 0);
      if (one.type === "anyDeps" || one.type === "allDeps")
        for (const text of [one.only, one.ignore]) if (text !== undefined) parseSelection(text);
    } catch (error) {
      if (error instanceof UserError) fail(`${one.label ?? one.type}: ${error.message}`, error.hint);
      throw error;
    }
    const checks =
      one.type === "anyChecks" || one.type === "allChecks" || (inChecks && one.type !== "anyDeps" && one.type !== "allDeps");
    const needsOne = ["not", "newlyTrue", "since", "anyDeps", "allDeps", "anyChecks", "allChecks"].includes(one.type);
    if (needsOne && parts.length === 0) fail(`${one.type} of nothing`);
    for (const part of parts) walk(part, one.type, checks);
  };
  walk(condition, "a condition", false);
}

/** Selections of dependencies in conditions that name no asset of the workspace. */
export function automationProblems(graph: WorkspaceGraph): GraphProblem[] {
  const problems: GraphProblem[] = [];
  for (const { key, location, where, automation } of graph.assets.values()) {
    if (!automation) continue;
    for (const text of new Set(selectionsOf(automation)))
      try {
        select(graph, text);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        problems.push({
          kind: "selection",
          assets: [key],
          locations: [location],
          message: `automation of asset "${key}" (location ${location}${where ? `, ${where}` : ""}): ${error.message}`,
        });
      }
  }
  return problems;
}

function selectionsOf(condition: AutomationCondition): string[] {
  const own = "only" in condition || "ignore" in condition ? [condition.only, condition.ignore] : [];
  return [...own.filter((text) => text !== undefined), ...partsOf(condition).flatMap(selectionsOf)];
}
