import { z } from "@hono/zod-openapi";
import { instant } from "./instant.ts";

// What is reported by hand, and the numbers of metadata over time.

const reportedValue = z.union([
  z.string(),
  z.number(),
  z.boolean(),
  z.null(),
  z.strictObject({ type: z.string().max(50), value: z.unknown() }),
]);
export const reportSchema = z
  .strictObject({
    type: z.enum(["materialization", "observation", "check"]),
    asset: z.string().max(512),
    partition: z.string().max(100_000).optional(),
    metadata: z.record(z.string(), reportedValue).optional(),
    check: z
      .strictObject({
        name: z.string().max(512),
        passed: z.boolean(),
        severity: z.enum(["WARN", "ERROR"]).optional(),
        description: z.string().max(10_000).optional(),
      })
      .optional(),
  })
  .openapi("ReportedEvent");
export const wipeSchema = z
  .strictObject({
    selection: z.string().min(1).max(10_000),
    partition: z.string().min(1).max(100_000).optional(),
    dryRun: z.boolean().optional().openapi({ description: "Only say what would be forgotten, or why it cannot be" }),
  })
  .openapi("Wipe");
export const wipedSchema = z.object({ assets: z.array(z.string()), partition: z.string().nullable() }).openapi("Wiped");

export const seriesSchema = z
  .object({
    key: z.string(),
    name: z.string(),
    points: z.array(
      z.object({
        eventId: z.number(),
        at: instant,
        value: z.number(),
        partition: z.string().nullable(),
        runId: z.string().nullable(),
      }),
    ),
  })
  .openapi("Series");
