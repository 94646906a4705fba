import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { duckdbExecutor } from "./duckdb-executor.ts";
import { dbt, projectFolder } from "./project-folder.ts";

let db: Awaited<ReturnType<typeof duckdbExecutor>>;
beforeEach(async () => {
  db = await duckdbExecutor();
});
afterEach(() => db.close());

const rows = async (sql: string) => (await db.execute(sql)).rows;

const shop = {
  "models/sources.yml": "sources:\n  - name: raw\n    database: test\n    schema: main\n    tables:\n      - name: orders\n",
  "models/stg_orders.sql":
    "{{ config(materialized='table') }}\nselect id, amount from {{ source('raw', 'orders') }} where amount is not null",
  "models/totals.sql": "select sum(amount) as total from {{ ref('stg_orders') }}",
  "models/schema.yml": "models:\n  - name: stg_orders\n    columns:\n      - name: id\n        data_tests: [unique, not_null]\n",
};

describe("dbt build", () => {
  beforeEach(() =>
    db.execute("create table test.main.orders as select * from (values (1, 10), (2, 20), (3, null)) t(id, amount)"),
  );

  test("builds models in order, tests each before what follows, and leaves artifacts", async () => {
    using project = projectFolder(shop);
    const out = await dbt("dbt build", project.path, db);
    expect(out.error?.toString()).toBeUndefined();
    expect(out.exitCode).toBe(0);
    expect(await rows("select total from test.main.totals")).toEqual([["30"]]);
    const results = out.runResults!.results.map((result) => [result.unique_id.split(".")[2], result.status]);
    expect(results.map(([, status]) => status).sort()).toEqual(["pass", "pass", "success", "success"]);
    expect(
      out.lines.find((line) => / OK created sql table model main\.stg_orders \.+ \[OK in \d+\.\d\ds\]$/.test(line)),
    ).toBeDefined();
    expect(out.lines.at(-1)).toBe("Done. PASS=4 WARN=0 ERROR=0 SKIP=0 TOTAL=4");
  });

  test("a failing test of severity error skips what stands below, and the exit code is 1", async () => {
    using project = projectFolder(shop);
    await db.execute("insert into test.main.orders values (1, 5)");
    const out = await dbt("build", project.path, db);
    expect(out.exitCode).toBe(1);
    const status = Object.fromEntries(out.runResults!.results.map((result) => [result.unique_id.split(".")[2], result.status]));
    expect(status).toEqual({
      stg_orders: "success",
      not_null_stg_orders_id: "pass",
      unique_stg_orders_id: "fail",
      totals: "skipped",
    });
    expect(out.runResults!.results.find((result) => result.status === "fail")).toMatchObject({
      failures: 1,
      message: "Got 1 result, configured to fail if != 0",
    });
  });
});
