import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  csvResource,
  databricksDestination,
  type LoadResourceOptions,
  loadPipeline,
  loadResource,
  loadSource,
  postgresDestination,
  type Row,
} from "../src/index.ts";
import { normalName } from "../src/pipeline/normalize.ts";
import { collecting, type TestDatabase, testDatabase } from "./database.ts";
import { type TestWorkspace, testWorkspace } from "./workspace.ts";

let t: TestDatabase;
let w: TestWorkspace;
beforeAll(async () => {
  [t, w] = await Promise.all([testDatabase(), testWorkspace()]);
});
afterAll(async () => {
  await w?.stop();
  await t?.stop();
});

let number = 0;
const context = () => ({ log: collecting([]), tempDir: join(t.folder, "pipeline") });
/** A pipeline into a dataset of its own, and its rows afterwards. */
function pipeline() {
  const dataset = `ds_${++number}`;
  const made = loadPipeline({ name: "p", destination: postgresDestination(t.db, dataset) });
  return {
    dataset,
    run: (options: Partial<LoadResourceOptions> & { rows: LoadResourceOptions["rows"] }) =>
      made.run(loadResource({ name: "items", ...options }), context()),
    rows: async (table = "items", columns = "*") =>
      (await t.db.query(`select ${columns} from ${dataset}.${table} order by 1`)).rows,
    pipeline: made,
  };
}
const give =
  (...rows: Row[]) =>
  () =>
    rows;

describe("write dispositions", () => {
  test("append adds the rows of every run, with dlt's columns and tables", async () => {
    const p = pipeline();
    await p.run({ rows: give({ id: 1, Name: "a", paid: true, at: "2026-01-02T03:04:05Z", cost: 1.5 }) });
    await p.run({ rows: give({ id: 2, Name: null }) });
    expect(await p.rows("items", "id, name, paid, at, cost")).toEqual([
      { id: "1", name: "a", paid: true, at: "2026-01-02 03:04:05+00", cost: 1.5 },
      { id: "2", name: null, paid: null, at: null, cost: null },
    ]);
    expect(await p.rows("_dlt_loads", "status, schema_name")).toEqual([
      { status: "0", schema_name: "items" },
      { status: "0", schema_name: "items" },
    ]);
    const ids = await t.db.query(
      `select count(distinct _dlt_id)::int as rows, count(distinct i._dlt_load_id)::int as loads from ${p.dataset}.items i join ${p.dataset}._dlt_loads l on l.load_id = i._dlt_load_id`,
    );
    expect(ids.rows).toEqual([{ rows: 2, loads: 2 }]);
    expect(await p.rows("_dlt_pipeline_state", "version, pipeline_name")).toHaveLength(2);
    expect(await readdir(join(t.folder, "pipeline"))).toEqual([]);
  });

  test("replace is atomic and knows an unchanged source", async () => {
    const p = pipeline();
    const change = { writeDisposition: "replace" } as const;
    await p.run({ ...change, rows: give({ id: 1 }, { id: 2 }) });
    expect(await p.run({ ...change, rows: give({ id: 1 }, { id: 2 }) })).toMatchObject({ unchanged: true });
    expect(await p.run({ ...change, rows: give({ id: 3 }) })).toMatchObject({ unchanged: false, rows: 1 });
    expect(await p.rows("items", "id")).toEqual([{ id: "3" }]);
    await p.run({ ...change, rows: give() });
    expect(await p.rows("items", "id")).toEqual([]);
  });

  test("merge keeps one row per primary key, merge_key replaces groups, skip does nothing", async () => {
    const p = pipeline();
    const merge = { writeDisposition: "merge", primaryKey: "id" } as const;
    await p.run({ ...merge, rows: give({ id: 1, v: "a" }, { id: 2, v: "b" }) });
    await p.run({ ...merge, rows: give({ id: 2, v: "B" }, { id: 2, v: "C" }, { id: 3, v: "d" }) });
    expect(await p.rows("items", "id, v")).toEqual([
      { id: "1", v: "a" },
      { id: "2", v: "C" },
      { id: "3", v: "d" },
    ]);
    const group = { name: "groups", writeDisposition: "merge", mergeKey: "day" } as const;
    await p.run({ ...group, rows: give({ day: "x", n: 1 }, { day: "x", n: 2 }, { day: "y", n: 3 }) });
    await p.run({ ...group, rows: give({ day: "x", n: 9 }) });
    expect(await p.rows("groups", "day, n")).toEqual([
      { day: "x", n: "9" },
      { day: "y", n: "3" },
    ]);
    expect(await p.run({ writeDisposition: "skip", rows: give({ id: 9 }) })).toMatchObject({ tables: [] });
    expect(() => loadResource({ name: "x", writeDisposition: "merge", rows: give() })).toThrow(/merges without a key/);
  });
});

describe("incremental", () => {
  test("gives the cursor to the source, leaves out older rows and remembers the highest in the load's transaction", async () => {
    const p = pipeline();
    const cursors: unknown[] = [];
    const load = (...rows: Row[]) =>
      p.run({
        incremental: { cursorPath: "updatedAt", initialValue: "2026-01-01" },
        rows: ({ cursor }) => {
          cursors.push(cursor);
          return rows;
        },
      });
    await load({ id: 1, updatedAt: "2026-01-01" }, { id: 0, updatedAt: "2025-12-31" });
    await load({ id: 1, updatedAt: "2026-01-01" }, { id: 2, updatedAt: "2026-01-03" });
    expect(await load({ id: 2, updatedAt: "2026-01-03" })).toMatchObject({ unchanged: true, discarded: 1 });
    await load({ id: 2, updatedAt: "2026-01-03" }, { id: 3, updatedAt: "2026-01-03" });
    expect(cursors).toEqual(["2026-01-01", "2026-01-01", "2026-01-03", "2026-01-03"]);
    expect(await p.rows("items", "id")).toEqual([{ id: "1" }, { id: "2" }, { id: "3" }]);
    await t.db.query(`drop table ${p.dataset}.items`);
    await load({ id: 1, updatedAt: "2026-01-01" });
    expect(await p.rows("items", "id")).toEqual([{ id: "1" }]);
  });

  test("a row without cursor follows the setting", async () => {
    const p = pipeline();
    const rows = give({ id: 1, at: null });
    await expect(p.run({ rows, incremental: { cursorPath: "at" } })).rejects.toThrow(/has no cursor "at"/);
    expect(await p.run({ rows, incremental: { cursorPath: "at", onCursorValueMissing: "exclude" } })).toMatchObject({
      discarded: 1,
      rows: 0,
    });
    expect(await p.run({ rows, incremental: { cursorPath: "at", onCursorValueMissing: "include" } })).toMatchObject({ rows: 1 });
  });
});

describe("schema", () => {
  test("nested objects become columns, lists become child tables", async () => {
    const p = pipeline();
    await p.run({
      writeDisposition: "replace",
      rows: give({ id: 1, address: { City: "Bern" }, tags: ["a", "b"], lines: [{ sku: "x", parts: [{ n: 1 }] }] }),
    });
    expect(await p.rows("items", "id, address__city")).toEqual([{ id: "1", address__city: "Bern" }]);
    expect(await p.rows("items__tags", "value, _dlt_list_idx")).toEqual([
      { value: "a", _dlt_list_idx: "0" },
      { value: "b", _dlt_list_idx: "1" },
    ]);
    const joined = await t.db.query(
      `select l.sku, q.n from ${p.dataset}.items i join ${p.dataset}.items__lines l on l._dlt_parent_id = i._dlt_id join ${p.dataset}.items__lines__parts q on q._dlt_parent_id = l._dlt_id and q._dlt_root_id = i._dlt_id`,
    );
    expect(joined.rows).toEqual([{ sku: "x", n: "1" }]);
    await expect(
      p.run({ name: "m", writeDisposition: "merge", primaryKey: "id", rows: give({ id: 1, tags: ["a"] }) }),
    ).rejects.toThrow(/"tags" is a list/);
  });

  test("a value of another type goes to a variant column, a new column is added", async () => {
    const p = pipeline();
    await p.run({ rows: give({ id: 1 }) });
    await p.run({ rows: give({ id: "x" }, { id: "5", extra: "new" }) });
    expect(await p.rows("items", "id, id__v_text, extra")).toEqual([
      { id: "1", id__v_text: null, extra: null },
      { id: "5", id__v_text: null, extra: "new" },
      { id: null, id__v_text: "x", extra: null },
    ]);
  });

  test.each([
    ["freeze", "error", "error"],
    ["discard_row", [], []],
    ["discard_value", [{ id: "2" }], [{ id: "3" }]],
  ] as const)("contract %s on columns and data types", async (mode, column, type) => {
    const p = pipeline();
    await p.run({ rows: give({ id: 1, n: 1 }) });
    const added = async (row: Row, contract: object) => {
      try {
        await p.run({ rows: give(row), schemaContract: contract });
      } catch (error) {
        expect(String(error)).toContain("breaks its contract");
        return "error";
      }
      return p.rows("items where id = " + String(row["id"]), "id");
    };
    expect(await added({ id: 2, extra: 1 }, { columns: mode })).toEqual(column);
    expect(await added({ id: 3, n: "text" }, { data_type: mode })).toEqual(type);
    if (mode === "freeze")
      await expect(p.run({ name: "other", rows: give({ id: 1 }), schemaContract: { tables: mode } })).rejects.toThrow(
        /table "other" is new/,
      );
  });

  test.each([
    ["OrderID", "order_id"],
    ["  a b-c ", "a_b_c"],
    ["a__b", "a_b"],
    ["x__", "x"],
    ["Ünï", "ünï"],
  ])("%j is %s", (name, normal) => {
    expect(normalName(name)).toBe(normal);
  });
});

test("a source that fails half way leaves every table and the state as they were", async () => {
  const p = pipeline();
  await p.run({ writeDisposition: "replace", rows: give({ id: 1 }) });
  const broken = loadResource({
    name: "broken",
    *rows() {
      yield { id: 1 };
      throw new Error("source gone");
    },
  });
  const source = loadSource("s", [loadResource({ name: "items", writeDisposition: "replace", rows: give({ id: 2 }) }), broken]);
  await expect(p.pipeline.run(source, context())).rejects.toThrow("source gone");
  expect(await p.rows("items", "id")).toEqual([{ id: "1" }]);
  expect(await p.rows("_dlt_loads")).toHaveLength(1);
});

test("a CSV file into PostgreSQL and Databricks, and again unchanged", async () => {
  await mkdir(join(t.folder, "pipeline"), { recursive: true });
  const path = join(t.folder, "items.csv");
  await writeFile(
    path,
    `\ufeffid,Virtual Item,cost,at\n${Array.from({ length: 2_000 }, (_, i) => `${i},"item, ${i}",${i}.25,2026-01-02T03:04:05Z\n`).join("")}`,
  );
  for (const [destination, read] of [
    [
      postgresDestination(t.db, "csv"),
      async (sql: string) => Object.values((await t.db.query(sql.replaceAll("T", "csv.items"))).rows[0]!),
    ],
    [databricksDestination(w.client, "csv"), async (sql: string) => (await w.rows(sql.replaceAll("T", "test.csv.items")))[0]!],
  ] as const) {
    const p = loadPipeline({ name: "p", destination });
    const load = async () => p.run(await csvResource(path, { name: "items", writeDisposition: "replace" }), context());
    expect(await load()).toMatchObject({ rows: 2_000, unchanged: false });
    expect((await read("select count(*), sum(cost), max(virtual_item) from T")).map(String)).toEqual([
      "2000",
      "1999500.00",
      "item, 999",
    ]);
    expect(await load()).toMatchObject({ unchanged: true });
  }
  await writeFile(path, "id,n\n1,2\n3\n");
  await expect(csvResource(path, { name: "items" })).rejects.toMatchObject({ where: `${path}:3` });
  await expect(csvResource("data.csv", { name: "items" })).rejects.toThrow(/relative/);
});

test("append and merge on Databricks; rows of a load that died before its record are removed", async () => {
  const p = loadPipeline({ name: "p", destination: databricksDestination(w.client, "dl") });
  const append = (...rows: Row[]) => p.run(loadResource({ name: "log", rows: give(...rows) }), context());
  await append({ id: 1, cost: 1.5 });
  await w.client.statements.execute("INSERT INTO test.dl.log (id, cost, _dlt_load_id, _dlt_id) VALUES (99, 1, 'dead', 'x')");
  await append({ id: 2, cost: 2.5, extra: "x" });
  expect(await w.rows("SELECT id, extra FROM test.dl.log ORDER BY id")).toEqual([
    ["1", null],
    ["2", "x"],
  ]);
  const merge = (...rows: Row[]) =>
    p.run(loadResource({ name: "state", writeDisposition: "merge", primaryKey: "id", rows: give(...rows) }), context());
  await merge({ id: 1, v: "a" });
  await merge({ id: 1, v: "b" }, { id: 2, v: "c" });
  expect(await w.rows("SELECT id, v FROM test.dl.state ORDER BY id")).toEqual([
    ["1", "b"],
    ["2", "c"],
  ]);
});
