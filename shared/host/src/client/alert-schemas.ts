import { z } from "@hono/zod-openapi";

const instant = z.iso.datetime();
const severity = z.enum(["warn", "error"]);
const channelType = z.enum(["slack", "teams", "discord", "telegram", "smtp", "webhook"]);
const event = z.enum([
  "run_failed",
  "asset_failed",
  "asset_degraded",
  "check_failed",
  "freshness",
  "tick_failed",
  "location_failed",
  "daemon_unhealthy",
  "channel_failed",
]);

export const alertSchema = z
  .object({
    key: z.string(),
    rule: z.string(),
    event,
    subject: z.string(),
    severity,
    title: z.string(),
    message: z.string().nullable(),
    assets: z.array(z.string()),
    location: z.string().nullable(),
    runId: z.string().nullable(),
    openedAt: instant,
    toldAt: instant.nullable().openapi({ description: "Null: it is muted" }),
    count: z.number(),
  })
  .openapi("Alert");

const rateLimit = z.object({ max: z.number(), perMs: z.number() });

export const alertRuleSchema = z
  .object({
    name: z.string(),
    on: z.array(event),
    select: z.string().nullable(),
    locations: z.array(z.string()).nullable(),
    severity,
    channels: z.array(z.string()),
    owners: z.boolean(),
    recovered: z.boolean(),
    remindEveryMs: z.number().nullable(),
    rateLimit: rateLimit.nullable().openapi({ description: "Of its own, beside those of its channels" }),
    mutedUntil: instant.nullable(),
    problem: z
      .string()
      .nullable()
      .openapi({ description: "Why the rule can never tell anything: a selection that names nothing" }),
  })
  .openapi("AlertRule");

export const deliverySchema = z
  .object({
    id: z.string(),
    channel: z.string(),
    title: z.string(),
    kind: z.enum(["opened", "worse", "reminder", "recovered", "summary", "test"]),
    status: z.enum(["pending", "sent", "failed"]),
    attempts: z.number(),
    createdAt: instant,
    nextAt: instant.nullable(),
    endedAt: instant.nullable(),
    answer: z.string().nullable(),
  })
  .openapi("Delivery");

export const muteSchema = z
  .object({ id: z.string(), rule: z.string().nullable(), selection: z.string().nullable(), until: instant })
  .openapi("Mute");

export const alertsInfoSchema = z
  .object({
    channels: z.array(
      z
        .object({
          name: z.string(),
          type: channelType,
          target: z.string(),
          rateLimit: rateLimit.openapi({ description: "Messages at one time; what is more becomes one summary" }),
          failing: z.string().nullable(),
        })
        .openapi("AlertChannel"),
    ),
    rules: z.array(alertRuleSchema),
    open: z.array(alertSchema),
    mutes: z.array(muteSchema),
    deliveries: z.array(deliverySchema),
  })
  .openapi("Alerts");

export const muteRequestSchema = z
  .strictObject({
    what: z.string().min(1).max(2_000).openapi({ description: "Name of a rule, or an asset selection" }),
    for: z.string().max(20).openapi({ example: "2h" }),
  })
  .openapi("MuteRequest");
export const unmuteRequestSchema = z.strictObject({ what: z.string().min(1).max(2_000) }).openapi("UnmuteRequest");
export const alertTestRequestSchema = z
  .strictObject({ channels: z.array(z.string().max(100)).max(100).optional() })
  .openapi("AlertTestRequest");
export const alertTestSchema = z.object({ channel: z.string(), taken: z.boolean(), answer: z.string() }).openapi("AlertTest");
