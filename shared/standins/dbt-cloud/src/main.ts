import { startDbtCloud } from "./start.ts";

/** The process of the stand-in: reads its environment, prints one line of JSON when it serves, ends with its parent. */
const required = [
  "KC_STANDIN_STATE",
  "KC_STANDIN_TOKEN",
  "DATABRICKS_HOST",
  "DATABRICKS_TOKEN",
  "DATABRICKS_WAREHOUSE_ID",
] as const;
const missing = required.filter((name) => !process.env[name]);
if (missing.length > 0) {
  process.stderr.write(
    `the local dbt Cloud cannot start: ${missing.join(", ")} not set. It runs its SQL on the Databricks connection, which must be there first.\n`,
  );
  process.exit(1);
}
const variable = (name: string, fallback = ""): string => process.env[name] || fallback;
try {
  const server = await startDbtCloud({
    stateFolder: variable("KC_STANDIN_STATE"),
    token: variable("KC_STANDIN_TOKEN"),
    port: Number(variable("KC_STANDIN_PORT")) || undefined,
    databricks: {
      host: variable("DATABRICKS_HOST"),
      token: variable("DATABRICKS_TOKEN"),
      warehouseId: variable("DATABRICKS_WAREHOUSE_ID"),
      catalog: variable("DATABRICKS_CATALOG", "test"),
      schema: variable("DATABRICKS_SCHEMA", "main"),
    },
  });
  process.stdout.write(`${JSON.stringify({ ready: true, variables: server.variables })}\n`);
  const end = () => {
    setTimeout(() => process.exit(0), 1_500).unref();
    void server.close().finally(() => process.exit(0));
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  process.stdin.once("end", end).resume();
} catch (error) {
  process.stderr.write(`the local dbt Cloud cannot start: ${(error as Error).message}\n`);
  process.exit(1);
}
