import { mkdtempSync } from "node:fs";
import { readFile, rm, unlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  addColumns,
  append,
  createTable,
  deleteRows,
  merge,
  openDuck,
  overwrite,
  queryRows,
  readHistory,
  readSnapshot,
  scanSql,
  updateRows,
} from "./index.ts";

let instance: DuckDBInstance;
let db: DuckDBConnection;
const root = mkdtempSync(join(tmpdir(), "kc-lakehouse-"));
let number = 0;
const newDir = () => join(root, `t${number++}`);
const rows = async (dir: string, at?: { version: number } | { timestamp: number }, order = "1") =>
  queryRows(db, `SELECT * FROM ${scanSql(await readSnapshot(db, dir, at))} ORDER BY ${order}`);

beforeAll(async () => {
  instance = await openDuck({ threads: 2 });
  db = await instance.connect();
});
afterAll(async () => {
  db.closeSync();
  instance.closeSync();
  await rm(root, { recursive: true, force: true });
});

describe("a Delta table", () => {
  test("keeps every version readable: create, append, overwrite", async () => {
    const dir = newDir();
    expect((await createTable(db, dir, { source: "SELECT 1::BIGINT AS id, 'a' AS name" })).version).toBe(0);
    expect((await append(db, dir, "SELECT 2, 'b'")).version).toBe(1);
    expect((await overwrite(db, dir, "SELECT 3, 'c'")).version).toBe(2);
    expect(await rows(dir)).toEqual([{ id: "3", name: "c" }]);
    expect(await rows(dir, { version: 1 })).toEqual([
      { id: "1", name: "a" },
      { id: "2", name: "b" },
    ]);
    expect((await readHistory(dir)).map((entry) => [entry.version, entry.operation])).toEqual([
      [2, "WRITE"],
      [1, "WRITE"],
      [0, "CREATE TABLE AS SELECT"],
    ]);
    const first = await readSnapshot(db, dir, { version: 1 });
    expect(await rows(dir, { timestamp: first.timestamp })).toHaveLength(2);
    await expect(rows(dir, { timestamp: 1000 })).rejects.toMatchObject({ code: "VERSION_NOT_FOUND" });
    await expect(rows(dir, { version: 3 })).rejects.toMatchObject({ code: "VERSION_NOT_FOUND" });
  });

  test("keeps 64-bit integers and decimals exact, also in its statistics", async () => {
    const dir = newDir();
    await createTable(db, dir, { source: "SELECT 9007199254740993::BIGINT AS n, 12345678901234567890.12::DECIMAL(38,2) AS d" });
    expect(await rows(dir)).toEqual([{ n: "9007199254740993", d: "12345678901234567890.12" }]);
    const [add] = [...(await readSnapshot(db, dir)).files.values()];
    expect(add?.stats).toContain('"minValues":{"n":9007199254740993,"d":12345678901234567890.12}');
  });

  test("leaves out a bound it is not sure of", async () => {
    const dir = newDir();
    const source = "SELECT repeat('x', 40) AS s, 'nan'::DOUBLE AS f, true AS b, TIMESTAMPTZ '2020-01-01 00:00:00.123456+00' AS t";
    await createTable(db, dir, { source });
    const stats = JSON.parse([...(await readSnapshot(db, dir)).files.values()][0]?.stats ?? "");
    expect(stats).toEqual({
      numRecords: 1,
      minValues: { s: "x".repeat(32), t: "2020-01-01T00:00:00.123Z" },
      maxValues: { t: "2020-01-01T00:00:00.124Z" },
      nullCount: { s: 0, f: 0, b: 0, t: 0 },
    });
  });

  test("stores partition values in the log, whatever characters they have", async () => {
    const dir = newDir();
    const source = "SELECT * FROM (VALUES (1, 'eu/west 1=%'), (2, NULL), (3, ''), (4, 'é')) v(id, region)";
    await createTable(db, dir, { source, partitionBy: ["region"] });
    expect(await rows(dir)).toEqual([
      { id: 1, region: "eu/west 1=%" },
      { id: 2, region: null },
      { id: 3, region: null },
      { id: 4, region: "é" },
    ]);
    await deleteRows(db, dir, { where: "region = 'é'" });
    expect(await rows(dir)).toHaveLength(3);
  });

  test("reads a new column as null in older files and refuses columns it does not have", async () => {
    const dir = newDir();
    await createTable(db, dir, { source: "SELECT 1 AS id" });
    await addColumns(db, dir, [{ name: "note", type: "string", nullable: true, metadata: {} }]);
    await append(db, dir, "SELECT 2 AS ID, 'n' AS note", { byName: true });
    await append(db, dir, "SELECT 3 AS id, 1.5::DOUBLE AS extra", { mergeSchema: true });
    expect(await rows(dir)).toEqual([
      { id: 1, note: null, extra: null },
      { id: 2, note: "n", extra: null },
      { id: 3, note: null, extra: 1.5 },
    ]);
    await expect(append(db, dir, "SELECT 1 AS id, 2 AS nope", { byName: true })).rejects.toMatchObject({
      code: "SCHEMA_MISMATCH",
    });
    await expect(append(db, dir, "SELECT 1")).rejects.toThrow("takes 3 columns, the data has 1");
  });

  test("is plain until a column without time zone needs the feature of that name", async () => {
    const dir = newDir();
    await createTable(db, dir, { source: "SELECT TIMESTAMPTZ '2024-01-01 00:00:00+00' AS t" });
    expect((await readSnapshot(db, dir)).protocol).toEqual({ minReaderVersion: 1, minWriterVersion: 2 });
    await append(db, dir, "SELECT NULL::TIMESTAMPTZ AS t, TIMESTAMP '2024-01-01 10:00:00' AS local", { mergeSchema: true });
    const features = { readerFeatures: ["timestampNtz"], writerFeatures: ["appendOnly", "invariants", "timestampNtz"] };
    expect((await readSnapshot(db, dir)).protocol).toEqual({ minReaderVersion: 3, minWriterVersion: 7, ...features });
    expect((await rows(dir, undefined, "local")).at(-1)).toEqual({ t: null, local: "2024-01-01 10:00:00" });
  });

  test("refuses a null in a NOT NULL column and writes nothing", async () => {
    const dir = newDir();
    await createTable(db, dir, { schema: [{ name: "id", type: "long", nullable: false, metadata: {} }] });
    await expect(append(db, dir, "SELECT NULL::BIGINT")).rejects.toMatchObject({ code: "NOT_NULL_VIOLATION" });
    expect((await readSnapshot(db, dir)).version).toBe(0);
  });

  test("refuses column types and names that Delta cannot hold", async () => {
    await expect(createTable(db, newDir(), { source: "SELECT INTERVAL 1 DAY AS i" })).rejects.toMatchObject({
      code: "UNSUPPORTED_TYPE",
    });
    await expect(createTable(db, newDir(), { source: `SELECT 1 AS "a b"` })).rejects.toMatchObject({ code: "INVALID_NAME" });
    await expect(createTable(db, newDir(), { source: "SELECT 1 AS a, 2 AS b", partitionBy: ["c"] })).rejects.toMatchObject({
      code: "SCHEMA_MISMATCH",
    });
  });

  test("appends a batch of an application once, however often it is repeated", async () => {
    const dir = newDir();
    await createTable(db, dir, { source: "SELECT 1 AS id" });
    const txns = [{ appId: "load", version: 7 }];
    expect((await append(db, dir, "SELECT 2", { txns })).version).toBe(1);
    expect((await append(db, dir, "SELECT 2", { txns })).version).toBeUndefined();
    expect(await rows(dir)).toHaveLength(2);
  });
});

describe("row changes", () => {
  test("delete and update rewrite only the files they touch, and nothing when no row matches", async () => {
    const dir = newDir();
    await createTable(db, dir, { source: "SELECT 1 AS id, 'a' AS v" });
    await append(db, dir, "SELECT 2, NULL");
    const before = [...(await readSnapshot(db, dir)).files.keys()];
    expect(await updateRows(db, dir, { v: "v || '!'" }, { where: "id = 1" })).toMatchObject({ version: 2, updated: 1 });
    expect([...(await readSnapshot(db, dir)).files.keys()]).toContain(before[1]);
    expect(await deleteRows(db, dir, { where: "v = 'zz'" })).toMatchObject({ version: undefined, deleted: 0 });
    expect(await rows(dir)).toEqual([
      { id: 1, v: "a!" },
      { id: 2, v: null },
    ]);
    expect(await deleteRows(db, dir)).toMatchObject({ deleted: 2 });
    expect(await rows(dir)).toEqual([]);
  });

  test("merge updates, deletes and inserts in one version", async () => {
    const dir = newDir();
    await createTable(db, dir, { source: "SELECT i::INT AS id, 'old' AS v FROM range(5) r(i)" });
    const spec = {
      source: "SELECT * FROM (VALUES (1, 'x'), (2, NULL), (9, 'new')) v(id, v)",
      sourceAlias: "s",
      targetAlias: "t",
      on: "t.id = s.id",
      matched: [{ when: "s.v IS NULL", action: "delete" as const }, { action: { v: "s.v" } }],
      notMatched: [{ values: { id: "s.id", v: "s.v" } }],
      notMatchedBySource: [{ when: "t.id = 4", action: "delete" as const }],
    };
    expect(await merge(db, dir, spec)).toEqual({ version: 1, inserted: 1, updated: 1, deleted: 2 });
    expect(await rows(dir)).toEqual([
      { id: 0, v: "old" },
      { id: 1, v: "x" },
      { id: 3, v: "old" },
      { id: 9, v: "new" },
    ]);
    expect(
      await merge(db, dir, { ...spec, source: "SELECT 77 AS id, 'q' AS v", notMatched: [], notMatchedBySource: [] }),
    ).toMatchObject({ version: undefined });
    const twice = { ...spec, source: "SELECT 1 AS id, 'a' AS v UNION ALL SELECT 1, 'b'" };
    await expect(merge(db, dir, twice)).rejects.toMatchObject({ code: "MULTIPLE_SOURCE_ROWS" });
  });

  test("an append-only table refuses them", async () => {
    const dir = newDir();
    await createTable(db, dir, { source: "SELECT 1 AS id", configuration: { "delta.appendOnly": "true" } });
    await append(db, dir, "SELECT 2");
    await expect(deleteRows(db, dir)).rejects.toMatchObject({ code: "APPEND_ONLY" });
    await expect(overwrite(db, dir, "SELECT 2")).rejects.toMatchObject({ code: "APPEND_ONLY" });
  });
});

describe("the log", () => {
  test("has a checkpoint every ten versions that replaces the commits before it", async () => {
    const dir = newDir();
    await createTable(db, dir, { source: "SELECT 0 AS id, 'p' AS p", partitionBy: ["p"] });
    for (let i = 1; i <= 11; i++) await append(db, dir, `SELECT ${i}, NULL`);
    const hint = join(dir, "_delta_log", "_last_checkpoint");
    expect(JSON.parse(await readFile(hint, "utf8")).version).toBe(10);
    const moved = `${dir}-moved`;
    await (await import("node:fs/promises")).cp(dir, moved, { recursive: true });
    for (let i = 0; i < 10; i++) await unlink(join(moved, "_delta_log", `${String(i).padStart(20, "0")}.json`));
    await writeFile(join(moved, "_delta_log", "_last_checkpoint"), "{corrupt");
    expect(await rows(moved)).toEqual(await rows(dir));
    expect(await rows(moved)).toHaveLength(12);
    await expect(rows(moved, { version: 5 })).rejects.toMatchObject({ code: "CORRUPT_LOG" });
  });

  test("with a gap, without metaData or with an unknown feature is refused by name", async () => {
    const dir = newDir();
    await createTable(db, dir, { source: "SELECT 1 AS id" });
    await append(db, dir, "SELECT 2");
    await append(db, dir, "SELECT 3");
    const log = (version: number) => join(dir, "_delta_log", `${String(version).padStart(20, "0")}.json`);
    const feature = {
      protocol: {
        minReaderVersion: 3,
        minWriterVersion: 7,
        readerFeatures: ["deletionVectors"],
        writerFeatures: ["deletionVectors"],
      },
    };
    await writeFile(log(3), `${JSON.stringify(feature)}\n`);
    await expect(rows(dir)).rejects.toThrow(`"deletionVectors"`);
    await expect(append(db, dir, "SELECT 4")).rejects.toThrow(`"deletionVectors"`);
    const writer = { protocol: { minReaderVersion: 1, minWriterVersion: 7, writerFeatures: ["rowTracking"] } };
    await writeFile(log(3), `${JSON.stringify(writer)}\n`);
    expect(await rows(dir)).toHaveLength(3);
    await expect(append(db, dir, "SELECT 4")).rejects.toThrow(`"rowTracking"`);
    await unlink(log(1));
    await expect(rows(`${dir}/../${dir.split("/").at(-1)}`)).rejects.toMatchObject({ code: "CORRUPT_LOG" });
    await expect(rows(newDir())).rejects.toMatchObject({ code: "TABLE_NOT_FOUND" });
  });
});
