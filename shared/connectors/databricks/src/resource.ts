import { env, type Resource, resource } from "@kc/runtime";
import { z } from "zod";
import { type DatabricksClient, databricksClient } from "./client.ts";

const schema = z.object({
  host: z.string().min(1),
  token: z.string().min(1),
  warehouseId: z.string().min(1),
  catalog: z.string().min(1).default("test"),
  schema: z.string().min(1).default("main"),
});

/** A workspace as a resource, from the variables `<PREFIX>_HOST`, `_TOKEN`, `_WAREHOUSE_ID`, `_CATALOG`, `_SCHEMA`. */
export function databricksResource(prefix = "DATABRICKS"): Resource<DatabricksClient> {
  return resource({
    description: `Databricks workspace of ${prefix}_HOST`,
    schema,
    config: {
      host: env(`${prefix}_HOST`),
      token: env(`${prefix}_TOKEN`),
      warehouseId: env(`${prefix}_WAREHOUSE_ID`),
      catalog: env(`${prefix}_CATALOG`, "test"),
      schema: env(`${prefix}_SCHEMA`, "main"),
    },
    setup: (config) => databricksClient(config),
    teardown: (client) => client.close(),
  });
}

/** The workspace of DATABRICKS_HOST. */
export const databricks: Resource<DatabricksClient> = databricksResource();

/** What a step needs that only runs SQL. */
export interface DatabricksSql {
  readonly catalog: string;
  readonly schema: string;
  execute: DatabricksClient["statements"]["execute"];
}

/** The SQL warehouse of DATABRICKS_WAREHOUSE_ID. */
export const databricksSql: Resource<DatabricksSql> = resource({
  description: "SQL warehouse of DATABRICKS_WAREHOUSE_ID",
  schema,
  config: databricks.config as { host: string; token: string; warehouseId: string },
  setup: (config): DatabricksSql & { close(): Promise<void> } => {
    const client = databricksClient(config);
    return { catalog: config.catalog, schema: config.schema, execute: client.statements.execute, close: () => client.close() };
  },
  teardown: (value) => value.close(),
});
