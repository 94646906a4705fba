import { describe, expect, test } from "vitest";
import { resolveConnections } from "./resolve.ts";

const databricks = { DATABRICKS_HOST: "adb-1.example", DATABRICKS_TOKEN: "t", DATABRICKS_WAREHOUSE_ID: "w" };
const dbt = { DBT_CLOUD_TOKEN: "t", DBT_CLOUD_ACCOUNT_ID: "1", DBT_CLOUD_PROJECT_ID: "2", DBT_CLOUD_ENVIRONMENT_ID: "3" };
const modes = (env: Record<string, string>) => resolveConnections(env).resolved.map((entry) => entry.mode);

describe("resolveConnections()", () => {
  test("nothing set: every connection is a stand-in", () => {
    expect(modes({})).toEqual(["standin", "standin", "standin"]);
  });

  test("an empty variable counts as unset", () => {
    expect(modes({ DATABRICKS_HOST: "", DATABRICKS_TOKEN: "" })).toEqual(["standin", "standin", "standin"]);
  });

  test("all required variables set: the vendor, with the defaults of the rest", () => {
    const { resolved, problems } = resolveConnections({ ...databricks, ...dbt });
    expect(problems).toEqual([]);
    expect(resolved.map((entry) => entry.mode)).toEqual(["standin", "vendor", "vendor"]);
    expect(resolved[1]!.variables).toMatchObject({ DATABRICKS_HOST: "adb-1.example", DATABRICKS_CATALOG: "test" });
    expect(resolved[2]!.variables.DBT_CLOUD_ACCESS_URL).toBe("https://cloud.getdbt.com");
  });

  test("a setting alone configures the stand-in, which keeps its own endpoint", () => {
    const { resolved, problems } = resolveConnections({ DATABRICKS_CATALOG: "dev" });
    expect(problems).toEqual([]);
    expect(resolved[1]).toMatchObject({ mode: "standin", variables: { DATABRICKS_CATALOG: "dev" } });
    expect(resolved[0]!.variables).toEqual({});
  });

  test("a half configured connection names what is set and what is missing", () => {
    expect(resolveConnections({ DATABRICKS_HOST: "adb-1.example" }).problems).toEqual([
      "connection databricks is half configured: DATABRICKS_HOST set, DATABRICKS_TOKEN, DATABRICKS_WAREHOUSE_ID missing. Set all of them for the vendor, or none for the local stand-in.",
    ]);
  });

  test("a vendor that would have to reach a stand-in is refused", () => {
    const { problems } = resolveConnections(dbt);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain("dbt_cloud is the vendor's but must reach databricks");
    expect(problems[0]).toContain("DATABRICKS_HOST, DATABRICKS_TOKEN, DATABRICKS_WAREHOUSE_ID");
  });

  test("with stand-ins off every unset connection is named at once", () => {
    const { problems } = resolveConnections(databricks, { standins: "off" });
    expect(problems.map((problem) => problem.split(" ")[1])).toEqual(["local_postgres", "dbt_cloud"]);
  });
});
