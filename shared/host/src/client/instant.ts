import { z } from "@hono/zod-openapi";

/** ISO 8601 UTC. */
export const instant = z.string().openapi({ format: "date-time", example: "2026-11-20T16:00:00.000Z" });
