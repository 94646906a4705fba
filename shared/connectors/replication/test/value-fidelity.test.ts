import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { quoteIdentifier } from "@kc/connector-postgres";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { csvToParquet, padding } from "../src/load/duck.ts";
import { exported, exportRows, measureDecimals, withSource } from "../src/load/postgres-source.ts";
import { type TestDatabase, testDatabase } from "./database.ts";

let t: TestDatabase;
beforeAll(async () => {
  t = await testDatabase();
});
afterAll(() => t?.stop());

/** A query's rows through COPY, DuckDB and Parquet, as text, and the Parquet types. */
async function throughParquet(sql: string): Promise<{ types: string[]; rows: (string | null)[][] }> {
  const csv = join(t.folder, "x.csv");
  const parquet = join(t.folder, "x.parquet");
  const { columns, rows } = await t.db.transaction(async (session) => {
    await session.query("set local timezone to 'UTC'; set local datestyle to 'ISO, MDY'");
    return withSource(session, { from: { sql } }, async ({ view, columns: open }) => {
      const measured = await measureDecimals(session, view, open, "");
      const moved = await exportRows(
        t.db,
        session,
        `select ${[...measured.map(exported), ...padding(open).map(() => "1")].join(", ")} from ${view}`,
        csv,
        "x",
        t.context,
      );
      return { columns: measured, rows: moved.rows };
    });
  });
  expect(
    await csvToParquet(
      csv,
      parquet,
      columns,
      { delimiter: ",", quote: '"', escape: '"', header: false, newLine: "\\n", nullText: "\\N" },
      t.folder,
    ),
  ).toBe(rows);
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    await connection.run("set TimeZone = 'UTC'");
    const list = columns
      .map(({ name, type }) => (type.kind === "binary" ? `hex(${quoteIdentifier(name)})` : `${quoteIdentifier(name)}::varchar`))
      .join(", ");
    const types = await connection.runAndReadAll(`select column_type from (describe select * from '${parquet}')`);
    const reader = await connection.runAndReadAll(`select ${list} from '${parquet}'`);
    return { types: types.getRows().map((row) => String(row[0])), rows: reader.getRows() as (string | null)[][] };
  } finally {
    instance.closeSync();
  }
}

describe("values from PostgreSQL to Parquet", () => {
  test.each([
    ["9007199254740993::int8", "BIGINT", "9007199254740993"],
    ["(-32768)::int2", "SMALLINT", "-32768"],
    ["12345678901234567890.123456789::numeric(38,9)", "DECIMAL(38,9)", "12345678901234567890.123456789"],
    ["1.50::numeric", "DECIMAL(38,2)", "1.50"],
    ["(-0.5)::numeric", "DECIMAL(38,2)", "-0.50"],
    ["0.00000000000000000001::numeric", "DECIMAL(38,20)", "0.00000000000000000001"],
    ["'-0'::float8", "DOUBLE", "-0.0"],
    ["'NaN'::float8", "DOUBLE", "nan"],
    ["'Infinity'::float8", "DOUBLE", "inf"],
    ["0.1::float8 + 0.2::float8", "DOUBLE", "0.30000000000000004"],
    ["true", "BOOLEAN", "true"],
    ["'2026-02-28'::date", "DATE", "2026-02-28"],
    ["'2026-01-02 03:04:05.678901+05:30'::timestamptz", "TIMESTAMP WITH TIME ZONE", "2026-01-01 21:34:05.678901+00"],
    ["'2026-01-02 03:04:05.678901'::timestamp", "TIMESTAMP", "2026-01-02 03:04:05.678901"],
    ['\'{"a": [1, null, "x"]}\'::jsonb', "VARCHAR", '{"a": [1, null, "x"]}'],
    ["'6f1f9a9e-0000-4000-8000-000000000001'::uuid", "VARCHAR", "6f1f9a9e-0000-4000-8000-000000000001"],
    ["'\\x00ff10'::bytea", "BLOB", "00FF10"],
    ["array[1,null,3]", "VARCHAR", "{1,NULL,3}"],
    ["'1 year 2 mons 03:04:05'::interval", "VARCHAR", "1 year 2 mons 03:04:05"],
    ["''::text", "VARCHAR", ""],
    ["'\\N'::text", "VARCHAR", "\\N"],
    ["'\\.'::text", "VARCHAR", "\\."],
    ["E'a\"b,\\r\\n\\tc'::text", "VARCHAR", 'a"b,\r\n\tc'],
    ["'Grüße 🎉'::text", "VARCHAR", "Grüße 🎉"],
    ["null::int", "INTEGER", null],
    ["null::text", "VARCHAR", null],
    ["repeat('x', 5000000)", "VARCHAR", "x".repeat(5_000_000)],
  ])("%s keeps its value", async (sql, type, value) => {
    expect(await throughParquet(`select ${sql} as v`)).toEqual({ types: [type], rows: [[value]] });
    expect(await throughParquet(`select 1 as a, ${sql} as v union all select 2, null`)).toEqual({
      types: ["INTEGER", type],
      rows: [
        ["1", value],
        ["2", null],
      ],
    });
  });

  test.each([
    ["123456789012345.678::numeric(18,3)", "DECIMAL(18,3)", "123456789012345.678"],
    ["(-7)::numeric(5,0)", "DECIMAL(5,0)", "-7"],
  ])("%s keeps its precision", async (sql, type, value) => {
    expect(await throughParquet(`select ${sql} as v`)).toEqual({ types: [type], rows: [[value]] });
  });

  test("a number that no decimal can hold is an error that names it", async () => {
    await expect(throughParquet("select repeat('9', 60)::numeric as v")).rejects.toThrow(/numbers of 62 digits/);
  });

  test("a column is measured over all rows, so none is rounded", async () => {
    expect((await throughParquet("select v::numeric from unnest(array[1, 2.5, 3.12345]) v")).rows).toEqual([
      ["1.00000"],
      ["2.50000"],
      ["3.12345"],
    ]);
  });
});
