import { z } from "@hono/zod-openapi";

const instant = z.iso.datetime();

interface EvaluationNode {
  label: string;
  value: boolean;
  partitions?: { count: number; texts: string[] } | undefined;
  parts: EvaluationNode[];
}

export const evaluationNodeSchema: z.ZodType<EvaluationNode> = z
  .lazy(() =>
    z.object({
      label: z.string(),
      value: z.boolean(),
      partitions: z.object({ count: z.number(), texts: z.array(z.string()) }).optional(),
      parts: z.array(evaluationNodeSchema),
    }),
  )
  .openapi("EvaluationNode", { type: "object" });

export const pauseSchema = z
  .object({
    id: z.string(),
    selection: z.string(),
    until: instant.nullable().openapi({ description: "Null: until it is resumed" }),
    reason: z.string().nullable(),
    all: z.boolean().openapi({ description: "Schedules and sensors do not request its assets either" }),
    createdAt: instant,
    assets: z.number().openapi({ description: "How many assets it pauses now" }),
  })
  .openapi("Pause");

export const pauseRequestSchema = z
  .strictObject({
    selection: z.string().min(1).max(10_000),
    for: z.string().max(40).optional().openapi({ description: "Absent: until it is resumed", example: "2d" }),
    reason: z.string().max(1_000).optional(),
    all: z.boolean().optional(),
  })
  .openapi("PauseRequest");

export const resumeRequestSchema = z
  .strictObject({ what: z.string().min(1).max(10_000).openapi({ description: "Id or selection of a pause; * for all" }) })
  .openapi("ResumeRequest");

export const automationMemorySchema = z
  .object({
    cursor: z.string().nullable().openapi({ description: "As it is stored; null: nothing was evaluated yet" }),
  })
  .openapi("AutomationMemory");

export const evaluationsSchema = z
  .object({
    key: z.string(),
    condition: z.unknown().openapi({ description: "Null: it has none" }),
    paused: pauseSchema.nullable(),
    evaluations: z.array(
      z.object({
        id: z.number(),
        at: instant,
        value: z.boolean(),
        requestId: z.string().nullable().openapi({ description: "The request, or the backfill, that it led to" }),
        requested: z.array(z.string()).openapi({ description: "Partitions it requested: keys and ranges" }),
        paused: z.boolean().openapi({ description: "It became due while it was paused" }),
        evaluation: evaluationNodeSchema,
      }),
    ),
  })
  .openapi("AssetEvaluations");
