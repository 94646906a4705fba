import { z } from "@hono/zod-openapi";
import { instant } from "./instant.ts";

export const leaderSchema = z
  .object({
    leads: z.boolean().openapi({ description: "Whether the host that answers is the one that leads" }),
    term: z.number(),
    host: z.string().nullable(),
    pid: z.number().nullable(),
    url: z.string().nullable(),
    since: instant.nullable(),
  })
  .nullable()
  .openapi({ description: "Who leads of the hosts on one storage; null while that is not known" });

export const healthSchema = z
  .object({ status: z.string(), id: z.string(), pid: z.number(), leases: z.number(), decides: z.boolean(), leader: leaderSchema })
  .openapi("Health");
