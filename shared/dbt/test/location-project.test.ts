import { afterEach, beforeEach, expect, test } from "vitest";
import { duckdbExecutor } from "./duckdb-executor.ts";
import { dbt, noDatabase } from "./project-folder.ts";

const project = new URL("../../../locations/dbt/dbt_project", import.meta.url).pathname;
let db: Awaited<ReturnType<typeof duckdbExecutor>>;
beforeEach(async () => {
  db = await duckdbExecutor();
});
afterEach(() => db.close());

test("the project of the dbt team parses without a database", async () => {
  const out = await dbt("parse", project, noDatabase);
  expect(out.error?.toString()).toBeUndefined();
  expect(Object.keys(out.manifest!.sources)).toHaveLength(4);
});

test("the project of the dbt team builds, and all its tests pass", async () => {
  await db.execute(
    "create table test.main.fact_virtual as select * from (values (1, 'sword', 2.5, '2026-01-01T10:00:00Z'), (1, 'sword', 2.5, '2026-01-01T11:00:00Z'), (2, 'shield', 4, '2026-01-02T10:00:00Z')) t(id, virtual_item, cost, \"timestamp\")",
  );
  await db.execute(
    "create table test.main.customers as select * from (values (1, 'Ada', 'L.'), (2, 'Bo', 'M.')) t(id, first_name, last_name)",
  );
  await db.execute(
    "create table test.main.orders as select * from (values (1, 1, date '2026-01-01', 'placed')) t(id, user_id, order_date, status)",
  );
  await db.execute(
    "create table test.main.payments as select * from (values (1, 1, 'coupon', 1000), (2, 1, 'gift_card', 250)) t(id, order_id, payment_method, amount)",
  );
  const out = await dbt("build --threads 4", project, db);
  expect(out.runResults?.results.filter((result) => !["success", "pass"].includes(result.status))).toEqual([]);
  expect(out.exitCode).toBe(0);
  expect((await db.execute("select count(*) from test.main.stg_kaizen_wars__fact_virtual")).rows).toEqual([["2"]]);
  expect(
    (await db.execute("select lifetime_value, number_of_orders from test.main.customer_orders order by customer_id")).rows,
  ).toEqual([
    ["12.50", "1"],
    ["0.00", "0"],
  ]);
});

test("the repository's CSV files satisfy every test of the project", async () => {
  const data = new URL("../../../data", import.meta.url).pathname;
  for (const name of ["fact_virtual", "customers", "orders", "payments"])
    await db.execute(`create table test.main.${name} as select * from read_csv('${data}/raw_${name}.csv')`);
  const out = await dbt("build", project, db);
  expect(
    out
      .runResults!.results.filter((result) => !["success", "pass"].includes(result.status))
      .map((result) => [result.unique_id, result.message]),
  ).toEqual([]);
});
