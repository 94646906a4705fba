import { appendFile, rm, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type CsvOptions, readCsvFile } from "../src/load/csv-file.ts";
import { csvFeed } from "../src/load/csv-to-postgres.ts";
import type { LoadPlan } from "../src/load/load.ts";
import { loadIntoPostgres } from "../src/load/postgres-target.ts";
import { plan, type TestDatabase, testDatabase } from "./database.ts";

let t: TestDatabase;
beforeAll(async () => {
  t = await testDatabase();
});
afterAll(() => t?.stop());

let number = 0;
const fresh = () => `t${++number}`;
async function file(content: string | Buffer, name = "data.csv"): Promise<string> {
  const path = join(t.folder, name);
  await writeFile(path, content);
  return path;
}
async function load(
  table: string,
  path: string,
  change: Partial<LoadPlan> = {},
  options: CsvOptions & { emptyAsNull?: boolean } = {},
) {
  return loadIntoPostgres(
    t.db,
    { schema: "public", table },
    plan(change),
    csvFeed(await readCsvFile(path, options), options),
    t.context,
  );
}
const rows = async (table: string, order = "1") => (await t.db.query(`select * from ${table} order by ${order}`)).rows;
const types = async (table: string) =>
  (
    await t.db.query<{ t: string }>(
      "select format_type(atttypid, atttypmod) as t from pg_attribute where attrelid = $1::regclass and attnum > 0 and not attisdropped order by attnum",
      [table],
    )
  ).rows.map((row) => row.t);
const oid = async (table: string) => (await t.db.query("select $1::regclass::oid as oid", [table])).rows[0]!["oid"];
const leftovers = async () => (await t.db.query("select relname from pg_class where relname like '\\_\\_%'")).rows;

describe("a full refresh", () => {
  test("makes a typed table of a CSV file", async () => {
    const table = fresh();
    const result = await load(
      table,
      await file('id,virtual_item,cost,timestamp\n1,sword,12.50,2026-01-02T03:04:05Z\n2,"a, b",7,2026-01-02T03:04:06.5Z\n'),
    );
    expect(result).toMatchObject({ rows: 2, unchanged: false, table: `public.${table}` });
    expect(await types(table)).toEqual(["bigint", "text", "numeric", "timestamp with time zone"]);
    expect(await rows(table)).toEqual([
      { id: "1", virtual_item: "sword", cost: "12.50", timestamp: "2026-01-02 03:04:05+00" },
      { id: "2", virtual_item: "a, b", cost: "7", timestamp: "2026-01-02 03:04:06.5+00" },
    ]);
    expect(await leftovers()).toEqual([]);
  });

  test("of the same file changes nothing and says so", async () => {
    const table = fresh();
    const path = await file("id\n1\n2\n");
    const first = await load(table, path);
    const before = await oid(table);
    await utimes(path, new Date(), new Date());
    expect(await load(table, path)).toMatchObject({ unchanged: true, rows: 2, loadId: first.loadId });
    expect(await oid(table)).toBe(before);
  });

  test("of a changed file, also one of the same length, loads again", async () => {
    const table = fresh();
    await load(table, await file("id\n1\n2\n"));
    expect(await load(table, await file("id\n1\n3\n"))).toMatchObject({ unchanged: false });
    expect(await rows(table)).toEqual([{ id: "1" }, { id: "3" }]);
  });

  test("with other settings, after a drop of the table or a delete of rows loads again", async () => {
    const table = fresh();
    const path = await file("id\n1\n2\n");
    await load(table, path);
    expect(await load(table, path, { configHash: "other" })).toMatchObject({ unchanged: false });
    await t.db.query(`drop table ${table}`);
    expect(await load(table, path, { configHash: "other" })).toMatchObject({ unchanged: false });
    await t.db.query(`delete from ${table} where id = 1`);
    expect(await load(table, path, { configHash: "other" })).toMatchObject({ unchanged: false });
    expect(await rows(table)).toHaveLength(2);
  });

  test("keeps views, grants and keys on the target", async () => {
    const table = fresh();
    await load(table, await file("id,n\n1,a\n"));
    await t.db.query(`create view ${table}_view as select id from ${table}`);
    await t.db.query(`grant select on ${table} to public`);
    await t.db.query(`alter table ${table} add primary key (id)`);
    const before = await oid(table);
    await load(table, await file("id,n,extra\n2,b,x\n3,c,y\n"));
    expect(await oid(table)).toBe(before);
    expect(await rows(`${table}_view`)).toEqual([{ id: "2" }, { id: "3" }]);
    expect(await rows(table)).toEqual([
      { id: "2", n: "b", extra: "x" },
      { id: "3", n: "c", extra: "y" },
    ]);
  });

  test("two loads of one target at one time follow one another", async () => {
    const table = fresh();
    const one = await file("id\n1\n", "one.csv");
    const two = await file("id\n2\n2\n", "two.csv");
    await Promise.all([load(table, one), load(table, two), load(table, one), load(table, two)]);
    expect([1, 2]).toContain((await rows(table)).length);
    expect(await leftovers()).toEqual([]);
  });

  test("selects, renames and transforms columns", async () => {
    const table = fresh();
    await load(table, await file("id,Name,secret\n1,  Ann ,x\n"), {
      select: [
        { from: "id", as: "key" },
        { from: "Name", as: "name" },
      ],
      transforms: new Map([["Name", ["trim_space", "upper"]]]),
    });
    expect(await rows(table)).toEqual([{ key: "1", name: "ANN" }]);
  });
});

describe("CSV torture", () => {
  test("quotes, line breaks in fields, BOM, CRLF, empty text and a last line without end", async () => {
    const table = fresh();
    await load(table, await file('\ufeffid,text,n\r\n007,"a ""b""\r\nc",\r\n010,,5\r\n011,"",6'));
    expect(await types(table)).toEqual(["text", "text", "bigint"]);
    expect(await rows(table)).toEqual([
      { id: "007", text: 'a "b"\r\nc', n: null },
      { id: "010", text: "", n: "5" },
      { id: "011", text: "", n: "6" },
    ]);
  });

  test("a file without header but with BOM, other delimiters, compression, another encoding", async () => {
    const [a, b, c] = [fresh(), fresh(), fresh()];
    await load(a, await file("\ufeff1;x\n2;y\n"), {}, { header: false });
    expect(await rows(a)).toEqual([
      { col_1: "1", col_2: "x" },
      { col_1: "2", col_2: "y" },
    ]);
    await load(b, await file(gzipSync("id\tname\n1\tx\n"), "data.csv.gz"));
    expect(await rows(b)).toEqual([{ id: "1", name: "x" }]);
    await load(c, await file(Buffer.from("id,name\n1,J\xfcrgen\n", "latin1")), {}, { encoding: "latin1" });
    expect(await rows(c)).toEqual([{ id: "1", name: "Jürgen" }]);
  });

  test("emptyAsNull makes empty text NULL", async () => {
    const table = fresh();
    await load(table, await file('id,a\n1,\n2,""\n'), {}, { emptyAsNull: true });
    expect(await rows(table)).toEqual([
      { id: "1", a: null },
      { id: "2", a: null },
    ]);
  });

  test("a field of a million characters and a reserved word as a name", async () => {
    const table = fresh();
    await load(table, await file(`select,timestamp\n1,${"x".repeat(1_000_000)}\n`));
    expect((await t.db.query(`select length("timestamp") as n from ${table}`)).rows).toEqual([{ n: 1_000_000 }]);
  });

  test("skipped lines are not data, and a header alone makes an empty table", async () => {
    const [a, b] = [fresh(), fresh()];
    await load(a, await file("made by x\nid\n5\n"), {}, { skipLines: 1 });
    expect(await rows(a)).toEqual([{ id: "5" }]);
    expect(await load(b, await file("id,name\n"))).toMatchObject({ rows: 0 });
    expect(await rows(b)).toEqual([]);
  });
});

/** Rows enough that the sample does not see the last one. */
const many = (last: string) => `id,n\n${Array.from({ length: 21_000 }, (_, index) => `${index},1\n`).join("")}${last}\n`;

describe("bad input changes nothing and names file and line", () => {
  test.each([
    ["a ragged row", "id,n\n1,a\n2\n", 3, /1 fields where the header has 2/],
    ["a ragged row beyond the sample", many("7"), 21_002, /missing data for column "n"/],
    ["a row too long beyond the sample", many("7,1,2"), 21_002, /extra data after last expected column/],
    ["a blank line", "id,n\n1,a\n\n2,b\n", 3, /blank/],
    [
      "a value beyond the sample that does not fit",
      many("7,abc"),
      21_002,
      /column n: invalid input syntax for type bigint: "abc"/,
    ],
    ["bytes that are not UTF-8", Buffer.from("id,n\n1,a\n2,\xff\xfe\n", "latin1"), 3, /not utf-8/],
    [
      "bytes that are not UTF-8 beyond the sample",
      Buffer.concat([Buffer.from(many("8,1").repeat(1)), Buffer.alloc(5 << 20, "9,1\n"), Buffer.from([0x39, 0x2c, 0xff, 0x0a])]),
      21_003 + (5 << 20) / 4,
      /invalid byte sequence/,
    ],
    ["a column without a name", "id,,x\n1,2,3\n", 1, /column 2 has no name/],
    ["two columns of one name", "id,Name,NAME,name\n1,2,3,4\n", 1, /both named "name"/],
    ["UTF-16", Buffer.from("\ufeffid\n1\n", "utf16le"), 1, /UTF-16/],
    ["an empty file", "", 1, /is empty/],
    ["a quote that is never closed", `id,n\n1,"a\n${"2,b\n".repeat(1_200_000)}`, 1, /no whole row|unterminated CSV quoted field/],
  ] as [string, string | Buffer, number, RegExp][])("%s", async (_, content, line, message) => {
    const table = fresh();
    await t.db.query(`create table ${table} (id bigint, n bigint)`);
    await t.db.query(`insert into ${table} values (42, 42)`);
    const path = await file(content);
    const error = await load(table, path).catch((e: unknown) => e as { message: string; where: string; hint: string });
    expect(error).toMatchObject({ name: "UserError", message: expect.stringMatching(message) });
    if (!message.source.includes("unterminated")) expect((error as { where: string }).where).toBe(`${path}:${line}`);
    expect(await rows(table)).toEqual([{ id: "42", n: "42" }]);
    expect(await leftovers()).toEqual([]);
  });

  test("a value that no longer fits the type of the last load", async () => {
    const table = fresh();
    await load(table, await file("id,cost\n1,10\n"));
    const path = await file("id,cost\n1,10\n2,abc\n");
    await expect(load(table, path)).rejects.toMatchObject({
      where: `${path}:3`,
      hint: expect.stringContaining("adjust_column_type"),
    });
    expect(await rows(table)).toEqual([{ id: "1", cost: "10" }]);
    await load(table, path, { adjustColumnType: true });
    expect(await types(table)).toEqual(["bigint", "text"]);
  });

  test("a missing file, a folder", async () => {
    await expect(load(fresh(), join(t.folder, "none.csv"))).rejects.toThrow(/none.csv does not exist/);
    await expect(load(fresh(), t.folder)).rejects.toThrow(/is not a file/);
  });

  test("a file that grows during the load", async () => {
    const table = fresh();
    const path = await file("id\n1\n");
    const known = await readCsvFile(path);
    await appendFile(path, "2\n");
    await expect(loadIntoPostgres(t.db, { schema: "public", table }, plan(), csvFeed(known), t.context)).rejects.toThrow(
      /changed while it was loaded/,
    );
    await rm(path);
  });

  test("a view as the target", async () => {
    await t.db.query("create view a_view as select 1 as id");
    await expect(load("a_view", await file("id\n1\n"))).rejects.toThrow(/is not a table/);
  });

  test("a cancelled load", async () => {
    const table = fresh();
    const abort = new AbortController();
    abort.abort(new Error("cancelled"));
    const feed = csvFeed(await readCsvFile(await file("id\n1\n")));
    await expect(
      loadIntoPostgres(t.db, { schema: "public", table }, plan(), feed, { ...t.context, signal: abort.signal }),
    ).rejects.toThrow("cancelled");
  });
});

describe("other modes", () => {
  test("truncate keeps the table itself and replaces its rows", async () => {
    const table = fresh();
    await load(table, await file("id\n1\n"), { mode: "truncate" });
    const before = await oid(table);
    await load(table, await file("id\n2\n"), { mode: "truncate" });
    expect(await oid(table)).toBe(before);
    expect(await rows(table)).toEqual([{ id: "2" }]);
  });

  test("incremental merges by primary key, from the cursor on, one row per key", async () => {
    const table = fresh();
    const change = { mode: "incremental", primaryKey: ["id"], updateKey: "at" } as const;
    await load(table, await file("id,v,at\n1,a,2026-01-01\n2,b,2026-01-02\n"), change);
    const second = await load(
      table,
      await file("id,v,at\n1,late,2025-01-01\n2,B,2026-01-02\n2,C,2026-01-03\n3,d,2026-01-04\n"),
      change,
    );
    expect(second).toMatchObject({ cursor: "2026-01-04", unchanged: false });
    expect((await rows(table)).map((row) => [row["id"], row["v"]])).toEqual([
      ["1", "a"],
      ["2", "C"],
      ["3", "d"],
    ]);
  });

  test("incremental without primary key appends what is newer", async () => {
    const table = fresh();
    const change = { mode: "incremental", updateKey: "id" } as const;
    await load(table, await file("id\n1\n2\n"), change);
    await load(table, await file("id\n2\n3\n"), change);
    expect(await rows(table)).toEqual([{ id: "1" }, { id: "2" }, { id: "3" }]);
  });

  test("the cursor is forgotten with the table", async () => {
    const table = fresh();
    const change = { mode: "incremental", updateKey: "id" } as const;
    await load(table, await file("id\n1\n2\n"), change);
    await t.db.query(`drop table ${table}`);
    await load(table, await file("id\n1\n3\n"), change);
    expect(await rows(table)).toEqual([{ id: "1" }, { id: "3" }]);
  });

  test.each(["update_insert", "insert", "update", "delete_insert"] as const)("merge strategy %s", async (mergeStrategy) => {
    const table = fresh();
    const change = { mode: "incremental", primaryKey: ["id"], mergeStrategy } as const;
    await load(table, await file("id,v\n1,a\n"), { ...change, mergeStrategy: "insert" });
    await load(table, await file("id,v\n1,A\n2,b\n"), change);
    const expected = { update_insert: "1A 2b", delete_insert: "1A 2b", insert: "1a 2b", update: "1A" }[mergeStrategy];
    expect((await rows(table)).map((row) => `${row["id"]}${row["v"]}`).join(" ")).toBe(expected);
  });

  test("deleteMissing removes what the source has no more", async () => {
    const table = fresh();
    const change = { mode: "incremental", primaryKey: ["id"], deleteMissing: "hard" } as const;
    await load(table, await file("id\n1\n2\n"), change);
    await load(table, await file("id\n2\n3\n"), change);
    expect(await rows(table)).toEqual([{ id: "2" }, { id: "3" }]);
  });

  test("snapshot adds every state with its time", async () => {
    const table = fresh();
    const path = await file("id\n1\n");
    await load(table, path, { mode: "snapshot" });
    await load(table, path, { mode: "snapshot" });
    expect(
      (await t.db.query(`select count(*)::int as n, count(distinct _sling_loaded_at)::int as times from ${table}`)).rows,
    ).toEqual([{ n: 2, times: 2 }]);
  });

  test("backfill takes its range only", async () => {
    const table = fresh();
    await load(table, await file("id,v\n1,a\n2,b\n3,c\n4,d\n"), {
      mode: "backfill",
      primaryKey: ["id"],
      updateKey: "id",
      range: ["2", "3"],
    });
    expect((await rows(table)).map((row) => row["id"])).toEqual(["2", "3"]);
  });

  test("a row without its primary key is refused", async () => {
    const table = fresh();
    await expect(load(table, await file("id,v\n1,a\n,b\n"), { mode: "incremental", primaryKey: ["id"] })).rejects.toThrow(
      /1 rows of stream s have no primary key/,
    );
    await expect(load(table, await file("id,v\n1,a\n"), { mode: "incremental", primaryKey: ["nope"] })).rejects.toThrow(
      /"nope".*is not among its columns/,
    );
  });
});
