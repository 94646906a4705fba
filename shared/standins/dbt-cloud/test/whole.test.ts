import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunResults } from "@kc/dbt";
import { expect, test } from "vitest";
import { root, start } from "./spawned.ts";

test("the dbt team's project runs from an HTTP call to Delta tables, survives kill -9, and the process ends with its parent", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kc-dbt-cloud-"));
  const databricks = await start("shared/standins/databricks/src/main.ts", join(folder, "databricks"), {});
  let cloud = await start("shared/standins/dbt-cloud/src/main.ts", join(folder, "dbt-cloud"), databricks.variables);
  try {
    const call = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(`${cloud.variables.DBT_CLOUD_ACCESS_URL}/api/${path}`, {
        method,
        headers: { authorization: `Bearer ${cloud.variables.DBT_CLOUD_TOKEN}`, "content-type": "application/json" },
        body: body === undefined ? null : JSON.stringify(body),
      });
      return (await response.json()) as { data: Record<string, never>; results: RunResults["results"] };
    };
    const sql = async (statement: string) => {
      const response = await fetch(`${databricks.variables.DATABRICKS_HOST}/api/2.0/sql/statements`, {
        method: "POST",
        headers: { authorization: `Bearer ${databricks.variables.DATABRICKS_TOKEN}`, "content-type": "application/json" },
        body: JSON.stringify({ statement, warehouse_id: databricks.variables.DATABRICKS_WAREHOUSE_ID, wait_timeout: "30s" }),
      });
      return (await response.json()) as { status: { state: string }; result: { data_array: string[][] } };
    };
    await sql("create schema if not exists test.main");
    await sql(
      "create table test.main.fact_virtual as select * from values (1, 'sword', 2.5, '2026-01-01T10:00:00Z'), (1, 'sword', 2.5, '2026-01-01T11:00:00Z'), (2, 'shield', 4.0, '2026-01-02T10:00:00Z') as t(id, virtual_item, cost, `timestamp`)",
    );
    await sql(
      "create table test.main.customers as select * from values (1, 'Ada', 'L'), (2, 'Bo', 'M') as t(id, first_name, last_name)",
    );
    await sql(
      "create table test.main.orders as select * from values (1, 1, '2026-01-01', 'placed') as t(id, user_id, order_date, status)",
    );
    await sql(
      "create table test.main.payments as select * from values (1, 1, 'coupon', 1000), (2, 1, 'gift_card', 250) as t(id, order_id, payment_method, amount)",
    );

    const projectId = Number(cloud.variables.DBT_CLOUD_PROJECT_ID);
    const { data: repository } = await call("POST", `v3/accounts/1/projects/${projectId}/repositories`, {
      remote_url: `file://${join(root, "locations/dbt/dbt_project")}`,
    });
    await call("POST", `v3/accounts/1/projects/${projectId}`, { repository_id: repository.id });
    const { data: job } = await call("POST", "v2/accounts/1/jobs", {
      name: "nightly",
      project_id: projectId,
      environment_id: Number(cloud.variables.DBT_CLOUD_ENVIRONMENT_ID),
      execute_steps: ["dbt build"],
      generate_docs: true,
    });
    const build = async () => {
      const { data: run } = await call("POST", `v2/accounts/1/jobs/${job.id}/run`, { cause: "test" });
      for (;;) {
        const { data } = await call("GET", `v2/accounts/1/runs/${run.id}`);
        if (data.is_complete) return data;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    const first = await build();
    expect(first.status_message).toBeNull();
    expect(first.status).toBe(10);
    expect((await sql("select lifetime_value from test.main.customer_orders order by customer_id")).result.data_array).toEqual([
      ["12.50"],
      ["0.00"],
    ]);
    const catalog = (await call("GET", `v2/accounts/1/runs/${first.id}/artifacts/catalog.json`)) as unknown as {
      nodes: Record<string, { columns: Record<string, { type: string }> }>;
      errors: null;
    };
    expect(catalog.errors).toBeNull();
    expect(catalog.nodes["model.dbt_optimove.stg_shop__orders"]!.columns.order_date!.type).toMatch(/date/i);

    cloud.kill();
    await cloud.exit;
    cloud = await start("shared/standins/dbt-cloud/src/main.ts", join(folder, "dbt-cloud"), databricks.variables);
    expect((await call("GET", `v2/accounts/1/runs/${first.id}`)).data.status).toBe(10);
    expect((await build()).status).toBe(10);
    expect(await cloud.close()).toBe(0);
  } finally {
    await Promise.all([cloud.close(), databricks.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
});

test("without a Databricks connection it does not start, and names what is missing", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kc-dbt-cloud-"));
  const cloud = await start("shared/standins/dbt-cloud/src/main.ts", folder, {});
  expect(await cloud.exit).toBe(1);
  expect(cloud.stderr()).toContain("DATABRICKS_HOST, DATABRICKS_TOKEN, DATABRICKS_WAREHOUSE_ID not set");
  rmSync(folder, { recursive: true, force: true });
});
