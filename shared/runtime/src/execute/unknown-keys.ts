import { didYouMean } from "../errors.ts";

/** The parts of zod 4's description of a schema that are looked at. */
interface Def {
  type?: string;
  shape?: Record<string, unknown>;
  catchall?: unknown;
  innerType?: unknown;
  element?: unknown;
  valueType?: unknown;
  in?: unknown;
}

/**
 * What stands in a value under keys that its schema does not name, as `path: what is wrong`. zod leaves such keys out
 * without a word, so that a misspelt option would do nothing. Objects that allow further keys, unions, and schemas that
 * are not of zod 4 decide for themselves.
 */
export function unknownKeys(schema: unknown, value: unknown, path: readonly string[] = []): string[] {
  const def = (schema as { _zod?: { def?: Def } } | undefined)?._zod?.def;
  if (!def || typeof value !== "object" || value === null) return [];
  const inside = (part: unknown, entries: [string, unknown][]) =>
    entries.flatMap(([key, one]) => unknownKeys(part, one, [...path, key]));
  if (def.innerType ?? def.in) return unknownKeys(def.innerType ?? def.in, value, path);
  if (def.type === "array") return inside(def.element, Object.entries(value));
  if (def.type === "record") return inside(def.valueType, Object.entries(value));
  if (def.type !== "object" || Array.isArray(value)) return [];
  const { shape = {} } = def;
  return Object.entries(value).flatMap(([key, one]) => {
    if (Object.hasOwn(shape, key)) return unknownKeys(shape[key], one, [...path, key]);
    return def.catchall ? [] : [`${[...path, key].join(".")}: there is no such key.${didYouMean(key, Object.keys(shape))}`];
  });
}
