import { didYouMean } from "./errors.ts";

/** What zod 4 hands to an error map, as far as it is read here. */
interface Issue {
  code?: string;
  input?: unknown;
  expected?: string;
  values?: readonly unknown[];
  origin?: string;
  minimum?: number | bigint;
  maximum?: number | bigint;
  inclusive?: boolean;
  format?: string;
  prefix?: string;
  suffix?: string;
  includes?: string;
  keys?: readonly string[];
  divisor?: number | bigint;
  /** Of a union: what is wrong with each alternative. */
  errors?: readonly (readonly { path: readonly PropertyKey[]; message: string }[])[];
  options?: readonly unknown[];
  discriminator?: string;
  /** Of a key or an element. */
  issues?: readonly { message: string }[];
  inst?: unknown;
}

const kinds: Record<string, string> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a mapping",
  record: "a mapping",
  map: "a mapping",
  null: "null",
  never: "left out",
};
const formats: Record<string, string> = {
  url: "address",
  email: "e-mail address",
  datetime: "instant (write 2026-01-31T00:00:00Z)",
  date: "date (write 2026-01-31)",
  regex: "value of the form that is asked for",
};

/**
 * What is wrong with a value in words for who wrote it, to be read after the value's path. An error map of zod, given with a
 * parse: a message that the schema has of its own wins.
 */
export function issueWords(issue: object): string {
  const one = issue as Issue;
  switch (one.code) {
    case "invalid_type": {
      if (one.input === undefined) return "is missing";
      const must = `must be ${kinds[one.expected ?? ""] ?? one.expected}`;
      return Number.isNaN(one.input) ? must : `${must}, not ${told(one.input)}`;
    }
    case "invalid_value":
      return choice(one.input, one.values ?? []);
    case "too_small":
    case "too_big":
      return bound(one);
    case "invalid_format":
      if (one.prefix !== undefined) return `must begin with "${one.prefix}"`;
      if (one.suffix !== undefined) return `must end with "${one.suffix}"`;
      if (one.includes !== undefined) return `must have "${one.includes}" in it`;
      return `${told(one.input)} is no ${formats[one.format ?? ""] ?? one.format}`;
    case "not_multiple_of":
      return `must be a multiple of ${one.divisor}`;
    case "unrecognized_keys": {
      const known = Object.keys((one.inst as { _zod?: { def?: { shape?: object } } } | undefined)?._zod?.def?.shape ?? {});
      return (one.keys ?? []).map((key) => `there is no "${key}" here.${nearOrAll(key, known)}`).join(" ");
    }
    case "invalid_union":
      if (one.input === undefined) return "is missing";
      if (one.options?.length) return choice((one.input as Record<string, unknown>)[one.discriminator ?? ""], one.options);
      return union(one) ?? `${told(one.input)} is none of what is possible here`;
    case "invalid_key":
    case "invalid_element":
      return one.issues?.[0]?.message ?? "is not possible here";
    default:
      return "is not possible here";
  }
}

/** What is wrong, with its path before it; what is wrong with the whole says so by itself. */
export const placed = ({ path, message }: { path: readonly PropertyKey[]; message: string }): string =>
  path.length > 0 ? `${path.map(String).join(".")}: ${message}` : message;

function choice(input: unknown, values: readonly unknown[]): string {
  if (input === undefined) return "is missing";
  const names = values.map((value) => (typeof value === "string" ? value : JSON.stringify(value)));
  if (names.length === 1) return `must be ${names[0]}, not ${told(input)}`;
  const near = typeof input === "string" ? didYouMean(input, names) : "";
  return `${told(input)} is none of ${names.join(", ")}${near && `.${near}`}`;
}

function bound({ code, origin, minimum, maximum, inclusive }: Issue): string {
  const least = code === "too_small";
  const limit = Number(least ? minimum : maximum);
  const counted = origin === "string" ? "character" : origin === "array" || origin === "set" || origin === "map" ? "entry" : "";
  if (counted && least && limit === 1) return "must not be empty";
  if (counted)
    return `must have at ${least ? "least" : "most"} ${limit} ${limit === 1 ? counted : counted.replace(/y$|$/, (end) => (end ? "ies" : "s"))}`;
  if (inclusive === false) return `must be ${least ? "more" : "less"} than ${limit}`;
  return `must be at ${least ? "least" : "most"} ${limit}`;
}

/** Of alternatives that all are about the value itself: what it may be. */
function union({ errors = [] }: Issue): string | undefined {
  const messages = errors.flatMap((issues) => (issues[0]?.path.length === 0 ? [issues[0].message] : []));
  const kinds = [...new Set(messages.map((message) => /^must be (.+?), not /.exec(message)?.[1]))];
  const not = / not (.+)$/.exec(messages[0] ?? "")?.[1];
  return messages.length > 0 && not && kinds.every((kind) => kind !== undefined)
    ? `must be ${kinds.join(" or ")}, not ${not}`
    : messages.find((message) => !message.startsWith("must be "));
}

const nearOrAll = (key: string, known: readonly string[]): string =>
  didYouMean(key, known) || (known.length > 0 ? ` There are ${known.join(", ")}.` : "");

function told(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value);
  if (Array.isArray(value)) return "a list";
  if (value === null) return "nothing";
  if (typeof value === "object") return "a mapping";
  return String(value);
}
