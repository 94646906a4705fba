import { z } from "@hono/zod-openapi";
import { instant } from "./instant.ts";
import { backfillStatusSchema } from "./partition-schemas.ts";
import { metadataSchema, runStatusSchema } from "./schemas.ts";

// What the pages that look over everything show: runs on a time axis, results of checks, the settings.

export const timelineSchema = z
  .object({
    from: instant,
    now: instant,
    to: instant,
    /** Newest first. */
    runs: z.array(
      z.object({
        id: z.string(),
        location: z.string(),
        status: runStatusSchema,
        tags: z.record(z.string(), z.string()),
        title: z.string().openapi({ description: "The asset or check, or how many" }),
        createdAt: instant,
        startedAt: instant.nullable(),
        endedAt: instant.nullable(),
        reason: z.string().nullable(),
      }),
    ),
    /** There were more runs than are shown: the older ones are left out. */
    more: z.boolean(),
    /** What schedules that are on will do, in order. */
    ticks: z.array(z.object({ location: z.string(), name: z.string(), job: z.string().nullable(), at: instant })),
  })
  .openapi("Timeline");

export const failuresSchema = z
  .object({
    /** Newest first. */
    runs: z.array(
      z.object({
        id: z.string(),
        location: z.string(),
        title: z.string().openapi({ description: "The asset or check, or how many" }),
        partition: z.string().nullable(),
        endedAt: instant.nullable(),
        reason: z.string().nullable(),
        error: z.string().nullable().openapi({ description: "Of the first step that failed, the first line" }),
        unmade: z.array(z.string()).openapi({ description: "What nothing has made since: assets, and checks as key:name" }),
      }),
    ),
    backfills: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        status: backfillStatusSchema,
        createdAt: instant,
        endedAt: instant.nullable(),
        unmade: z.number().int().openapi({ description: "Partitions that failed or were left out, and nothing has made since" }),
      }),
    ),
    /** There were more failed runs than are looked at: the older ones are left out. */
    more: z.boolean(),
  })
  .openapi("Failures");

export const checkResultSchema = z
  .object({
    eventId: z.number(),
    at: instant,
    passed: z.boolean(),
    severity: z.string(),
    description: z.string().nullable(),
    partition: z.string().nullable(),
    runId: z.string().nullable(),
    metadata: metadataSchema,
  })
  .openapi("CheckResult");

export const settingSchema = z
  .object({
    path: z.string(),
    /** As kc.yaml has it, or the default. Never a secret: `env:NAME` stays a name. */
    value: z.string(),
    by: z.enum(["kc.yaml", "default"]),
  })
  .openapi("Setting");
