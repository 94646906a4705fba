import { z } from "@hono/zod-openapi";
import { instant } from "./instant.ts";
import { metadataSchema } from "./schemas.ts";

// Partitions and backfills as the API answers them. Sets of partitions are lists of keys and ranges `first...last`.

const ranges = z.array(z.string());
const counts = { total: z.number(), materialized: z.number(), failed: z.number(), inProgress: z.number(), missing: z.number() };

export const assetPartitionsSchema = z
  .object({
    key: z.string(),
    description: z.string().openapi({ description: "How the asset is divided, as in daily (Europe/Athens)" }),
    dimensions: z.array(z.string()),
    counts: z.object(counts),
    ranges: z.object({ materialized: ranges, failed: ranges, inProgress: ranges, missing: ranges }).openapi({
      description: "At most 1,000 ranges of each",
    }),
    partitions: z.array(
      z.object({
        key: z.string(),
        status: z.enum(["materialized", "failed", "in_progress", "missing"]),
        at: z.string().nullable(),
        runId: z.string().nullable(),
        /** Id of the event of its latest materialization. */
        eventId: z.number().nullable(),
      }),
    ),
  })
  .openapi("AssetPartitions");

export const partitionSchema = z
  .object({
    key: z.string(),
    partition: z.string(),
    status: z.enum(["materialized", "failed", "in_progress", "missing"]),
    materialization: z
      .object({ at: instant, runId: z.string().nullable(), eventId: z.number(), metadata: metadataSchema })
      .nullable(),
    /** Its latest failure, when it came after. */
    failure: z.object({ at: instant, runId: z.string().nullable(), text: z.string().nullable() }).nullable(),
  })
  .openapi("Partition");

/** Partitions in stretches of equal length, row by row: what a picture of any number of them needs. */
export const partitionGridSchema = z
  .object({
    key: z.string(),
    description: z.string(),
    counts: z.object(counts),
    /** Rows that are left out beyond the first 50. */
    moreRows: z.number(),
    rows: z.array(
      z.object({
        /** Keys of the dimensions beside that of the columns, joined by `|`; empty without. */
        name: z.string(),
        cells: z.array(z.object({ first: z.string(), last: z.string(), ...counts })),
      }),
    ),
  })
  .openapi("PartitionGrid");

export const dynamicPartitionsSchema = z
  .object({ name: z.string(), keys: z.array(z.string()), assets: z.array(z.string()) })
  .openapi("DynamicPartitions");

export const backfillPolicySchema = z.union([
  z.enum(["perPartition", "single"]),
  z.strictObject({ chunks: z.number().int().min(1).max(1_000_000) }),
]);

export const backfillBodySchema = z
  .strictObject({
    selection: z.string().min(1).max(10_000),
    partitions: z.array(z.string().min(1).max(1_100)).max(100_000).optional(),
    scope: z.enum(["all", "latest"]).optional(),
    only: z.enum(["missing", "failed"]).optional(),
    policy: backfillPolicySchema.optional(),
    tags: z.record(z.string().max(200), z.string().max(1_000)).optional(),
    config: z.record(z.string(), z.unknown()).optional(),
    maxRuns: z.number().int().min(1).max(10_000).optional(),
  })
  .openapi("BackfillRequest");

export const backfillPlanSchema = z
  .object({
    assets: z.array(z.object({ key: z.string(), count: z.number(), partitions: ranges })),
    partitions: z.number(),
    /** Assets that are made in the same requests, with the policy that counts and the runs they take when nothing fails. */
    groups: z.array(z.object({ assets: z.array(z.string()), policy: backfillPolicySchema.nullable(), runs: z.number().int() })),
    runs: z.number().int(),
    first: z.array(z.object({ assets: z.array(z.string()), partition: z.string().nullable() })),
  })
  .openapi("BackfillPlan");

const progress = z.object({
  total: z.number(),
  done: z.number(),
  failed: z.number(),
  skipped: z.number(),
  inProgress: z.number(),
});

export const backfillStatusSchema = z.enum(["running", "paused", "cancelling", "succeeded", "failed", "cancelled"]);

export const backfillSchema = z
  .object({
    id: z.string(),
    status: backfillStatusSchema,
    title: z.string(),
    policy: backfillPolicySchema.nullable(),
    tags: z.record(z.string(), z.string()),
    createdAt: z.string(),
    endedAt: z.string().nullable(),
    reason: z.string().nullable(),
    runs: z.number(),
    open: z.array(z.string()),
    progress,
    /** Milliseconds that are left at the pace so far; null while it cannot be told. */
    etaMs: z.number().nullable(),
  })
  .openapi("Backfill");

export const backfillDetailSchema = backfillSchema
  .extend({
    assets: z.array(progress.extend({ key: z.string(), failedPartitions: ranges, skippedPartitions: ranges })),
  })
  .openapi("BackfillDetail");
