export * from "./client.ts";
export { type DatabricksSql, databricks, databricksResource, databricksSql } from "./resource.ts";
