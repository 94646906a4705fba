import { type DatabricksClient, databricksResource } from "@kc/connector-databricks";
import { type Postgres, postgresResource } from "@kc/connector-postgres";
import { type Resource, UserError } from "@kc/runtime";
import { z } from "zod";

/** A database that a replication file may name as source, target or in a hook. */
export type ReplicationConnection =
  | { type: "postgres"; resource: Resource<Postgres> }
  | { type: "databricks"; resource: Resource<DatabricksClient> };

/** The same, once its resource is set up. */
export type OpenConnection =
  | { type: "file" }
  | { type: "postgres"; client: Postgres }
  | { type: "databricks"; client: DatabricksClient };

/** How a defs.yaml names a connection: its kind and the prefix of its variables. */
export const connectionSchema = z.strictObject({
  type: z.enum(["postgres", "databricks"]),
  prefix: z.string().regex(/^[A-Z][A-Z0-9_]*$/),
});

export function connectionOf({ type, prefix }: z.output<typeof connectionSchema>): ReplicationConnection {
  return type === "postgres" ? { type, resource: postgresResource(prefix) } : { type, resource: databricksResource(prefix) };
}

/** Names for files on this machine. */
export const isFiles = (name: string): boolean => /^(local|file|file:\/\/)$/i.test(name);

/** The connection of a name: one that the author gave, or by its spelling LOCAL_POSTGRES (POSTGRES) or DATABRICKS…, whose variables begin with it. */
export function namedConnection(
  name: string,
  given: Readonly<Record<string, ReplicationConnection>>,
  where: string,
): ReplicationConnection | undefined {
  if (isFiles(name)) return undefined;
  const found = Object.entries(given).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
  if (found) return found;
  const upper = name.toUpperCase();
  if (upper === "POSTGRES" || upper === "LOCAL_POSTGRES") return connectionOf({ type: "postgres", prefix: "LOCAL_POSTGRES" });
  if (/^DATABRICKS(_[A-Z0-9]+)*$/.test(upper)) return connectionOf({ type: "databricks", prefix: upper });
  throw new UserError(`the connection "${name}" is not known`, {
    where,
    hint: `Known: LOCAL (files), LOCAL_POSTGRES, DATABRICKS${Object.keys(given)
      .map((key) => `, ${key}`)
      .join("")}. Name others under connections.`,
  });
}
