import { expect, test } from "vitest";
import { querySummary } from "./query-summary.ts";

test.each([
  ["select * from orders where name = 'DELETE FROM secrets'", "SELECT orders"],
  ["SELECT 1", "SELECT"],
  [
    'select o.id from "public"."Orders" o join customers using (id) left join lateral f(o.id) on true',
    "SELECT public.Orders customers",
  ],
  ["select extract(epoch from at), trim(both from x) from visits where a is distinct from b", "SELECT visits"],
  ["with recent as (select * from orders) select count(*) from recent", "SELECT orders SELECT recent"],
  [
    "insert into shop.orders (id, name) select id, name from raw_orders on conflict (id) do update set name = excluded.name",
    "INSERT shop.orders SELECT raw_orders",
  ],
  ["insert into orders values (1, 'it''s; drop table x', $$ delete from y $$, E'a\\' from z')", "INSERT orders"],
  ["update only orders set name = $1 from customers where true", "UPDATE orders customers"],
  ["delete from orders using customers", "DELETE orders customers"],
  ["select * from jobs for update skip locked", "SELECT jobs"],
  [
    "merge into orders using staged on true when matched then update set a = 1 when not matched then insert values (1)",
    "MERGE orders staged",
  ],
  ["copy orders (id, name) from stdin (format csv)", "COPY orders"],
  ["copy (select id from orders) to stdout", "COPY SELECT orders"],
  ["create unlogged table if not exists shop.staging (like orders)", "CREATE TABLE shop.staging"],
  ["create or replace view v as select * from orders", "CREATE VIEW v SELECT orders"],
  ["drop table if exists a; alter table b rename to a", "DROP TABLE a ALTER TABLE b"],
  ["truncate table orders", "TRUNCATE orders"],
  ["-- from nowhere\n/* delete */ begin", "BEGIN"],
  ["select pg_advisory_xact_lock(hashtextextended($1, 0))", "SELECT"],
  ["select * from generate_series(1, 10)", "SELECT"],
  ["set search_path to secret", "SET"],
  ["copy public.__stg_mx10gkkn5e51bfd0 from stdin", "COPY public.__stg_*"],
  ["select * from orders_20260101 join stg_customers2 using (id)", "SELECT orders_* stg_customers2"],
  ["", ""],
])("%s", (sql, summary) => {
  expect(querySummary(sql)).toBe(summary);
});

test("is cut between words, and no statement takes it long", () => {
  const tables = Array.from({ length: 100 }, (_, at) => `join table_number_${at} using (id)`).join(" ");
  const summary = querySummary(`select * from first ${tables}`);
  expect(summary.length).toBeLessThanOrEqual(255);
  expect(summary).toMatch(/table_number_\d+$/);
  // Where it is cut may be within a text.
  expect(querySummary(`insert into t values ('${"secret ; select x from y ".repeat(1_000)}')`)).toBe("INSERT t");
  expect(querySummary(`insert into t values ${"(1, 'x'), ".repeat(10_000)}`)).toBe("INSERT t");
});
