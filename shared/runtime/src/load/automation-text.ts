import {
  type AutomationCondition,
  anyDepsInProgress,
  anyDepsMissing,
  anyDepsUpdated,
  eager,
  inProgress,
  missing,
  newlyUpdated,
  onCron,
  onMissing,
} from "../automation.ts";
import { didYouMean, UserError } from "../errors.ts";

/** Conditions that a YAML file can name: by kc's name and, in snake case, by Dagster's. */
const named: Record<string, (...texts: string[]) => AutomationCondition> = {
  eager: () => eager(),
  onMissing: () => onMissing(),
  onCron: (cron, timezone) => onCron(cron ?? "", timezone),
  anyDepsUpdated: () => anyDepsUpdated(),
  anyDepsMissing: () => anyDepsMissing(),
  anyDepsInProgress: () => anyDepsInProgress(),
  missing: () => missing(),
  inProgress: () => inProgress(),
  newlyUpdated: () => newlyUpdated(),
};
const takes = (name: string): number => (name === "onCron" ? 2 : 0);
const camel = (name: string): string => name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const prefix = /^(?:automation|(?:dg\.)?AutomationCondition)\./;

/** Whether an expression of a template speaks of a condition. */
export const isAutomation = (expression: string): boolean => prefix.test(expression);

/**
 * The condition of a call such as `automation.onCron("0 6 * * *", "Europe/Athens")`, or as Dagster's templates write it,
 * `dg.AutomationCondition.on_cron("0 6 * * *", "Europe/Athens")`.
 * @throws UserError at a name that does not exist, and at anything more than one call: that is written in TypeScript.
 */
export function automationOf(expression: string, where: string): AutomationCondition {
  const fail = (message: string, hint?: string): never => {
    throw new UserError(message, { where, ...(hint ? { hint } : {}) });
  };
  const found = /^(\w+)\(\s*((?:(["'])(?:(?!\3).)*\3\s*,?\s*)*)\)$/.exec(expression.replace(prefix, ""));
  if (!found)
    return fail(
      `"${expression}" is more than the call of one condition`,
      "Build it in TypeScript, and give it to defs.yaml as a template variable of the location.",
    );
  const name = camel(found[1]!);
  const texts = [...found[2]!.matchAll(/(["'])((?:(?!\1).)*)\1/g)].map((match) => match[2]!);
  if (!Object.hasOwn(named, name))
    return fail(
      `there is no condition "${found[1]}".${didYouMean(name, Object.keys(named))}`,
      `There are ${Object.keys(named).join(", ")}.`,
    );
  if (texts.length > takes(name) || (name === "onCron" && texts.length === 0))
    return fail(`${name}() ${takes(name) === 0 ? "takes nothing" : "takes a cron expression and a time zone"}`);
  try {
    return named[name]!(...texts);
  } catch (error) {
    if (error instanceof UserError) return fail(error.message, error.hint);
    throw error;
  }
}
