import { z } from "@hono/zod-openapi";
import { instant } from "./instant.ts";

// Schedules and sensors, their ticks and previews as the API answers them.

export const instigatorSchema = z
  .object({
    location: z.string(),
    name: z.string(),
    type: z.enum(["schedule", "sensor"]),
    kind: z.enum(["schedule", "poll", "asset", "multi_asset", "run_status", "freshness_change", "automation", "freshness"]),
    description: z.string().nullable(),
    running: z.boolean(),
    target: z.string().nullable(),
    cron: z.string().nullable(),
    timezone: z.string().nullable(),
    intervalMs: z.number().nullable(),
    nextTickAt: instant.nullable(),
    lastTickAt: instant.nullable(),
    /** The job that it launches; null: it targets assets, or decides by itself. */
    job: z.string().nullable(),
  })
  .openapi("Instigator");
export const launchersSchema = z
  .object({
    jobs: z.array(z.string()).openapi({ description: "Jobs of its location that make it" }),
    by: z.array(instigatorSchema).openapi({ description: "Schedules and sensors that make it, and the one of its automation" }),
  })
  .openapi("Launchers");
export const instigatorDetailSchema = instigatorSchema
  .extend({
    defaultStatus: z.enum(["running", "stopped"]),
    tags: z.record(z.string(), z.string()),
    /** What a sensor listens to. */
    selection: z.string().nullable(),
    cursor: z.string().nullable(),
    /** It has a function of its own that decides at each tick. */
    decides: z.boolean(),
    where: z.string().nullable(),
  })
  .openapi("InstigatorDetail");
export const tickSchema = z
  .object({
    id: z.number(),
    location: z.string(),
    name: z.string(),
    type: z.enum(["schedule", "sensor"]),
    status: z.enum(["started", "success", "skipped", "failed"]),
    at: instant,
    startedAt: instant.nullable(),
    endedAt: instant.nullable(),
    /** Milliseconds between its time and its begin. */
    lateMs: z.number().nullable(),
    manual: z.boolean(),
    attempts: z.number().int(),
    retryAt: instant.nullable(),
    requestIds: z.array(z.string()),
    skip: z.string().nullable(),
    error: z.string().nullable(),
    logs: z.array(z.object({ level: z.string(), message: z.string() })),
  })
  .openapi("Tick");

export const previewSchema = z
  .object({
    at: instant,
    runs: z.array(
      z.object({
        selection: z.string(),
        assets: z.array(z.string()),
        tags: z.record(z.string(), z.string()),
        config: z.record(z.string(), z.unknown()),
        partition: z.string().nullable(),
        runKey: z.string().nullable(),
      }),
    ),
    events: z.array(z.looseObject({ type: z.string(), asset: z.string() })),
    partitions: z.array(
      z.object({ definition: z.string(), add: z.array(z.string()).optional(), delete: z.array(z.string()).optional() }),
    ),
    cursor: z.object({ before: z.string().nullable(), after: z.string().nullable() }),
    skip: z.string().nullable(),
    error: z.string().nullable(),
    logs: z.array(z.object({ level: z.string(), message: z.string() })),
  })
  .openapi("TickPreview");
