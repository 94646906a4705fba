import { readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { databricksClient } from "@kc/connector-databricks/client";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { readCsvFile } from "../src/load/csv-file.ts";
import { csvToDatabricks } from "../src/load/csv-to-databricks.ts";
import type { LoadPlan } from "../src/load/load.ts";
import { postgresToDatabricks } from "../src/load/postgres-to-databricks.ts";
import { plan, type TestDatabase, testDatabase } from "./database.ts";
import { type TestWorkspace, testWorkspace } from "./workspace.ts";

let t: TestDatabase;
let w: TestWorkspace;
beforeAll(async () => {
  [t, w] = await Promise.all([testDatabase(), testWorkspace()]);
});
afterEach(() => w?.clearFaults());
afterAll(async () => {
  await w?.stop();
  await t?.stop();
});

let number = 0;
const fresh = () => `t${++number}`;
const load = (name: string, change: Partial<LoadPlan> = {}, sql?: string) =>
  postgresToDatabricks(
    t.db,
    { from: sql ? { sql } : { table: { schema: "public", table: name } } },
    w.client,
    { catalog: "test", schema: "main", table: name },
    plan(change),
    t.context,
  );
const staged = async () => (await w.client.files.list("/Volumes/test/main/kc_staging")).map((entry) => entry.name);
const versions = async (table: string) => (await w.rows(`DESCRIBE HISTORY test.main.${table}`)).length;

describe("PostgreSQL to Delta", () => {
  test("a full refresh makes a typed table of the same rows and leaves no staged file", async () => {
    const name = fresh();
    await t.db.query(
      `create table ${name} as select g::bigint as id, 'item ' || g as item, (g * 1.25)::numeric(10,2) as cost, timestamptz '2026-01-01Z' + g * interval '1 s' as at from generate_series(1, 1000) g`,
    );
    await t.db.query(
      `insert into ${name} values (9007199254740993, null, null, null), (0, '', 0, '2026-01-01 00:00:00.123456Z')`,
    );
    expect(await load(name)).toMatchObject({ rows: 1002, unchanged: false, table: `test.main.${name}` });
    expect(await w.rows(`SELECT count(*), max(id), sum(cost), count(item) FROM ${name}`)).toEqual([
      ["1002", "9007199254740993", "625625.00", "1001"],
    ]);
    expect(await w.rows(`SELECT id, item FROM ${name} WHERE \`at\` = TIMESTAMP '2026-01-01 00:00:00.123456Z'`)).toEqual([
      ["0", ""],
    ]);
    expect(await w.rows(`SELECT id, item FROM ${name} WHERE \`at\` = TIMESTAMP '2026-01-01 00:00:02Z'`)).toEqual([
      ["2", "item 2"],
    ]);
    expect(await staged()).toEqual([]);
    expect((await readdir(t.folder)).filter((file) => /\.(csv|parquet)$/.test(file))).toEqual([]);
  });

  test("of an unchanged source writes no new version; of a changed one, or after a drop, it does", async () => {
    const name = fresh();
    await t.db.query(`create table ${name} as select 1 as id`);
    const first = await load(name);
    expect(await load(name)).toMatchObject({ unchanged: true, loadId: first.loadId, rows: 1 });
    expect(await versions(name)).toBe(1);
    await t.db.query(`insert into ${name} values (2)`);
    expect(await load(name)).toMatchObject({ unchanged: false, rows: 2 });
    await w.client.statements.execute(`DROP TABLE ${name}`);
    expect(await load(name)).toMatchObject({ unchanged: false, rows: 2 });
    await w.client.statements.execute(`DELETE FROM ${name} WHERE id = 1`);
    expect(await load(name)).toMatchObject({ unchanged: false, rows: 2 });
    expect(await w.rows(`SELECT id FROM ${name} ORDER BY id`)).toEqual([["1"], ["2"]]);
  });

  test("leaves nothing on the source that would keep anyone from replacing it", async () => {
    const name = fresh();
    await t.db.query(`create table ${name} as select 1 as id`);
    await load(name);
    await t.db.query(`drop table ${name}`);
  });

  test("an empty table and a query with selected columns", async () => {
    const [empty, query] = [fresh(), fresh()];
    await t.db.query(`create table ${empty} (id int, name text)`);
    expect(await load(empty)).toMatchObject({ rows: 0 });
    expect(await w.rows(`SELECT * FROM ${empty}`)).toEqual([]);
    await load(query, { select: [{ from: "b", as: "renamed" }] }, "select 1 as a, 'x' as b");
    expect(await w.rows(`SELECT renamed FROM ${query}`)).toEqual([["x"]]);
  });

  test("truncate replaces the rows of the table and knows an unchanged source", async () => {
    const name = fresh();
    await t.db.query(`create table ${name} as select 1 as id`);
    await load(name, { mode: "truncate" });
    await t.db.query(`update ${name} set id = 5`);
    expect(await load(name, { mode: "truncate" })).toMatchObject({ unchanged: false });
    expect(await load(name, { mode: "truncate" })).toMatchObject({ unchanged: true });
    expect(await w.rows(`SELECT id FROM ${name}`)).toEqual([["5"]]);
  });

  test("incremental merges by key from the cursor on, adds new columns, and says when nothing is new", async () => {
    const name = fresh();
    const change = { mode: "incremental", primaryKey: ["id"], updateKey: "at" } as const;
    await t.db.query(
      `create table ${name} as select 1 as id, 'a' as v, date '2026-01-01' as at union all select 2, 'b', '2026-01-02'`,
    );
    expect(await load(name, change)).toMatchObject({ rows: 2, cursor: "2026-01-02" });
    const before = await versions(name);
    expect(await load(name, change)).toMatchObject({ unchanged: true });
    expect(await versions(name)).toBe(before);
    await t.db.query(`alter table ${name} add column extra int`);
    await t.db.query(`update ${name} set v = 'B', at = '2026-01-03', extra = 7 where id = 2`);
    await t.db.query(`insert into ${name} values (3, 'c', '2026-01-03', 8)`);
    expect(await load(name, change)).toMatchObject({ unchanged: false, cursor: "2026-01-03" });
    expect(await w.rows(`SELECT id, v, extra FROM ${name} ORDER BY id`)).toEqual([
      ["1", "a", null],
      ["2", "B", "7"],
      ["3", "c", "8"],
    ]);
  });

  test("incremental without a primary key appends; a snapshot adds every state", async () => {
    const [append, snapshot] = [fresh(), fresh()];
    for (const name of [append, snapshot]) await t.db.query(`create table ${name} as select 1 as id`);
    const change = { mode: "incremental", updateKey: "id" } as const;
    await load(append, change);
    await t.db.query(`insert into ${append} values (2)`);
    await load(append, change);
    expect(await w.rows(`SELECT id FROM ${append} ORDER BY id`)).toEqual([["1"], ["2"]]);
    await load(snapshot, { mode: "snapshot" });
    await load(snapshot, { mode: "snapshot" });
    expect(await w.rows(`SELECT count(*), count(DISTINCT _sling_loaded_at) FROM ${snapshot}`)).toEqual([["2", "2"]]);
  });

  test("two loads of one target at one time follow one another", async () => {
    const name = fresh();
    await t.db.query(`create table ${name} as select g as id from generate_series(1, 50) g`);
    const results = await Promise.all([load(name), load(name), load(name)]);
    expect(results.filter((result) => !result.unchanged)).toHaveLength(1);
    expect(await versions(name)).toBe(1);
  });

  test("a staged file that a dead load left is swept by the next load of that table", async () => {
    const name = fresh();
    await t.db.query(`create table ${name} as select 1 as id`);
    await w.client.files.upload(`/Volumes/test/main/kc_staging/${name}-dead0.parquet`, { bytes: Buffer.from("x") });
    await w.client.files.upload("/Volumes/test/main/kc_staging/other-alive0.parquet", { bytes: Buffer.from("x") });
    await load(name);
    expect(await staged()).toEqual(["other-alive0.parquet"]);
  });
});

describe("CSV to Delta", () => {
  test("loads a file, knows it again, and names the line of a value that does not fit", async () => {
    const name = fresh();
    const path = join(t.folder, "in.csv");
    const run = async () =>
      csvToDatabricks(await readCsvFile(path), {}, w.client, { catalog: "test", schema: "main", table: name }, plan(), t.context);
    await writeFile(path, 'id,name,n\n1,"a, b",\n2,,5\n');
    expect(await run()).toMatchObject({ rows: 2, unchanged: false });
    expect(await w.rows(`SELECT * FROM ${name} ORDER BY id`)).toEqual([
      ["1", "a, b", null],
      ["2", "", "5"],
    ]);
    expect(await run()).toMatchObject({ rows: 2, unchanged: true });
    await writeFile(path, `id,name,n\n${"1,a,1\n".repeat(21_000)}2,b,x\n`);
    await expect(run()).rejects.toMatchObject({ where: `${path}:21002` });
    expect(await w.rows(`SELECT count(*) FROM ${name}`)).toEqual([["2"]]);
  });
});

describe("bad days", () => {
  test("a missing source table is named", async () => {
    await expect(load("nowhere")).rejects.toThrow(/source table "public"."nowhere" does not exist/);
  });

  test("429, 503 and a lost answer on the way do not fail the load, and it happens once", async () => {
    const name = fresh();
    await t.db.query(`create table ${name} as select 1 as id`);
    await w.fault({ path: "/api/2.0/sql/statements", method: "POST", status: 429, headers: { "retry-after": "0" }, times: 2 });
    await w.fault({ path: "/api/2.0/fs/files/.*", method: "PUT", status: 503, times: 1 });
    await w.fault({ path: "/api/2.0/fs/files/.*", method: "PUT", after_effect: true, times: 1 });
    expect(await load(name)).toMatchObject({ rows: 1 });
    expect(await w.rows(`SELECT * FROM ${name}`)).toEqual([["1"]]);
  });

  test("a 500 that stays fails the load and leaves the old table", async () => {
    const name = fresh();
    await t.db.query(`create table ${name} as select 1 as id`);
    await load(name);
    await t.db.query(`update ${name} set id = 2`);
    await w.fault({ path: "/api/2.0/fs/files/.*", method: "PUT", status: 500, times: 100 });
    await expect(load(name)).rejects.toMatchObject({ status: 500 });
    await w.clearFaults();
    expect(await w.rows(`SELECT * FROM ${name}`)).toEqual([["1"]]);
  }, 120_000);

  test("a wrong token is named with what to check", async () => {
    const name = fresh();
    await t.db.query(`create table ${name} as select 1 as id`);
    const wrong = databricksClient({ host: w.client.origin, token: "wrong", warehouseId: "w", catalog: "test", schema: "main" });
    const failed = postgresToDatabricks(
      t.db,
      { from: { table: { schema: "public", table: name } } },
      wrong,
      { catalog: "test", schema: "main", table: name },
      plan(),
      t.context,
    );
    await expect(failed).rejects.toThrow(/DATABRICKS_TOKEN/);
    await wrong.close();
  });

  test("a stand-in that is down is named by its address", async () => {
    const name = fresh();
    await t.db.query(`create table ${name} as select 1 as id`);
    const down = databricksClient({
      host: "http://127.0.0.1:1",
      token: "t",
      warehouseId: "w",
      catalog: "test",
      schema: "main",
      sleep: async () => {},
    });
    const failed = postgresToDatabricks(
      t.db,
      { from: { table: { schema: "public", table: name } } },
      down,
      { catalog: "test", schema: "main", table: name },
      plan(),
      t.context,
    );
    await expect(failed).rejects.toThrow(/127.0.0.1:1/);
    await down.close();
  });
});
