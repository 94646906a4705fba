import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type TestInstance, testInstance } from "@kc/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

describe("downstream, alone", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ only: ["downstream"] });
  });
  afterAll(() => instance.stop());

  test("the model of the dbt team stands in the lineage as an external asset", async () => {
    const assets = await instance.api.assets();
    expect(assets.find((asset) => asset.key === "dbt_optimove/stg_kaizen_wars__fact_virtual")).toMatchObject({
      location: "dbt",
      external: true,
    });
    expect((await instance.api.workspace()).problems).toEqual([]);
  });

  test("without the model the count fails and says how to make it", async () => {
    const { runs, events } = await instance.materialize("downstream/fact_virtual_count");
    expect(runs[0]!.status).toBe("failed");
    const failure = events.find((event) => event.type === "step_failed");
    expect(failure?.error).toMatchObject({
      message: "dbt_optimove/stg_kaizen_wars__fact_virtual has not been built yet",
      user: true,
    });
    expect(failure?.error?.hint).toContain("kc materialize");
  });

  test("it counts the relation that the model's materialization names and writes the dbt run beside it", async () => {
    const { rows } = await statement(instance, "create or replace table model as select * from (values (1), (2), (3)) as t(id)");
    expect(rows.length).toBeGreaterThanOrEqual(0);
    await instance.api.report({
      type: "materialization",
      asset: "dbt_optimove/stg_kaizen_wars__fact_virtual",
      metadata: { relation: "test.main.model", run_id: "4711" },
    });
    const { runs } = await instance.materialize("downstream/fact_virtual_count");
    expect(runs[0]!.status).toBe("succeeded");
    const written = JSON.parse(readFileSync(join(instance.output, "fact_virtual_count.json"), "utf8"));
    expect(written).toMatchObject({ record_count: 3, dbt_run_id: "4711", relation: "test.main.model" });
    expect(new Date(written.counted_at).toISOString()).toBe(written.counted_at);
    const asset = await instance.api.asset("downstream/fact_virtual_count");
    expect(asset.checks[0]).toMatchObject({ name: "has_records", result: { passed: true } });
  });

  test("a table that is gone fails the count at once and says how to make it again", async () => {
    await instance.api.report({
      type: "materialization",
      asset: "dbt_optimove/stg_kaizen_wars__fact_virtual",
      metadata: { relation: "test.main.dropped", run_id: "4712" },
    });
    const { runs, events } = await instance.materialize("downstream/fact_virtual_count");
    expect(runs[0]!.status).toBe("failed");
    expect(events.filter((event) => event.type === "step_retry")).toEqual([]);
    expect(events.find((event) => event.type === "step_failed")).toMatchObject({
      error: {
        message: "test.main.dropped, the table of dbt_optimove/stg_kaizen_wars__fact_virtual, no longer exists",
        hint: "Make it again: kc materialize dbt_optimove/stg_kaizen_wars__fact_virtual",
        user: true,
      },
    });
  });
});

describe("the report of a month", () => {
  const model = "dbt_optimove/virtual_item_daily";
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ only: ["downstream"] });
    await statement(
      instance,
      `create or replace table days as select cast(day as date) as day, item as virtual_item, purchases, revenue from (values
        ('2025-01-31', 'Lucky Charm', 2, 10.5), ('2025-02-01', 'Lucky Charm', 3, 30.0), ('2025-02-28', 'Phoenix Mount', 1, 99.0)
      ) as t(day, item, purchases, revenue)`,
    );
    await instance.api.report({ type: "materialization", asset: model, metadata: { relation: "test.main.days", run_id: "1" } });
  });
  afterAll(() => instance.stop());
  const read = (month: string) => JSON.parse(readFileSync(join(instance.output, `virtual_items_${month}.json`), "utf8"));

  test("holds the days of its month, the most revenue first", async () => {
    const { runs } = await instance.materialize("downstream/virtual_items_of_month", { partition: "2025-02-01" });
    expect(runs[0]!.status).toBe("succeeded");
    expect(read("2025-02-01")).toMatchObject({
      month: "2025-02-01",
      items: [
        { virtual_item: "Phoenix Mount", purchases: 1, revenue: 99 },
        { virtual_item: "Lucky Charm", purchases: 3, revenue: 30 },
      ],
    });
  });

  test("is made for all months by a backfill; one without purchases is empty", async () => {
    const { id } = await instance.api.startBackfill({ selection: "downstream/virtual_items_of_month", only: "missing" });
    await expect.poll(async () => (await instance.api.backfill(id)).status, { timeout: 30_000 }).toBe("succeeded");
    expect((await instance.api.partitions("downstream/virtual_items_of_month")).counts).toMatchObject({
      total: 12,
      materialized: 12,
    });
    expect(read("2025-01-01").items).toEqual([{ virtual_item: "Lucky Charm", purchases: 2, revenue: 10.5 }]);
    expect(read("2025-03-01").items).toEqual([]);
  });
});

async function statement(instance: TestInstance, sql: string) {
  const env = JSON.parse(readFileSync(join(instance.home, "variables.json"), "utf8"));
  const { databricksClient } = await import("@kc/connector-databricks/client");
  const client = databricksClient({
    host: env.DATABRICKS_HOST,
    token: env.DATABRICKS_TOKEN,
    warehouseId: env.DATABRICKS_WAREHOUSE_ID,
    catalog: "test",
    schema: "main",
  });
  try {
    return await client.statements.execute(sql);
  } finally {
    await client.close();
  }
}
