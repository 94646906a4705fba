import { didYouMean } from "@kc/runtime/internal";
import type { z } from "zod";

/** What a zod schema is made of, as far as its keys are looked for. */
interface Definition {
  type: string;
  innerType?: Schema;
  in?: Schema;
  element?: Schema;
  valueType?: Schema;
  catchall?: Schema;
  options?: readonly Schema[];
  shape?: Readonly<Record<string, Schema>>;
}
interface Schema {
  _zod: { def: object };
}

export interface Issue {
  path: PropertyKey[];
  message: string;
}

/** What zod found wrong, in words for who wrote the file: unknown keys one by one with the nearest known ones. */
export function explained(schema: Schema, issues: readonly z.core.$ZodIssue[], at: readonly PropertyKey[] = []): Issue[] {
  return issues.flatMap((issue): Issue[] => {
    const path = [...at, ...issue.path];
    if (issue.code === "unrecognized_keys") {
      const known = keysAt(schema, path);
      return issue.keys.map((key) => ({ path: [...path, key], message: unknownSetting(key, known) }));
    }
    if (issue.code === "invalid_union") {
      // The alternative that is meant is the one whose own keys were used, else the only one that has keys.
      const inside = issue.errors.filter((errors) => errors.every((one) => one.path.length > 0));
      const keyed = issue.errors.filter((errors) =>
        errors.every((one) => one.path.length > 0 || one.code === "unrecognized_keys"),
      );
      const meant = [inside, keyed].find((alternatives) => alternatives.length === 1)?.[0];
      if (meant) return explained(schema, meant, path);
      const unknown = issue.errors.flatMap((errors) => errors.find((one) => one.code === "unrecognized_keys") ?? []);
      if (unknown.length === issue.errors.length) return explained(schema, [unknown[0]!], path);
    }
    return [{ path, message: issue.message }];
  });
}

/** A key that an alternative knows may only stand without those of another. */
const unknownSetting = (key: string, known: readonly string[]): string =>
  known.includes(key)
    ? "cannot stand beside what is there already: write one of them"
    : `there is no such setting.${didYouMean(key, known) || (known.length > 0 ? ` There are ${known.join(", ")}.` : "")}`;

/** The keys that a schema knows at a path into its values: what a mistyped one may have been meant to be. */
export function keysAt(schema: Schema, path: readonly PropertyKey[]): string[] {
  const { type, shape, innerType, element, valueType, catchall, options, in: input } = schema._zod.def as Definition;
  if (type === "union") return [...new Set(options!.flatMap((option) => keysAt(option, path)))];
  const inside = innerType ?? (type === "pipe" ? input : undefined);
  if (inside) return keysAt(inside, path);
  const [head, ...rest] = path;
  if (head === undefined) return Object.keys(shape ?? {});
  const next = shape?.[String(head)] ?? catchall ?? element ?? valueType;
  return next ? keysAt(next, rest) : [];
}
