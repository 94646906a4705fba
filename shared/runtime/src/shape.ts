import { didYouMean, UserError } from "./errors.ts";

// What the options of definitions may be. Types are not looked at when a location loads, so that a misspelled option would
// do nothing and a value of the wrong kind would fail somewhere else, later. By hand rather than with a schema library:
// a location may define ten thousand assets, and each of them is checked.

/** What is wrong with a value, to be read after the option's name: ` must be text, not 5`. Undefined: nothing. */
export type Rule = (value: unknown) => string | undefined;

/** Each option that there is, and those that must be given. */
export interface Shape {
  readonly rules: ReadonlyMap<string, Rule>;
  readonly needs: readonly string[];
}

/** A rule for every option of a type: the compiler tells of one that has none. */
export const shapeOf = <T>(rules: Record<keyof T & string, Rule>, ...needs: (keyof T & string)[]): Shape => ({
  rules: new Map(Object.entries(rules)),
  needs,
});

/**
 * Refuses options that a definition does not have, that it lacks, and that are of the wrong kind.
 * @param kind What is defined: `asset`.
 * @param name Its name, as far as it has one.
 * @throws UserError naming the definition and the option. Its stack says where the team wrote it.
 */
export function checkShape(kind: string, name: unknown, options: unknown, shape: Shape): void {
  const wrong = wrongIn(options, shape);
  if (wrong === undefined) return;
  const [text, hint] = wrong.split("\n");
  const whose = typeof name === "string" && name !== "" ? `${kind} ${JSON.stringify(name)}` : kind;
  throw new UserError(`${whose}: ${text!.trimStart()}`, { hint });
}

function wrongIn(options: unknown, { rules, needs }: Shape): string | undefined {
  if (!isObject(options)) return `its options must be an object, not ${told(options)}`;
  for (const name of Object.keys(options)) {
    const rule = rules.get(name);
    if (rule === undefined) return `there is no option ${JSON.stringify(name)}.${nearOrAll(name, rules)}`;
    const value = options[name];
    const wrong = value === undefined ? undefined : rule(value);
    if (wrong !== undefined) return name + wrong;
  }
  for (const name of needs) if (options[name] === undefined) return `${name} is missing`;
  return undefined;
}

const nearOrAll = (name: string, rules: ReadonlyMap<string, unknown>): string =>
  didYouMean(name, rules.keys()) || ` There are ${[...rules.keys()].join(", ")}.`;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A value as messages name it. */
function told(value: unknown): string {
  if (typeof value === "string") return value.length > 40 ? `${JSON.stringify(value.slice(0, 40))}…` : JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  if (value instanceof Promise) return "a promise";
  if (!isObject(value)) return String(value);
  return typeof value.kind === "string" ? `the definition of ${kinds[value.kind] ?? `a ${value.kind}`}` : "an object";
}

const kinds: Record<string, string> = { assets: "an asset" };

/** A value that fits, or what it must be. The hint says how it is written. */
const must =
  (is: string, fits: (value: unknown) => boolean, hint = ""): Rule =>
  (value) =>
    fits(value) ? undefined : ` must be ${is}, not ${told(value)}${hint && `\n${hint}`}`;

/** Looked at elsewhere; `null` is nothing that an option can be. */
export const anything: Rule = must("left out", (value) => value !== null);
export const text: Rule = must("text", (value) => typeof value === "string");
export const number: Rule = must("a number", (value) => typeof value === "number");
export const flag: Rule = must("true or false", (value) => typeof value === "boolean");
export const func: Rule = must("a function", (value) => typeof value === "function");
export const object: Rule = must("an object", isObject);
export const selection: Rule = must(
  "a selection",
  (value) => typeof value === "string" && value.trim() !== "",
  'All assets are "*".',
);
export const schema: Rule = must(
  "a zod schema",
  (value) => typeof (value as { safeParse?: unknown } | null)?.safeParse === "function",
  "Write z.object({ … }).",
);
export const condition: Rule = must(
  "a condition",
  (value) => isObject(value) && typeof value.type === "string",
  "Call it: automation: eager().",
);
export const target: Rule = must(
  "a job or a selection",
  (value) => (typeof value === "string" ? value.trim() !== "" : isObject(value) && value.kind === "job"),
  'Write the job itself, or a selection as one text: "orders or group:shop".',
);

/** One rule or the other, told as `is`. */
export const either = (is: string, ...rules: Rule[]): Rule => {
  const fits = must(is, () => false);
  // An object says best what is wrong with it where one is allowed.
  return (value) => {
    const wrong = rules.map((rule) => rule(value));
    if (wrong.includes(undefined)) return undefined;
    return isObject(value) ? wrong.at(-1) : fits(value);
  };
};

/** An object with options of its own. */
export const fields = (rules: Record<string, Rule>, ...needs: string[]): Rule => {
  const shape: Shape = { rules: new Map(Object.entries(rules)), needs };
  return (value) => {
    if (!isObject(value)) return object(value);
    const wrong = wrongIn(value, shape);
    return wrong === undefined ? undefined : wrong.startsWith("there is") ? `: ${wrong}` : `.${wrong}`;
  };
};

/** A list of what fits the rule. */
export const listOf =
  (rule: Rule, is: string): Rule =>
  (value) => {
    if (!Array.isArray(value)) return ` must be ${is}, not ${told(value)}`;
    for (let at = 0; at < value.length; at++) {
      const wrong = rule(value[at]);
      if (wrong !== undefined) return `[${at}]${wrong}`;
    }
    return undefined;
  };

/** An object whose values fit the rule, whatever their names. */
export const recordOf =
  (rule: Rule): Rule =>
  (value) => {
    if (!isObject(value)) return object(value);
    for (const name of Object.keys(value)) {
      const wrong = rule(value[name]);
      if (wrong !== undefined) return `.${name}${wrong}`;
    }
    return undefined;
  };

export const texts: Rule = listOf(text, "a list of texts");
export const list: Rule = listOf(() => undefined, "a list");
export const tags: Rule = recordOf(text);
export const resource: Rule = must(
  "a resource",
  (value) => isObject(value) && value.kind === "resource" && typeof value.setup === "function",
  "Write connection(…), resource({ … }) or valueResource(…).",
);
export const resources: Rule = recordOf(resource);

const partitionFields: Record<string, (value: Record<string, unknown>) => boolean> = {
  time: ({ cron }) => typeof cron === "string",
  static: ({ keys }) => Array.isArray(keys),
  dynamic: ({ name }) => typeof name === "string",
};
const isOneDimension = (value: unknown): boolean =>
  isObject(value) && typeof value.type === "string" && (partitionFields[value.type]?.(value) ?? false);

/** A definition of partitions along one dimension. */
export const dimension: Rule = must(
  "partitions of one dimension",
  isOneDimension,
  'Write dailyPartitions({ start: "2026-01-01" }), staticPartitions([…]) or another of theirs.',
);
const dimensions = recordOf(dimension);
const aPartitioning = must(
  "a definition of partitions",
  isOneDimension,
  'Write dailyPartitions({ start: "2026-01-01" }), staticPartitions([…]) or another of theirs.',
);
export const partitions: Rule = (value) => {
  if (!isObject(value) || value.type !== "multi") return aPartitioning(value);
  const wrong = dimensions(value.dimensions);
  return wrong === undefined ? undefined : `.dimensions${wrong}`;
};
