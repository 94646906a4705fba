import { DbtError } from "../errors.ts";
import { pythonString } from "../jinja/value.ts";
import { isRecord, type Yaml } from "../project/yaml-file.ts";
import { md5 } from "./properties.ts";

/** A generic test as a properties file asks for it. */
export interface GenericTest {
  /** `unique`, `relationships`, a test macro of the project. */
  test: string;
  /** Arguments of the macro without the model. */
  kwargs: Yaml;
  config: Yaml;
  name: string | undefined;
  description: string;
  where: string;
}

const configKeys = new Set([
  "severity",
  "warn_if",
  "error_if",
  "limit",
  "where",
  "fail_calc",
  "store_failures",
  "store_failures_as",
  "tags",
  "enabled",
  "meta",
  "group",
  "schema",
  "database",
  "alias",
]);

/** Reads one entry of `data_tests:`: a name, `{name: args}` or `{test_name, …}`. */
export function readGenericTest(entry: unknown, column: string | undefined, where: string): GenericTest {
  const [test, given] = named(entry, where);
  const { name, description, config, arguments: nested, ...rest } = given;
  if (config !== undefined && config !== null && !isRecord(config))
    throw new DbtError("project", "config of a test must be a mapping", { where });
  if (nested !== undefined && nested !== null && !isRecord(nested))
    throw new DbtError("project", "arguments of a test must be a mapping", { where });
  const settings: Yaml = { ...(config as Yaml | undefined) };
  const kwargs: Yaml = column === undefined ? {} : { column_name: column };
  for (const [key, value] of Object.entries(rest)) {
    if (configKeys.has(key)) settings[key] = value;
    else kwargs[key] = value;
  }
  Object.assign(kwargs, nested);
  return {
    test,
    kwargs,
    config: settings,
    name: typeof name === "string" ? name : undefined,
    description: typeof description === "string" ? description : "",
    where,
  };
}

function named(entry: unknown, where: string): [string, Yaml] {
  if (typeof entry === "string" && entry !== "") return [entry, {}];
  if (isRecord(entry)) {
    if (typeof entry.test_name === "string") {
      const { test_name, ...rest } = entry;
      return [test_name as string, rest];
    }
    const [first, ...others] = Object.entries(entry);
    if (first && others.length === 0) {
      if (first[1] === null || isRecord(first[1])) return [first[0], (first[1] as Yaml | null) ?? {}];
    } else if (first && isRecord(first[1])) return [first[0], { ...first[1], ...Object.fromEntries(others) }];
  }
  throw new DbtError("project", "a test must be a name or a mapping of a name to its arguments", { where });
}

/** Names of a generic test as dbt makes them: the full name, and the short one for its alias when that is too long. */
export function testNames(test: GenericTest, target: string, isSource: boolean): { name: string; alias: string } {
  const prefix = isSource ? `source_${test.test}` : test.test;
  const identifier = `${prefix}_${target}`;
  if (test.name) return { name: test.name, alias: test.name };
  const flat: string[] = [];
  for (const key of Object.keys(test.kwargs).sort()) {
    const value = test.kwargs[key];
    const parts = Array.isArray(value) ? value : isRecord(value) ? Object.values(value) : [value];
    flat.push(...parts.map((part) => pythonStr(part).replaceAll(/[^0-9a-zA-Z_]+/g, "_")));
  }
  const name = `${identifier}_${flat.join("__")}`;
  return { name, alias: name.length >= 64 ? `${identifier.slice(0, 30)}_${md5(name)}` : name };
}

/** The last part of a generic test's unique id: from its name and its arguments, so that two like tests differ. */
export function testHash(name: string, metadata: { name: string; kwargs: Yaml; namespace: string | null }): string {
  return md5(name + repr(hashable({ ...metadata, namespace: metadata.namespace }))).slice(-10);
}

type Hashable = string | Hashable[] | { [key: string]: Hashable };

function hashable(value: unknown): Hashable {
  if (Array.isArray(value)) return value.map(hashable);
  if (isRecord(value))
    return Object.fromEntries(
      Object.keys(value)
        .sort()
        .map((key) => [key, hashable(value[key])]),
    );
  return pythonStr(value);
}

function repr(value: Hashable): string {
  if (typeof value === "string") return pythonString(value);
  if (Array.isArray(value)) return `[${value.map(repr).join(", ")}]`;
  return `{${Object.entries(value)
    .map(([key, item]) => `${pythonString(key)}: ${repr(item)}`)
    .join(", ")}}`;
}

const pythonStr = (value: unknown): string =>
  value === null || value === undefined
    ? "None"
    : typeof value === "boolean"
      ? value
        ? "True"
        : "False"
      : isRecord(value)
        ? repr(hashable(value))
        : String(value);
