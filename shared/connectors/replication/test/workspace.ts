import { type DatabricksClient, databricksClient } from "@kc/connector-databricks/client";
import { type Standin, startStandin } from "@kc/tooling/standin";

export interface TestWorkspace {
  client: DatabricksClient;
  standin: Standin;
  /** Makes the workspace misbehave for the next matching requests. */
  fault(rule: Record<string, unknown>): Promise<void>;
  clearFaults(): Promise<void>;
  rows(sql: string): Promise<(string | null)[][]>;
  stop(): Promise<void>;
}

/** A Databricks stand-in with catalog test and schema main, and a client of it. */
export async function testWorkspace(): Promise<TestWorkspace> {
  const standin = await startStandin("databricks");
  const v = standin.variables;
  const client = databricksClient({
    host: v["DATABRICKS_HOST"]!,
    token: v["DATABRICKS_TOKEN"]!,
    warehouseId: v["DATABRICKS_WAREHOUSE_ID"]!,
    catalog: "test",
    schema: "main",
  });
  await client.unityCatalog.ensureCatalog("test");
  await client.unityCatalog.ensureSchema("test", "main");
  return {
    client,
    standin,
    fault: async (rule) => void (await client.http.json("POST", "/__standin/faults", { json: rule })),
    clearFaults: async () => void (await client.http.json("DELETE", "/__standin/faults")),
    rows: async (sql) => (await client.statements.execute(sql)).rows,
    async stop() {
      await client.close();
      await standin.stop();
    },
  };
}
