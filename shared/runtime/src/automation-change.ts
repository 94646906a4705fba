import type { AutomationCondition, DepsFilter } from "./automation.ts";
import { didYouMean, UserError } from "./errors.ts";
import { parseSelection } from "./selection/parse.ts";

/** The conditions that a condition is made of, in order. */
export function partsOf(condition: AutomationCondition): AutomationCondition[] {
  if ("conditions" in condition) return condition.conditions;
  if ("trigger" in condition) return [condition.trigger, condition.reset];
  return "condition" in condition ? [condition.condition] : [];
}

/** The same condition made of other parts, given in the order of `partsOf`. */
function withParts(condition: AutomationCondition, parts: AutomationCondition[]): AutomationCondition {
  if ("conditions" in condition) return { ...condition, conditions: parts };
  if ("trigger" in condition) return { ...condition, trigger: parts[0]!, reset: parts[1]! };
  return "condition" in condition ? { ...condition, condition: parts[0]! } : condition;
}

const same = (a: AutomationCondition, b: AutomationCondition): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A part is found by its label, by its type when it has no label, or by being equal. */
const matcher = (wanted: string | AutomationCondition) => (one: AutomationCondition) =>
  typeof wanted === "string" ? (one.label ?? one.type) === wanted : same(one, wanted);

function namesIn(condition: AutomationCondition): string[] {
  return [...new Set([condition.label ?? condition.type, ...partsOf(condition).flatMap(namesIn)])];
}

function notThere(what: string, condition: AutomationCondition, wanted: string | AutomationCondition): UserError {
  const names = namesIn(condition);
  const text = typeof wanted === "string" ? wanted : (wanted.label ?? wanted.type);
  return new UserError(`automation: ${what}: the condition has no part "${text}".${didYouMean(text, names)}`, {
    hint: `Its parts are ${names.join(", ")}.`,
  });
}

/**
 * The condition with every part of the label (or equal to a condition) replaced.
 * @throws UserError when there is none, with the nearest label.
 */
export function replace(
  condition: AutomationCondition,
  wanted: string | AutomationCondition,
  by: AutomationCondition,
): AutomationCondition {
  const matches = matcher(wanted);
  let found = false;
  const walk = (one: AutomationCondition): AutomationCondition => {
    if (matches(one)) {
      found = true;
      return by;
    }
    return withParts(one, partsOf(one).map(walk));
  };
  const result = walk(condition);
  if (!found) throw notThere("replace", condition, wanted);
  return result;
}

/**
 * The condition without a part of an `and` or `or`: without `any_deps_missing`, `eager()` waits for no missing dependency. A
 * negation goes with what it negates.
 * @throws UserError when there is no such part, or when nothing would be left.
 */
export function without(condition: AutomationCondition, wanted: string | AutomationCondition): AutomationCondition {
  const matches = matcher(wanted);
  const goes = (one: AutomationCondition): boolean => matches(one) || (one.type === "not" && goes(one.condition));
  let found = false;
  const walk = (one: AutomationCondition): AutomationCondition => {
    if (!("conditions" in one)) return withParts(one, partsOf(one).map(walk));
    const left = one.conditions.filter((part) => !goes(part));
    found ||= left.length < one.conditions.length;
    if (left.length === 0) throw new UserError(`automation: without: nothing of "${one.label ?? one.type}" would be left`);
    return { ...one, conditions: left.map(walk) };
  };
  const result = walk(condition);
  if (!found) throw notThere("without", condition, wanted);
  return result;
}

function filterDeps(what: "only" | "ignore", condition: AutomationCondition, selection: string): AutomationCondition {
  parseSelection(selection);
  let found = false;
  const walk = (one: AutomationCondition): AutomationCondition => {
    if (one.type !== "anyDeps" && one.type !== "allDeps") return withParts(one, partsOf(one).map(walk));
    found = true;
    const before: DepsFilter = one;
    const joiner = what === "only" ? "and" : "or";
    const text = before[what] === undefined ? selection : `(${before[what]}) ${joiner} (${selection})`;
    return { ...one, condition: walk(one.condition), [what]: text };
  };
  const result = walk(condition);
  if (!found) throw new UserError(`automation: ${what === "only" ? "allow" : "ignore"}: the condition looks at no dependencies`);
  return result;
}

/** The condition looking at the dependencies of the selection only. */
export const allow = (condition: AutomationCondition, selection: string): AutomationCondition =>
  filterDeps("only", condition, selection);

/** The condition looking away from the dependencies of the selection. */
export const ignore = (condition: AutomationCondition, selection: string): AutomationCondition =>
  filterDeps("ignore", condition, selection);
