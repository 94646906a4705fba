import { readdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";

/** Processes whose environment holds a text: the stand-ins of one instance. */
function processesWith(text: string): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").includes(text);
      } catch {
        return false;
      }
    })
    .map(Number);
}

describe("a stand-in that is killed", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ only: ["ingestion"] });
  });
  afterAll(() => instance.stop());

  test.each(["databricks", "local_postgres"])(
    "%s is started again where it was, and what it held is still there",
    async (name) => {
      await instance.materialize("csv_customers or customers");
      const state = `KC_STANDIN_STATE=${instance.home}/standins/${name}`;
      const [before] = processesWith(state);
      process.kill(before!, "SIGKILL");
      await expect.poll(() => processesWith(state).some((pid) => pid !== before), { timeout: 20_000 }).toBe(true);
      await expect
        .poll(async () => (await instance.api.connections({ probe: true })).find((one) => one.name === name)?.answers, {
          timeout: 20_000,
        })
        .toBe(true);
      const { runs, events } = await instance.materialize("csv_customers or customers");
      expect(runs[0]?.status).toBe("succeeded");
      expect(events.filter((event) => event.type === "unchanged").map((event) => event.asset)).toEqual([
        "csv_customers",
        "customers",
      ]);
    },
  );
});

describe("a vendor that does not do what it should", () => {
  let server: Server;
  const status = 401;
  beforeAll(async () => {
    server = createServer((_request, response) => {
      response.writeHead(status, { "content-type": "application/json" });
      response.end(
        JSON.stringify({
          error_code: status === 401 ? "UNAUTHENTICATED" : "INTERNAL_ERROR",
          message: status === 401 ? "Invalid access token." : "boom",
        }),
      );
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterAll(() => void server.close());

  test("a token that is refused is told by name, and the token itself stands nowhere", async () => {
    const instance = await testInstance({
      only: ["downstream"],
      env: {
        DATABRICKS_HOST: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
        DATABRICKS_TOKEN: "dapi-secret-token",
        DATABRICKS_WAREHOUSE_ID: "w",
      },
    });
    try {
      expect((await instance.api.connections()).find((one) => one.name === "databricks")?.mode).toBe("vendor");
      await instance.api.report({
        type: "materialization",
        asset: "dbt_optimove/stg_kaizen_wars__fact_virtual",
        metadata: { relation: "a.b.c", run_id: "1" },
      });
      const { runs, events } = await instance.materialize("downstream/fact_virtual_count");
      expect(runs[0]).toMatchObject({ status: "failed", connections: { databricks: "vendor" } });
      const error = JSON.stringify(events.find((event) => event.type === "step_failed")?.error);
      expect(error).toMatch(/UNAUTHENTICATED|Invalid access token/);
      expect(JSON.stringify(events)).not.toContain("dapi-secret-token");
    } finally {
      await instance.stop();
    }
  });

  test("PostgreSQL that is down: the error says which host and port, not the password", async () => {
    const instance = await testInstance({
      only: ["ingestion"],
      env: {
        LOCAL_POSTGRES_HOST: "127.0.0.1",
        LOCAL_POSTGRES_PORT: "9",
        LOCAL_POSTGRES_USER: "u",
        LOCAL_POSTGRES_PASSWORD: "hunter22",
      },
    });
    try {
      const { events } = await instance.materialize("csv_customers");
      const error = JSON.stringify(events.find((event) => event.type === "step_failed")?.error);
      expect(error).toContain("127.0.0.1:9");
      expect(JSON.stringify(events)).not.toContain("hunter22");
      expect((await instance.api.connections({ probe: true })).find((one) => one.name === "local_postgres")).toMatchObject({
        mode: "vendor",
        answers: false,
      });
    } finally {
      await instance.stop();
    }
  });

  test.each([
    [
      "half configured",
      { DATABRICKS_HOST: "adb-1.example" },
      /databricks is half configured: DATABRICKS_HOST set, DATABRICKS_TOKEN, DATABRICKS_WAREHOUSE_ID missing/,
    ],
    ["stand-ins off", { KC_STANDINS: "off" }, /local_postgres is not configured[\s\S]*databricks is not configured/],
  ])("%s: nothing starts, and everything that is missing is named", async (_, env, message) => {
    await expect(testInstance({ only: ["ingestion"], env })).rejects.toThrow(message);
  });

  test("a vendor that would have to reach a stand-in is refused", async () => {
    const env = { DBT_CLOUD_TOKEN: "t", DBT_CLOUD_ACCOUNT_ID: "1", DBT_CLOUD_PROJECT_ID: "1", DBT_CLOUD_ENVIRONMENT_ID: "1" };
    await expect(testInstance({ only: ["dbt"], env })).rejects.toThrow(/dbt_cloud is the vendor's but must reach databricks/);
  });
});
