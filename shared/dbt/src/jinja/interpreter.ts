import { Interpreter } from "@huggingface/jinja";
import { DbtError, didYouMean, unsupported } from "../errors.ts";
import { applyExtraFilter } from "./filter.ts";
import { memberOf } from "./member.ts";
import type { JinjaNode } from "./template.ts";
import { fromJinja, isUndefined, type JinjaValue, newScope, pythonText, type Scope, toJinja } from "./value.ts";

interface LibraryInterpreter {
  evaluate(node: JinjaNode | undefined, scope: Scope): JinjaValue;
  evaluateMacro(node: JinjaNode, scope: Scope): JinjaValue;
  evaluateCallExpression(node: JinjaNode, scope: Scope): JinjaValue;
  evaluateMemberExpression(node: JinjaNode, scope: Scope): JinjaValue;
  evaluateBinaryExpression(node: JinjaNode, scope: Scope): JinjaValue;
  evaluateArguments(args: JinjaNode[], scope: Scope): [JinjaValue[], Map<string, JinjaValue>];
  applyFilter(operand: JinjaValue, filter: JinjaNode, scope: Scope): JinjaValue;
}

const Library = Interpreter as unknown as new (scope: Scope) => LibraryInterpreter;

/** Unwinds a macro with a native value: dbt's `return()`. */
export class ReturnSignal {
  readonly value: JinjaValue;
  constructor(value: JinjaValue) {
    this.value = value;
  }
}

/** How deep macros may call each other: far below where the stack of this process ends. */
const deepest = 100;

const statements = new Set(["Set", "If", "For", "Macro", "CallStatement", "Comment", "FilterStatement"]);

/** What dbt offers to templates and the embedded runner does not: said by name instead of "undefined". */
const refusedNames: Record<string, string> = {
  run_query: "run_query() (a query while rendering)",
  statement: "statement() (a query while rendering)",
  load_result: "load_result() (a query while rendering)",
  store_result: "store_result()",
  graph: "the variable graph",
  schemas: "the variable schemas",
  modules: "the variable modules (Python)",
  api: "api.Relation / api.Column",
  local_md5: "local_md5()",
  toyaml: "toyaml()",
  fromyaml: "fromyaml()",
  metric: "metric()",
  dbt_utils: "the package dbt_utils",
};

/**
 * The library's interpreter with dbt's rules: errors carry file and line, macros see the project's macros but not the
 * caller's variables, `return()` keeps native values, values print as Python prints them, undefined names are refused.
 */
export class DbtInterpreter extends Library {
  readonly globals: Scope;
  /** Macros called since the start, by the name they were called with. */
  readonly called = new Set<string>();
  /** The innermost node with a known place. */
  at: JinjaNode | undefined;
  private depth = 0;
  private readonly control = new WeakSet<object>();

  constructor(globals: Scope) {
    super(globals);
    this.globals = globals;
  }

  /** `file:line` of what is being evaluated. */
  get where(): string | undefined {
    return this.at ? `${this.at.file}:${this.at.line}` : undefined;
  }

  override evaluate(node: JinjaNode | undefined, scope: Scope): JinjaValue {
    if (node?.type === "Evaluated") return node.result as JinjaValue;
    const before = this.at;
    if (node?.line !== undefined) this.at = node;
    try {
      const value = super.evaluate(node, scope);
      return node?.printed ? this.print(node, value) : value;
    } catch (error) {
      if (node?.type === "Break" || node?.type === "Continue") this.control.add(error as object);
      throw this.located(error);
    } finally {
      this.at = before;
    }
  }

  private located(error: unknown): unknown {
    if (error instanceof ReturnSignal || this.control.has(error as object)) return error;
    if (error instanceof DbtError) {
      error.where ??= this.where;
      return error;
    }
    const text = (error as Error).message;
    const missing =
      /^(Unknown (\w+Value filter|test|filter|operator).*|.*not currently supported.*|.*can only be applied.*)$/.exec(text);
    if (missing) return new DbtError("unsupported", `Jinja: ${text}`, { where: this.where, cause: error });
    return new DbtError("compile", text, {
      where: this.where,
      cause: error,
    });
  }

  private print(node: JinjaNode, value: JinjaValue): JinjaValue {
    if (statements.has(node.type)) return value;
    if (isUndefined(value)) throw new DbtError("compile", `${describe(node)} is undefined`);
    return value.type === "StringValue" ? value : toJinja(pythonText(value));
  }

  override evaluateMacro(node: JinjaNode, scope: Scope): JinjaValue {
    const result = super.evaluateMacro(node, scope);
    const name = (node.name as JinjaNode).value as string;
    const made = scope.variables.get(name)!;
    const run = made.value as (args: JinjaValue[], scope: Scope) => JinjaValue;
    made.value = (args: JinjaValue[], from: Scope): JinjaValue => {
      this.called.add(name);
      if (this.depth >= deepest) throw new DbtError("compile", `macros call each other without end (${deepest} deep)`);
      const own = newScope(scope);
      const caller = from.variables.get("caller");
      if (caller) own.setVariable("caller", caller);
      this.depth++;
      try {
        return run(args, own);
      } catch (error) {
        if (error instanceof ReturnSignal) return error.value;
        throw error;
      } finally {
        this.depth--;
      }
    };
    return result;
  }

  override evaluateCallExpression(node: JinjaNode, scope: Scope): JinjaValue {
    const callee = node.callee as JinjaNode;
    const fn = this.evaluate(callee, scope);
    if (isUndefined(fn)) {
      const name = describe(callee);
      const names = [...this.globals.variables.keys()];
      throw new DbtError(
        "compile",
        `${name} is undefined: no macro or function has this name.${didYouMean(name.replaceAll("'", ""), names)}`,
      );
    }
    return super.evaluateCallExpression({ ...node, callee: { type: "Evaluated", result: fn } }, scope);
  }

  override evaluateMemberExpression(node: JinjaNode, scope: Scope): JinjaValue {
    const object = this.evaluate(node.object as JinjaNode, scope);
    if (isUndefined(object)) throw new DbtError("compile", `${describe(node.object as JinjaNode)} is undefined`);
    const member = node.computed ? undefined : memberOf(object, (node.property as JinjaNode).value as string);
    if (member) return member;
    return super.evaluateMemberExpression({ ...node, object: { type: "Evaluated", result: object } }, scope);
  }

  evaluateIdentifier(node: JinjaNode, scope: Scope): JinjaValue {
    const name = node.value as string;
    const value = scope.lookupVariable(name);
    if (isUndefined(value) && Object.hasOwn(refusedNames, name)) throw unsupported(refusedNames[name]!);
    return value;
  }

  override evaluateBinaryExpression(node: JinjaNode, scope: Scope): JinjaValue {
    const operator = (node.operator as { value: string }).value;
    if (operator !== "~" && operator !== "%") return super.evaluateBinaryExpression(node, scope);
    const left = this.evaluate(node.left as JinjaNode, scope);
    if (operator === "%" && left.type === "StringValue") throw unsupported("Jinja's % formatting of strings");
    const right = this.evaluate(node.right as JinjaNode, scope);
    if (operator === "~") return toJinja(pythonText(left) + pythonText(right));
    // Python's remainder has the sign of the divisor, JavaScript's that of the dividend.
    const [a, b] = [fromJinja(left) as number, fromJinja(right) as number];
    if (typeof a !== "number" || typeof b !== "number" || b === 0)
      throw new DbtError("compile", `cannot compute ${String(a)} % ${String(b)}`);
    return toJinja(((a % b) + b) % b);
  }

  override applyFilter(operand: JinjaValue, filter: JinjaNode, scope: Scope): JinjaValue {
    const call = filter.type === "CallExpression";
    const name = (call ? (filter.callee as JinjaNode) : filter).value as string;
    const [args, kwargs] = call ? this.evaluateArguments(filter.args as JinjaNode[], scope) : [[], new Map<string, JinjaValue>()];
    return applyExtraFilter(name, operand, args, kwargs) ?? super.applyFilter(operand, filter, scope);
  }
}

function describe(node: JinjaNode): string {
  if (node.type === "Identifier") return `'${String(node.value)}'`;
  if (node.type === "MemberExpression" && !node.computed) {
    const object = describe(node.object as JinjaNode).replaceAll("'", "");
    return `'${object}.${String((node.property as JinjaNode).value)}'`;
  }
  return "the expression";
}
