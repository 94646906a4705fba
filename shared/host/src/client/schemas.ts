import { z } from "@hono/zod-openapi";
import { instant } from "./instant.ts";
import { leaderSchema } from "./leader-schemas.ts";

export { healthSchema } from "./leader-schemas.ts";

// The shapes of the API. The webserver validates with them, openapi.json is made from them, the CLI and the UI take
// their types from them. Instants are ISO 8601 UTC, durations milliseconds.

export const metadataSchema = z.record(z.string(), z.object({ type: z.string(), value: z.unknown() })).openapi("Metadata");
export const runStatusSchema = z
  .enum(["queued", "starting", "running", "cancelling", "succeeded", "failed", "cancelled", "skipped"])
  .openapi("RunStatus");

export const loadErrorSchema = z
  .object({ message: z.string(), where: z.string(), hint: z.string(), stack: z.string() })
  .openapi("LoadError");

export const locationSchema = z
  .object({
    name: z.string(),
    status: z.enum(["loading", "loaded", "error"]),
    folder: z.string(),
    loader: z.string(),
    loadedAt: instant.nullable(),
    loadMs: z.number().nullable(),
    error: loadErrorSchema.nullable(),
    warnings: z.array(z.string()),
    assets: z.number().int(),
    pid: z.number().int().nullable(),
  })
  .openapi("Location");

export const workspaceSchema = z
  .object({
    root: z.string(),
    url: z.string(),
    locations: z.array(locationSchema),
    problems: z.array(
      z.object({ kind: z.string(), message: z.string(), assets: z.array(z.string()), locations: z.array(z.string()) }),
    ),
    leader: leaderSchema,
    daemons: z.array(
      z.object({
        name: z.string(),
        lastHeartbeat: instant.openapi({ description: "When the loop was last seen to do its work" }),
        lastLook: instant,
        lateMs: z.number(),
        error: z.string().nullable(),
      }),
    ),
  })
  .openapi("Workspace");

const checkResultSchema = z.object({
  passed: z.boolean(),
  severity: z.enum(["WARN", "ERROR"]),
  at: instant,
  runId: z.string().nullable(),
  /** Keys and ranges joined by commas; null: the whole asset. */
  partition: z.string().nullable(),
  description: z.string().nullable(),
  metadata: metadataSchema,
});

export const checkStateSchema = z
  .object({
    name: z.string(),
    blocking: z.boolean(),
    /** It holds back dependants in other runs and locations too. */
    everywhere: z.boolean(),
    /** `step`: the asset's own step reports it and it cannot run alone. */
    by: z.enum(["step", "code"]),
    description: z.string().nullable(),
    /** The latest; of a partitioned asset the latest failure that stands, before any pass of other partitions. */
    result: checkResultSchema.nullable(),
    /** Of a partitioned asset: for how many partitions the latest result is which; null before any is known. */
    partitions: z
      .object({
        passed: z.number().int(),
        warned: z.number().int(),
        failed: z.number().int(),
        /** False: the latest result about the whole asset is a failure. */
        whole: z.boolean(),
        /** The first keys and ranges that fail with any severity. */
        failing: z.array(z.string()),
      })
      .nullable(),
  })
  .openapi("CheckState");

/** Results of an asset's checks by partition, the newest first. */
export const checkPartitionsSchema = z
  .object({
    total: z.number().int(),
    results: z.array(checkResultSchema.extend({ check: z.string() })),
  })
  .openapi("CheckPartitions");

export const assetCheckSchema = checkStateSchema.extend({ asset: z.string(), location: z.string() }).openapi("AssetCheck");

export const assetSchema = z
  .object({
    key: z.string(),
    location: z.string(),
    group: z.string(),
    step: z.string(),
    deps: z.array(z.string()),
    dependents: z.array(z.string()),
    owners: z.array(z.string()),
    kinds: z.array(z.string()),
    tags: z.record(z.string(), z.string()),
    description: z.string().nullable(),
    external: z.boolean(),
    /** How it is divided, as in "daily"; null without partitions. */
    partitions: z.string().nullable(),
    /** Its location does not load now: what is shown is its last good state. */
    stale: z.boolean(),
    /** What it is doing or how its last run ended. */
    status: z.enum(["missing", "queued", "running", "succeeded", "failed", "skipped"]),
    freshness: z.enum(["fresh", "warn", "fail", "unknown"]).nullable(),
    health: z.enum(["healthy", "warning", "degraded", "unknown"]),
    /** What the health is made of, the worst first. */
    healthReasons: z.array(
      z.object({
        of: z.enum(["materialization", "freshness", "checks"]),
        status: z.enum(["healthy", "warning", "degraded", "unknown"]),
        text: z.string(),
      }),
    ),
    materialization: z
      .object({ at: instant, runId: z.string().nullable(), eventId: z.number(), metadata: metadataSchema })
      .nullable(),
    unchangedAt: instant.nullable(),
    runId: z.string().nullable(),
    checks: z.array(checkStateSchema),
  })
  .openapi("Asset");

export const assetDetailSchema = assetSchema
  .extend({
    metadata: metadataSchema,
    automation: z.unknown().nullable(),
    evaluation: z.object({ at: instant, evaluation: z.unknown() }).nullable(),
    freshnessPolicy: z
      .object({
        /** The policy in words. */
        text: z.string(),
        of: z.enum(["any", "latestPartition"]),
        warnMs: z.number().optional(),
        failMs: z.number().optional(),
        cron: z.string().optional(),
        timezone: z.string().optional(),
        withinMs: z.number().optional(),
      })
      .nullable(),
    codeVersion: z.string().nullable(),
    resources: z.array(z.string()),
    where: z.string().nullable(),
    history: z.array(
      z.object({ eventId: z.number(), at: instant, type: z.string(), runId: z.string().nullable(), metadata: metadataSchema }),
    ),
  })
  .openapi("AssetDetail");

export const runSchema = z
  .object({
    id: z.string(),
    requestId: z.string(),
    location: z.string(),
    status: runStatusSchema,
    assets: z.array(z.string()),
    /** Checks that it carries out without making their assets, as `key:name`. */
    checks: z.array(z.string()),
    needs: z.array(z.string()),
    tags: z.record(z.string(), z.string()),
    partition: z.string().nullable(),
    connections: z.record(z.string(), z.string()),
    createdAt: instant,
    startedAt: instant.nullable(),
    endedAt: instant.nullable(),
    reason: z.string().nullable(),
    /** What a queued run waits for, or the first of a running run's waiting steps. */
    waitsFor: z.string().nullable(),
  })
  .openapi("Run");

export const runDetailSchema = runSchema
  .extend({
    steps: z.array(
      z.object({
        key: z.string(),
        assets: z.array(z.string()),
        checks: z.array(z.string()),
        needs: z.array(z.string()),
        status: z.enum(["pending", "waiting", "running", "succeeded", "failed", "cancelled", "skipped"]),
        /** Tries so far and at most, counted over this run and those that it retries. */
        attempt: z.number().int(),
        attempts: z.number().int(),
        pool: z.object({ name: z.string(), weight: z.number() }).nullable(),
        waitsFor: z.string().nullable(),
      }),
    ),
    /** Its place in the line of runs that retry each other: 0 is the first. */
    retry: z.object({
      number: z.number().int(),
      of: z.number().int(),
      retryOf: z.string().nullable(),
      root: z.string(),
      /** The run that retries it. */
      next: z.string().nullable(),
      /** When it is retried, while that is to come. */
      nextAt: instant.nullable(),
    }),
    config: z.record(z.string(), z.unknown()),
    siblings: z.array(runSchema),
  })
  .openapi("RunDetail");

export const eventSchema = z
  .object({
    id: z.number(),
    type: z.string(),
    at: instant,
    runId: z.string().optional(),
    step: z.string().optional(),
    asset: z.string().optional(),
    partition: z.string().optional().openapi({ description: "Keys and ranges first...last, joined by commas" }),
    level: z.string().optional(),
    message: z.string().optional(),
    stream: z.string().optional(),
    metadata: metadataSchema.optional(),
    check: z
      .object({
        name: z.string(),
        passed: z.boolean(),
        severity: z.string(),
        blocking: z.boolean(),
        description: z.string().optional(),
      })
      .optional(),
    error: z
      .object({
        message: z.string(),
        where: z.string().optional(),
        hint: z.string().optional(),
        stack: z.string().optional(),
        user: z.boolean(),
      })
      .optional(),
    attempt: z.number().optional(),
    state: z.string().optional(),
    fields: z.record(z.string(), z.unknown()).optional(),
  })
  .openapi("Event");

export const submitSchema = z
  .strictObject({
    selection: z.string().max(10_000).optional().openapi({ example: "+downstream/fact_virtual_count" }),
    assets: z.array(z.string().max(512)).min(1).max(100_000).optional().openapi({ description: "Keys instead of a selection" }),
    checksOnly: z.boolean().optional().openapi({ description: "Carry out the checks of the selected assets, make nothing" }),
    checks: z
      .array(z.string().max(1_100))
      .min(1)
      .max(10_000)
      .optional()
      .openapi({ description: "Checks by themselves; nothing is made", example: ["orders:not_null"] }),
    job: z.string().max(500).optional(),
    tags: z.record(z.string().max(200), z.string().max(2_000)).optional(),
    config: z.record(z.string(), z.unknown()).optional().openapi({ description: "Run config by step name" }),
    partition: z.string().max(500).optional(),
    runKey: z.string().max(500).optional().openapi({ description: "At most one request of this key, for ever" }),
  })
  .openapi("RunRequest");
export const submittedSchema = z
  .object({ requestId: z.string(), created: z.boolean(), runs: z.array(runSchema) })
  .openapi("Submitted");

export const poolSchema = z
  .object({
    name: z.string(),
    /** Null: no limit. */
    slots: z.number().int().nullable(),
    by: z.enum(["command", "kc.yaml", "default", "none"]),
    granularity: z.enum(["step", "run"]),
    used: z.boolean().openapi({ description: "A step of a loaded location takes slots of it" }),
    taken: z.number().int(),
    holders: z.array(z.object({ runId: z.string(), step: z.string(), weight: z.number() })),
    waiting: z.array(z.object({ runId: z.string(), step: z.string(), weight: z.number(), text: z.string() })),
  })
  .openapi("Pool");
export const componentSchema = z
  .object({ location: z.string(), type: z.string(), description: z.string(), uses: z.array(z.string()), schema: z.unknown() })
  .openapi("Component");
export const connectionSchema = z
  .object({
    name: z.string(),
    title: z.string(),
    mode: z.enum(["vendor", "standin"]),
    variables: z.array(z.string()),
    usedBy: z.array(z.string()),
    answers: z.boolean().nullable(),
  })
  .openapi("Connection");
export const storageInfoSchema = z
  .object({ dialect: z.string(), schemaVersion: z.number(), counts: z.record(z.string(), z.number()), bytes: z.number() })
  .openapi("StorageInfo");
export const errorSchema = z
  .object({ error: z.string(), where: z.string().optional(), hint: z.string().optional() })
  .openapi("Error");
