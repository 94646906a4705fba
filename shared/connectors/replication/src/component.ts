import { isAbsolute, resolve } from "node:path";
import { component } from "@kc/runtime";
import { z } from "zod";
import { connectionOf, connectionSchema } from "./run/connection.ts";
import { slingReplication } from "./sling.ts";

/** `type: replication.Sling`: the streams of a replication file as assets. */
export const slingComponent = component({
  type: "replication.Sling",
  description: "The streams of a Sling replication file as assets.",
  attributes: z.strictObject({
    /** Replication file, relative to the defs.yaml. */
    replication: z.string().min(1),
    /** Connections that the file names beside LOCAL, LOCAL_POSTGRES and DATABRICKS…: their kind and the prefix of their variables. */
    connections: z.record(z.string(), connectionSchema).default({}),
    pool: z.string().optional(),
    retry: z
      .strictObject({
        max: z.number().int().min(0),
        delay: z.string().optional(),
        backoff: z.enum(["constant", "linear", "exponential"]).optional(),
      })
      .optional(),
  }),
  build({ replication, connections, pool, retry }, context) {
    return {
      assets: slingReplication({
        file: isAbsolute(replication) ? replication : resolve(context.folder, replication),
        connections: Object.fromEntries(
          Object.entries(connections).map(([name, connection]) => [name, connectionOf(connection)]),
        ),
        ...(pool ? { pool } : {}),
        ...(retry ? { retry: retry as never } : {}),
      }),
    };
  },
});
