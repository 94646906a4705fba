import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { duckdbExecutor } from "./duckdb-executor.ts";
import { dbt, projectFolder } from "./project-folder.ts";

/** The classic jaffle_shop, whose manifest dbt-core published many times: ids, names and compiled SQL are dbt's own. */
const files = {
  "dbt_project.yml":
    "name: jaffle_shop\nversion: '0.1'\nseed-paths: [seeds]\nmodels:\n  jaffle_shop:\n    materialized: table\n    staging:\n      materialized: view\n",
  "seeds/raw_customers.csv": "id,first_name,last_name\n1,Michael,P.\n2,Shawn,M.\n3,Kathleen,P.\n",
  "seeds/raw_orders.csv":
    "id,user_id,order_date,status\n1,1,2018-01-01,returned\n2,3,2018-01-02,completed\n3,1,2018-01-04,completed\n",
  "seeds/raw_payments.csv":
    "id,order_id,payment_method,amount\n1,1,credit_card,1000\n2,2,credit_card,2000\n3,3,coupon,100\n4,3,gift_card,2500\n",
  "models/staging/stg_customers.sql":
    "with source as (\n\n    {#-\n    Normally we would select from the table here, but we are using seeds to load\n    our data in this project\n    #}\n    select * from {{ ref('raw_customers') }}\n\n),\n\nrenamed as (\n\n    select\n        id as customer_id,\n        first_name,\n        last_name\n\n    from source\n\n)\n\nselect * from renamed\n",
  "models/staging/stg_orders.sql":
    "select id as order_id, user_id as customer_id, order_date, status from {{ ref('raw_orders') }}\n",
  "models/staging/stg_payments.sql":
    "select id as payment_id, order_id, payment_method, amount / 100 as amount from {{ ref('raw_payments') }}\n",
  "models/staging/schema.yml":
    "version: 2\nmodels:\n  - name: stg_customers\n    columns:\n      - name: customer_id\n        tests: [unique, not_null]\n  - name: stg_orders\n    columns:\n      - name: order_id\n        tests: [unique, not_null]\n      - name: status\n        tests:\n          - accepted_values:\n              values: ['placed', 'shipped', 'completed', 'return_pending', 'returned']\n  - name: stg_payments\n    columns:\n      - name: payment_id\n        tests: [unique, not_null]\n      - name: payment_method\n        tests:\n          - accepted_values:\n              values: ['credit_card', 'coupon', 'bank_transfer', 'gift_card']\n",
  "models/orders.sql":
    "{% set payment_methods = ['credit_card', 'coupon', 'bank_transfer', 'gift_card'] %}\n\nselect\n    order_id,\n    customer_id,\n    {% for payment_method in payment_methods -%}\n    (select sum(p.amount) from {{ ref('stg_payments') }} p where p.order_id = o.order_id and p.payment_method = '{{ payment_method }}') as {{ payment_method }}_amount{% if not loop.last %},{% endif %}\n    {% endfor %}\nfrom {{ ref('stg_orders') }} o\n",
  "models/customers.sql": "select customer_id, first_name, last_name from {{ ref('stg_customers') }}\n",
  "models/schema.yml":
    "version: 2\nmodels:\n  - name: customers\n    columns:\n      - name: customer_id\n        tests: [unique, not_null]\n  - name: orders\n    columns:\n      - name: order_id\n        tests: [unique, not_null]\n      - name: customer_id\n        tests:\n          - not_null\n          - relationships:\n              to: ref('customers')\n              field: customer_id\n",
};

const idsOfDbtCore = [
  "accepted_values_stg_orders_status__placed__shipped__completed__return_pending__returned.080fb20aad",
  "accepted_values_stg_payments_payment_method__credit_card__coupon__bank_transfer__gift_card.3c3820f278",
  "not_null_customers_customer_id.5c9bf9911d",
  "not_null_orders_customer_id.c5f02694af",
  "not_null_orders_order_id.cf6c17daed",
  "not_null_stg_customers_customer_id.e2cfb1f9aa",
  "not_null_stg_orders_order_id.81cfe2fe64",
  "not_null_stg_payments_payment_id.c19cc50075",
  "relationships_orders_customer_id__customer_id__ref_customers_.c6ec7f58f2",
  "unique_customers_customer_id.c5af1ff4b1",
  "unique_orders_order_id.fed79b3a6e",
  "unique_stg_customers_customer_id.c7614daada",
  "unique_stg_orders_order_id.e3b841c71a",
  "unique_stg_payments_payment_id.3744510712",
];

let project: ReturnType<typeof projectFolder>;
beforeAll(() => {
  project = projectFolder(files);
});
afterAll(() => project[Symbol.dispose]());

describe("the classic jaffle_shop", () => {
  test("tests have the unique ids that dbt-core gives them", async () => {
    const { manifest } = await dbt("parse", project.path);
    const tests = Object.keys(manifest!.nodes).filter((id) => id.startsWith("test."));
    expect(tests.sort()).toEqual(idsOfDbtCore.map((id) => `test.jaffle_shop.${id}`));
  });

  test("names too long for a relation are shortened in the alias as dbt does", async () => {
    const { manifest } = await dbt("parse", project.path);
    const long =
      manifest!.nodes[
        "test.jaffle_shop.accepted_values_stg_orders_status__placed__shipped__completed__return_pending__returned.080fb20aad"
      ]!;
    expect(long.alias).toBe("accepted_values_stg_orders_4f514bf94b77b7ea437830eec4421c58");
    expect(long.fqn).toEqual(["jaffle_shop", "staging", long.name]);
  });

  test("seeds, models and tests build in one go", async () => {
    const db = await duckdbExecutor();
    const out = await dbt("build", project.path, db);
    expect(out.runResults!.results.filter((result) => !["success", "pass"].includes(result.status))).toEqual([]);
    expect(out.runResults!.results).toHaveLength(22);
    expect(out.runResults!.results.find((result) => result.unique_id.endsWith(".stg_customers"))!.compiled_code).toContain(
      "with source as (\n    select * from `test`.`main`.`raw_customers`",
    );
    expect(
      (await db.execute("select credit_card_amount, gift_card_amount from test.main.orders order by order_id")).rows,
    ).toEqual([
      ["10", null],
      ["20", null],
      [null, "25"],
    ]);
    db.close();
  });
});
