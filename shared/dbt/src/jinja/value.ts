import { Environment } from "@huggingface/jinja";

/** A runtime value of @huggingface/jinja, which does not export its classes. */
export interface JinjaValue {
  type: string;
  value: unknown;
  readonly builtins: Map<string, JinjaValue>;
  __bool__(): { value: boolean };
}

export interface Scope {
  readonly parent?: Scope;
  readonly variables: Map<string, JinjaValue>;
  setVariable(name: string, value: JinjaValue): JinjaValue;
  lookupVariable(name: string): JinjaValue;
}

export type Arguments = { args: JinjaValue[]; kwargs: Map<string, JinjaValue>; scope: Scope };

export const newScope = (parent?: Scope): Scope => new (Environment as unknown as new (parent?: Scope) => Scope)(parent);

const native = (value: unknown): JinjaValue =>
  (newScope() as unknown as { set(name: string, value: unknown): JinjaValue }).set("v", value);

export const isJinjaValue = (value: unknown): value is JinjaValue =>
  typeof value === "object" && value !== null && typeof (value as JinjaValue).__bool__ === "function";

/** Any JSON-like value, possibly with runtime values inside, as a runtime value. */
export function toJinja(value: unknown): JinjaValue {
  if (isJinjaValue(value)) return value;
  if (Array.isArray(value)) return Object.assign(native([]), { value: value.map(toJinja) });
  if (value instanceof Map)
    return Object.assign(native({}), { value: new Map([...value].map(([key, item]) => [String(key), toJinja(item)])) });
  if (typeof value === "object" && value !== null) return toJinja(new Map(Object.entries(value)));
  return native(value);
}

/** A function that templates can call; `members` are its attributes (`config.get`). */
export function jinjaFunction(call: (given: Arguments) => unknown, members?: Record<string, JinjaValue>): JinjaValue {
  const value = native(() => null);
  value.value = (given: JinjaValue[], scope: Scope): JinjaValue => {
    const args = [...given];
    const kwargs =
      args.at(-1)?.type === "KeywordArgumentsValue"
        ? (args.pop()!.value as Map<string, JinjaValue>)
        : new Map<string, JinjaValue>();
    return toJinja(call({ args, kwargs, scope }));
  };
  if (members) Object.defineProperty(value, "builtins", { value: new Map(Object.entries(members)) });
  return value;
}

/** Text that prints as it is and has attributes besides: a relation. */
export function textWithMembers(text: string, members: Record<string, unknown>): JinjaValue {
  const value = native(text);
  for (const [name, member] of Object.entries(members)) value.builtins.set(name, toJinja(member));
  return value;
}

export const isUndefined = (value: JinjaValue): boolean => value.type === "UndefinedValue";

/** The plain value behind a runtime value. */
export function fromJinja(value: JinjaValue): unknown {
  if (value.value instanceof Map)
    return Object.fromEntries([...(value.value as Map<string, JinjaValue>)].map(([key, item]) => [key, fromJinja(item)]));
  if (Array.isArray(value.value)) return (value.value as JinjaValue[]).map(fromJinja);
  return value.type === "UndefinedValue" ? undefined : value.value;
}

/** The value as Python's `str()` writes it: what Jinja prints. */
export function pythonText(value: JinjaValue, nested = false): string {
  if (value.type === "NullValue") return "None";
  if (value.type === "UndefinedValue") return "";
  if (value.type === "BooleanValue") return value.value ? "True" : "False";
  if (Array.isArray(value.value)) {
    const items = (value.value as JinjaValue[]).map((item) => pythonText(item, true)).join(", ");
    return value.type === "TupleValue" ? `(${items})` : `[${items}]`;
  }
  if (value.value instanceof Map)
    return `{${[...(value.value as Map<string, JinjaValue>)].map(([key, item]) => `${pythonString(key)}: ${pythonText(item, true)}`).join(", ")}}`;
  if (nested && typeof value.value === "string") return pythonString(value.value);
  return String(value);
}

/** A string as Python's `repr()` writes it. */
export function pythonString(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'";
  const escaped = text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\t", "\\t").replaceAll("\r", "\\r");
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote;
}
