import { z } from "zod";
import { modes } from "../load/load.ts";
import { transformNames } from "../load/transforms.ts";

const texts = z.union([z.string().min(1), z.array(z.string().min(1))]).transform((value) =>
  Array.isArray(value)
    ? value
    : value
        .split(",")
        .map((part) => part.trim())
        .filter(Boolean),
);
const onFailure = z.enum(["abort", "warn", "quiet"]).default("abort");
const common = { id: z.string().optional(), on_failure: onFailure, if: z.string().optional() };

/** A hook of a stream or of the whole replication. */
export const hookSchema = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("query"),
    ...common,
    connection: z.string().optional(),
    query: z.string().min(1),
    into: z
      .string()
      .regex(/^[a-z_]\w*$/i)
      .optional(),
  }),
  z.strictObject({ type: z.literal("check"), ...common, check: z.string().min(1), message: z.string().optional() }),
  z.strictObject({
    type: z.literal("log"),
    ...common,
    message: z.string(),
    level: z.enum(["debug", "info", "warn", "error"]).default("info"),
  }),
  z.strictObject({
    type: z.literal("http"),
    ...common,
    url: z.string().min(1),
    method: z.enum(["GET", "POST", "PUT", "PATCH", "DELETE"]).default("GET"),
    headers: z.record(z.string(), z.string()).default({}),
    payload: z.string().optional(),
    into: z
      .string()
      .regex(/^[a-z_]\w*$/i)
      .optional(),
  }),
]);
export type Hook = z.output<typeof hookSchema>;
const hooks = z.array(hookSchema);

const char = z.string().min(1).max(3);
export const sourceOptionsSchema = z.strictObject({
  header: z.boolean().optional(),
  delimiter: char.optional(),
  quote: char.optional(),
  escape: char.optional(),
  encoding: z.string().optional(),
  compression: z
    .enum(["none", "auto", "gzip", "gz", "zstd", "zst"])
    .transform((name) => (name === "gz" ? "gzip" : name === "zst" ? "zstd" : name))
    .optional(),
  format: z.literal("csv").optional(),
  skip_lines: z.number().int().min(0).max(10_000).optional(),
  empty_as_null: z.boolean().optional(),
  limit: z.number().int().min(0).optional(),
  range: z
    .string()
    .regex(/^[^,]+,[^,]+$/, 'must be "from,to"')
    .optional(),
});
export const targetOptionsSchema = z.strictObject({
  add_new_columns: z.boolean().optional(),
  adjust_column_type: z.boolean().optional(),
  column_casing: z.enum(["normalize", "source", "target", "snake", "upper", "lower", "camel"]).optional(),
  delete_missing: z.literal("hard").optional(),
  merge_strategy: z.enum(["insert", "update", "update_insert", "delete_insert"]).optional(),
  pre_sql: z.string().optional(),
  post_sql: z.string().optional(),
});
const transformList = z
  .union([z.enum(transformNames as [string, ...string[]]), z.array(z.enum(transformNames as [string, ...string[]]))])
  .transform((value) => (Array.isArray(value) ? value : [value]));

/** Everything a stream, or `defaults`, may say. */
export const streamSchema = z.strictObject({
  id: z.string().optional(),
  description: z.string().optional(),
  mode: z.enum(modes).optional(),
  object: z.string().min(1).optional(),
  select: texts.optional(),
  where: z.string().min(1).optional(),
  primary_key: texts.optional(),
  update_key: z.string().min(1).optional(),
  sql: z.string().min(1).optional(),
  tags: texts.optional(),
  disabled: z.boolean().optional(),
  source_options: sourceOptionsSchema.optional(),
  target_options: targetOptionsSchema.optional(),
  columns: z.record(z.string(), z.string()).optional(),
  transforms: z
    .union([
      z.array(z.enum(transformNames as [string, ...string[]])).transform((list) => ({ "*": list })),
      z.record(z.string(), transformList),
    ])
    .optional(),
  hooks: z
    .strictObject({ pre: hooks.optional(), post: hooks.optional(), pre_merge: hooks.optional(), post_merge: hooks.optional() })
    .optional(),
  meta: z.record(z.string(), z.unknown()).optional(),
});
export type StreamSettings = z.output<typeof streamSchema>;

/** A whole replication file. */
export const replicationSchema = z.strictObject({
  source: z.string().min(1),
  target: z.string().min(1),
  defaults: streamSchema.optional(),
  streams: z.record(z.string().min(1), streamSchema.nullable()),
  hooks: z.strictObject({ start: hooks.optional(), end: hooks.optional() }).optional(),
  env: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()]).transform(String)).optional(),
});
