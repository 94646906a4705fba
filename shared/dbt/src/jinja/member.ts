import { unsupported } from "../errors.ts";
import { type Arguments, fromJinja, type JinjaValue, jinjaFunction, toJinja } from "./value.ts";

type Members<T> = Record<string, (value: T) => JinjaValue>;

/** A method that gives None. */
const change = (make: (given: Arguments) => unknown): JinjaValue =>
  jinjaFunction((given) => {
    make(given);
    return null;
  });

/** Methods of Python's lists that the library lacks. They change the list in place, as Python does. */
const ofList: Members<JinjaValue[]> = {
  append: (list) => change(({ args }) => list.push(args[0]!)),
  extend: (list) => change(({ args }) => list.push(...(args[0]!.value as JinjaValue[]))),
  insert: (list) => change(({ args }) => list.splice(Number(fromJinja(args[0]!)), 0, args[1]!)),
  pop: (list) => jinjaFunction(({ args }) => list.splice(args[0] ? Number(fromJinja(args[0])) : -1, 1)[0] ?? toJinja(undefined)),
  count: (list) => jinjaFunction(({ args }) => list.filter((item) => fromJinja(item) === fromJinja(args[0]!)).length),
};

const ofDict: Members<Map<string, JinjaValue>> = {
  update: (dict) =>
    jinjaFunction(({ args, kwargs }) => {
      for (const [key, value] of [...((args[0]?.value as Map<string, JinjaValue> | undefined) ?? []), ...kwargs])
        dict.set(key, value);
      return null;
    }),
  pop: (dict) =>
    jinjaFunction(({ args }) => {
      const key = String(fromJinja(args[0]!));
      const value = dict.get(key);
      dict.delete(key);
      return value ?? args[1] ?? null;
    }),
};

const refusedOfText = new Set(["format", "encode", "format_map", "translate", "partition"]);

/** A method of a list or dict that this table has; undefined when the library must answer. */
export function memberOf(object: JinjaValue, name: string): JinjaValue | undefined {
  if (Array.isArray(object.value)) return Object.hasOwn(ofList, name) ? ofList[name]!(object.value as JinjaValue[]) : undefined;
  // A key of the dict wins over a method only when it is there, as in Jinja.
  if (object.value instanceof Map)
    return Object.hasOwn(ofDict, name) && !object.value.has(name)
      ? ofDict[name]!(object.value as Map<string, JinjaValue>)
      : undefined;
  if (object.type === "StringValue" && refusedOfText.has(name) && !object.builtins.has(name))
    throw unsupported(`the method .${name}() of a string`);
  return undefined;
}
