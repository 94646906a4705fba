import { request } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newState, removeState, type Standin, startStandin } from "./standin.ts";

let standin: Standin;
const state = newState();
beforeAll(async () => {
  standin = await startStandin(state, { TZ: "America/New_York" });
});
afterAll(async () => {
  await standin.stop();
  removeState(state);
});

describe("what a dbt project sends", () => {
  test("models as tables and views, tests as counts of failures", async () => {
    await standin.sql("create schema if not exists `test`.`dbt_dev`");
    await standin.sql(
      "create table test.main.raw_orders as select * from values (1, 10, '2024-01-05', 'placed'), (2, 10, '2024-02-01', 'returned'), (3, 11, null, 'placed') as t(id, customer, day, status)",
    );
    await standin.sql(`/* {"app": "dbt"} */ create or replace view \`test\`.\`dbt_dev\`.\`stg_orders\` comment 'staged' as (
      with source as (select * from \`test\`.\`main\`.\`raw_orders\`), renamed as (select id as order_id, customer as customer_id, to_date(day) as order_date, status from source)
      select * from renamed)`);
    await standin.sql(`create or replace table \`test\`.\`dbt_dev\`.\`customers\` using delta tblproperties ('team' = 'x') as
      select customer_id, min(order_date) as first_order, count(*) as orders, sum(case when status = 'returned' then 1 else 0 end) as returned,
             row_number() over (order by count(*) desc, customer_id) as rank
      from \`test\`.\`dbt_dev\`.\`stg_orders\` group by 1`);
    expect(await standin.sql("select * from test.dbt_dev.customers order by customer_id")).toEqual([
      ["10", "2024-01-05", "2", "1", "1"],
      ["11", null, "1", "0", "2"],
    ]);
    const failures = await standin.sql(`select count(*) as failures, count(*) != 0 as should_warn, count(*) != 0 as should_error
      from (select order_date from \`test\`.\`dbt_dev\`.\`stg_orders\` where order_date is null) dbt_internal_test`);
    expect(failures).toEqual([["1", "true", "true"]]);
    expect(
      await standin.sql(`with all_values as (select status as value_field, count(*) as n_records from test.dbt_dev.stg_orders group by status)
      select * from all_values where value_field not in ('placed', 'shipped')`),
    ).toEqual([["returned", "1"]]);
    expect(
      await standin.sql(
        "select column_name, full_data_type from test.information_schema.columns where table_name = 'customers' order by ordinal_position",
      ),
    ).toEqual([
      ["customer_id", "int"],
      ["first_order", "date"],
      ["orders", "bigint"],
      ["returned", "bigint"],
      ["rank", "bigint"],
    ]);
    expect(
      await standin.sql("select table_name, table_type from information_schema.tables where table_schema = 'dbt_dev' order by 1"),
    ).toEqual([
      ["customers", "MANAGED"],
      ["stg_orders", "VIEW"],
    ]);
  });
});

describe("statements", () => {
  test("partitioned tables, properties and comments read back", async () => {
    await standin.sql(
      "CREATE TABLE p (id BIGINT NOT NULL COMMENT 'key', day DATE) USING DELTA PARTITIONED BY (day) COMMENT 'parts' TBLPROPERTIES ('a.b' = 'c')",
    );
    await standin.sql("INSERT INTO p VALUES (1, DATE '2024-01-01'), (2, NULL)");
    await standin.sql("COMMENT ON COLUMN p.day IS 'the day'");
    await standin.sql("ALTER TABLE p SET TBLPROPERTIES ('x' = 'y')");
    expect(await standin.sql("DESCRIBE p")).toEqual([
      ["id", "bigint", "key"],
      ["day", "date", "the day"],
      ["# Partition Information", "", ""],
      ["# col_name", "data_type", "comment"],
      ["day", "date", "the day"],
    ]);
    expect(await standin.sql("SHOW TBLPROPERTIES p")).toEqual([
      ["a.b", "c"],
      ["x", "y"],
    ]);
    const [detail] = await standin.sql("DESCRIBE DETAIL p");
    expect([detail?.[2], detail?.[3], detail?.[7], detail?.[8]]).toEqual(["test.main.p", "parts", '["day"]', "2"]);
    await expect(standin.sql("INSERT INTO p VALUES (NULL, NULL)")).rejects.toThrow("23502");
    await expect(standin.sql("INSERT INTO p VALUES ('x', NULL)")).rejects.toThrow("22018");
    await expect(standin.sql("INSERT INTO p VALUES (1)")).rejects.toThrow("42KDG");
    expect(await standin.sql("SELECT count(*) FROM p")).toEqual([["2"]]);
  });
  test("a MERGE whose source has two rows for a key fails and changes nothing", async () => {
    await standin.sql("CREATE TABLE m AS SELECT 1 AS id, 'a' AS v");
    const merge = (source: string) =>
      `MERGE INTO m USING (${source}) s ON m.id = s.id WHEN MATCHED AND s.v <> m.v THEN UPDATE SET v = s.v WHEN NOT MATCHED THEN INSERT (id, v) VALUES (s.id, s.v)`;
    await expect(standin.sql(merge("SELECT 1 AS id, 'b' AS v UNION ALL SELECT 1, 'c'"))).rejects.toThrow("21506");
    await standin.sql(merge("SELECT 1 AS id, 'a' AS v"));
    expect((await standin.sql("DESCRIBE HISTORY m")).length).toBe(1);
    await standin.sql(merge("SELECT 1 AS id, 'z' AS v UNION ALL SELECT 2, 'n'"));
    expect(await standin.sql("SELECT * FROM m ORDER BY id")).toEqual([
      ["1", "z"],
      ["2", "n"],
    ]);
    await expect(
      standin.sql("MERGE INTO m USING (SELECT 1 AS id) s ON m.id = s.id WHEN MATCHED THEN UPDATE SET *"),
    ).rejects.toThrow("Cannot resolve v");
  });
  test("conditions may ask other tables", async () => {
    await standin.sql("CREATE TABLE c AS SELECT id FROM range(5)");
    await standin.sql("DELETE FROM c WHERE id IN (SELECT id FROM m)");
    await standin.sql("UPDATE c SET id = id + (SELECT max(id) FROM m) WHERE EXISTS (SELECT 1 FROM m WHERE m.id = c.id - 2)");
    expect(await standin.sql("SELECT id FROM c ORDER BY id")).toEqual([["0"], ["5"], ["6"]]);
  });
  test("a table replaced by a query over itself, and time travel by timestamp", async () => {
    await standin.sql("CREATE TABLE s AS SELECT 1 AS n");
    const before = (await standin.sql("DESCRIBE HISTORY s"))[0]?.[1] ?? "";
    await standin.sql("CREATE OR REPLACE TABLE s AS SELECT n + 1 AS n, 'new' AS extra FROM s");
    expect(await standin.sql("SELECT * FROM s")).toEqual([["2", "new"]]);
    expect(await standin.sql(`SELECT * FROM s TIMESTAMP AS OF '${before}'`)).toEqual([["1"]]);
    await expect(standin.sql("SELECT * FROM s VERSION AS OF 7")).rejects.toThrow("no version 7");
  });
  test("instants are UTC wherever the process runs", async () => {
    expect(
      await standin.sql(
        "SELECT TIMESTAMP '2024-07-01 12:00:00', CAST(TIMESTAMP '2024-07-01 00:30:00' AS DATE), hour(TIMESTAMP '2024-07-01 12:00:00')",
      ),
    ).toEqual([["2024-07-01T12:00:00.000Z", "2024-07-01", "12"]]);
  });
  test("times without zone keep their clock, and those of a CSV are instants", async () => {
    await standin.sql(
      "CREATE TABLE clock AS SELECT CAST('2024-07-01 12:00:00.123456' AS TIMESTAMP_NTZ) AS local, TIMESTAMP '2024-07-01 12:00:00' AS t",
    );
    expect(await standin.sql("SELECT * FROM clock")).toEqual([["2024-07-01T12:00:00.123456", "2024-07-01T12:00:00.000Z"]]);
    expect((await standin.sql("DESCRIBE clock")).map((row) => row[1])).toEqual(["timestamp_ntz", "timestamp"]);
    await standin.call("PUT", "/api/2.0/fs/files/Volumes/test/main/kc_staging/t.csv", "id,at\n1,2024-07-01 12:00:00\n");
    await standin.sql(
      "CREATE TABLE csv_times AS SELECT * FROM read_files('/Volumes/test/main/kc_staging/t.csv', format => 'csv', header => true)",
    );
    expect((await standin.sql("DESCRIBE csv_times")).map((row) => row[1])).toEqual(["bigint", "timestamp"]);
    expect((await standin.sql("DESCRIBE DETAIL csv_times"))[0]?.slice(-2)).toEqual(["1", "2"]);
  });
  test("names that do not exist, exist already or are of another kind have their SQLSTATE", async () => {
    await expect(standin.sql("CREATE TABLE nope.x AS SELECT 1 AS a")).rejects.toThrow("42704");
    await expect(standin.sql("CREATE TABLE s AS SELECT 1 AS a")).rejects.toThrow("42P07");
    await expect(standin.sql("CREATE SCHEMA main")).rejects.toThrow("42710");
    await expect(standin.sql("DROP SCHEMA main")).rejects.toThrow("2BP01");
    await expect(standin.sql("CREATE TABLE bad AS SELECT 1 AS `a b`")).rejects.toThrow("42K05");
    await expect(standin.sql("CREATE TABLE `../x` AS SELECT 1 AS a")).rejects.toThrow("is not a valid name");
  });
});

test("another Host header than loopback's is refused", async () => {
  const status = await new Promise((resolve) => {
    request(`${standin.url}/.well-known/databricks-config`, { headers: { host: "evil.example" } }, (response) =>
      resolve(response.resume().statusCode),
    ).end();
  });
  expect(status).toBe(403);
});
