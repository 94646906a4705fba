import { z } from "@hono/zod-openapi";

// Jobs, and what a launch would make, as the API answers them.

export const jobSchema = z
  .object({
    location: z.string(),
    name: z.string(),
    selection: z.string(),
    description: z.string().nullable(),
    tags: z.record(z.string(), z.string()),
    /** JSON Schema of the config that a launch gives; null: run config by step name. */
    config: z.unknown().nullable(),
  })
  .openapi("Job");

export const jobDetailSchema = jobSchema
  .extend({
    where: z.string().nullable(),
    /** The job carries out the checks of its assets and makes nothing. */
    checksOnly: z.boolean(),
    assets: z.array(
      z.object({ key: z.string(), partitions: z.string().nullable().openapi({ description: "How it is divided, as in daily" }) }),
    ),
    steps: z.array(
      z.object({
        name: z.string(),
        assets: z.array(z.string()),
        config: z.unknown().nullable().openapi({ description: "JSON Schema of its run config; null: it takes none" }),
      }),
    ),
    /** Why it cannot be launched now: a selection that names nothing. */
    problem: z.string().nullable(),
  })
  .openapi("JobDetail");

export const planSchema = z
  .object({
    runs: z.array(
      z.object({
        location: z.string(),
        assets: z.array(z.string()),
        checks: z.array(z.string()),
        steps: z.number().int(),
        needs: z.array(z.number().int()).openapi({ description: "Positions of the runs that come first" }),
      }),
    ),
    partition: z.string().nullable(),
    tags: z.record(z.string(), z.string()),
    config: z.record(z.string(), z.unknown()).openapi({ description: "Run config by step name, as the steps would see it" }),
  })
  .openapi("Plan");
