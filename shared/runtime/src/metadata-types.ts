import { z } from "zod";
import { didYouMean, UserError } from "./errors.ts";

/** A column of a table. */
export interface ColumnSchema {
  name: string;
  /** As the database writes it. */
  type?: string;
  description?: string;
  nullable?: boolean;
}
/** By column: the columns that it comes from. */
export type ColumnLineage = Record<string, { asset: string; column: string }[]>;

const cell = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const text = z.string();

/** What each type of metadata must look like. */
const shapes = {
  text,
  // What JSON has no number for comes as text.
  number: z.number().or(text),
  bool: z.boolean(),
  path: text.min(1).max(4_096),
  url: text.max(8_192).regex(/^(?!javascript:|data:|vbscript:)[a-z][a-z0-9+.-]*:\S+$/i, "must be an address such as https://…"),
  markdown: text,
  json: z.unknown(),
  timestamp: text.refine((value) => !Number.isNaN(Date.parse(value)), "must be an instant such as 2026-01-31T00:00:00Z"),
  table: z
    .object({ columns: z.array(text).max(1_000), rows: z.array(z.array(cell)).max(10_000) })
    .refine(
      ({ columns, rows }) => rows.every((row) => row.length === columns.length),
      "a row has more or fewer cells than columns",
    ),
  row_count: z.number().int().min(0),
  column_schema: z
    .array(z.object({ name: text.min(1), type: text.optional(), description: text.optional(), nullable: z.boolean().optional() }))
    .max(10_000),
  column_lineage: z.record(text, z.array(z.object({ asset: text.min(1), column: text.min(1) }))),
  code: text.min(1).max(4_096),
} as const satisfies Record<string, z.ZodType>;

export type MetadataType = keyof typeof shapes;
export const metadataTypes = Object.keys(shapes) as MetadataType[];

/** @throws UserError when the type is none, or the value does not have its form. */
export function checkTyped(what: string, { type, value }: { type?: unknown; value?: unknown }): void {
  const shape = typeof type === "string" && Object.hasOwn(shapes, type) ? shapes[type as MetadataType] : undefined;
  if (!shape)
    throw new UserError(`${what}: there is no metadata type "${String(type)}".${didYouMean(String(type), metadataTypes)}`, {
      hint: `There are ${metadataTypes.join(", ")}.`,
    });
  const result = shape.safeParse(value);
  if (result.success) return;
  const issue = result.error.issues[0]!;
  const path = issue.path.length > 0 ? `${issue.path.join(".")}: ` : "";
  throw new UserError(`${what} is no ${type}: ${path}${issue.message}`);
}
