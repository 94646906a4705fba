import { didYouMean, UserError } from "../errors.ts";
import { automationOf, isAutomation } from "./automation-text.ts";

/** Names a template may use, each a value or, for `env`, the environment. */
export interface TemplateScope {
  project_root: string;
  workspace_root: string;
  env: Readonly<Record<string, string | undefined>>;
  /** Variables of the location's own, by name. */
  vars: Readonly<Record<string, unknown>>;
}

export interface TemplateResult {
  value: unknown;
  /** Variables that were used, set or not. */
  variables: string[];
  /** Variables that are unset and have no default. */
  missing: string[];
}

const call = /^env\(\s*(['"])(\w+)\1\s*(?:,\s*(?:(['"])(.*?)\3)\s*)?\)$/;

/**
 * Fills `{{ … }}` in one string: `project_root`, `workspace_root`, `env.NAME`, `env('NAME', 'default')` and the location's
 * own variables, and conditions such as `automation.eager()`. A string that is one template keeps the value's type; an unset variable with a default is the default.
 * @throws UserError at a name that does not exist, at expressions, and at an unclosed template.
 */
export function fillTemplate(text: string, scope: TemplateScope, where: string): TemplateResult {
  const variables: string[] = [];
  const missing: string[] = [];
  const read = (name: string, fallback?: string): string => {
    variables.push(name);
    const value = scope.env[name] || fallback;
    if (value === undefined) missing.push(name);
    return value ?? "";
  };
  const evaluate = (source: string): unknown => {
    const expression = source.trim();
    const called = call.exec(expression);
    if (called) return read(called[2]!, called[4]);
    const dotted = /^env\.(\w+)$/.exec(expression)?.[1];
    if (dotted) return read(dotted);
    const piped = /^env\.(\w+)\s*\|\s*default\(\s*(['"])(.*?)\2\s*\)$/.exec(expression);
    if (piped) return read(piped[1]!, piped[3]);
    if (isAutomation(expression)) return automationOf(expression, where);
    const name = expression.replace(/^context\./, "");
    if (name === "project_root" || name === "workspace_root") return scope[name];
    if (Object.hasOwn(scope.vars, name)) return scope.vars[name];
    const names = ["project_root", "workspace_root", "env.NAME", "env('NAME', 'default')", ...Object.keys(scope.vars)];
    throw new UserError(`there is no template variable "${expression}".${didYouMean(expression, names)}`, {
      where,
      hint: `There are ${names.join(", ")}.`,
    });
  };
  const whole = /^\{\{((?:(?!\}\}).)*)\}\}$/.exec(text.trim());
  if (whole) return { value: evaluate(whole[1]!), variables, missing };
  const template = /\{\{(.*?)\}\}/g;
  // Values are not looked at: a password may hold braces.
  if (text.replace(template, "").includes("{{")) throw new UserError(`a template is not closed: ${text}`, { where });
  return { value: text.replace(template, (_, expression: string) => String(evaluate(expression))), variables, missing };
}
