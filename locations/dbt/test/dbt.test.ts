import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestInstance, testInstance } from "@kc/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

describe("dbt, alone", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ only: ["dbt"] });
    const env = JSON.parse(readFileSync(join(instance.home, "variables.json"), "utf8"));
    const { databricksClient } = await import("@kc/connector-databricks/client");
    const client = databricksClient({
      host: env.DATABRICKS_HOST,
      token: env.DATABRICKS_TOKEN,
      warehouseId: env.DATABRICKS_WAREHOUSE_ID,
      catalog: "test",
      schema: "main",
    });
    const make = (sql: string) => client.statements.execute(sql);
    await make(
      "create or replace table fact_virtual as select 1 as id, 'Key' as virtual_item, 9.5 as cost, timestamp '2025-01-01 00:00:00' as `timestamp`",
    );
    await make("create or replace table customers as select 1 as id, 'A' as first_name, 'B' as last_name");
    await make(
      "create or replace table orders as select 1 as id, 2 as user_id, date '2025-01-01' as order_date, 'teleported' as status",
    );
    await make("create or replace table payments as select 1 as id, 1 as order_id, 'coupon' as payment_method, 100 as amount");
    await client.close();
  });
  afterAll(() => instance.stop());

  test("models are assets with package-aware keys; sources are the other team's assets, not second definitions", async () => {
    const assets = await instance.api.assets();
    const model = assets.find((asset) => asset.key === "dbt_optimove/stg_kaizen_wars__fact_virtual");
    expect(model).toMatchObject({ location: "dbt", deps: ["fact_virtual"], external: false, freshness: "unknown" });
    expect(assets.find((asset) => asset.key === "fact_virtual")).toMatchObject({ location: "ingestion", external: true });
    const detail = await instance.api.asset("dbt_optimove/stg_kaizen_wars__fact_virtual");
    expect(detail.automation).toMatchObject({ label: "any_deps_updated" });
    expect(detail.freshnessPolicy).toMatchObject({ warnMs: 7_200_000, failMs: 86_400_000 });
  });

  test("its sensors declare themselves on", async () => {
    const sensors = await instance.api.sensors();
    expect(sensors.map(({ name, running }) => [name, running]).sort()).toEqual([
      ["dbt_cloud_polling_sensor", true],
      ["default_automation_sensor", true],
      ["freshness_sensor", true],
    ]);
  });

  test("one model is built alone, and the run's id is in its metadata", async () => {
    const { runs, events } = await instance.materialize("dbt_optimove/stg_kaizen_wars__fact_virtual");
    expect(runs[0]?.status).toBe("succeeded");
    expect(events.filter((event) => event.type === "materialization").map((event) => event.asset)).toEqual([
      "dbt_optimove/stg_kaizen_wars__fact_virtual",
    ]);
    const asset = await instance.api.asset("dbt_optimove/stg_kaizen_wars__fact_virtual");
    expect(Number(asset.materialization?.metadata.run_id?.value)).toBeGreaterThan(0);
  });

  test("a dbt test that fails is a failed check, and what stands downstream of it is not built", async () => {
    const { runs, events } = await instance.materialize(
      "dbt_optimove/stg_shop__*  or dbt_optimove/customer_orders or dbt_optimove/order_payments",
    );
    expect(runs[0]?.status).toBe("failed");
    const failed = events.filter((event) => event.check && !event.check.passed);
    // An order of a customer who is not there is an error, an unknown status only a warning.
    expect(failed.map((event) => [event.asset, event.check?.severity]).sort()).toEqual([
      ["dbt_optimove/stg_shop__orders", "ERROR"],
      ["dbt_optimove/stg_shop__orders", "WARN"],
    ]);
    const made = events.filter((event) => event.type === "materialization").map((event) => event.asset);
    expect(made).toContain("dbt_optimove/stg_shop__customers");
    expect(made).not.toContain("dbt_optimove/customer_orders");
    const orders = await instance.api.asset("dbt_optimove/stg_shop__orders");
    expect(orders.health).toBe("degraded");
  });
});
