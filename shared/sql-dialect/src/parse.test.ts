import { describe, expect, test } from "vitest";
import { parseStatement, splitStatements } from "./index.ts";

const kind = (sql: string) => {
  const { query: _, ...statement } = parseStatement(sql) as unknown as Record<string, unknown>;
  return statement;
};

describe("statements are taken apart", () => {
  const cases: [string, Record<string, unknown>][] = [
    [
      "create or replace table `c`.`s`.`t` using delta partitioned by (day) tblproperties ('a' = 'b', delta.appendOnly = true) comment 'it''s' as (select 1)",
      {
        kind: "createTable",
        name: ["c", "s", "t"],
        replace: true,
        partitionBy: ["day"],
        properties: { a: "b", "delta.appendOnly": "true" },
        comment: "it's",
      },
    ],
    [
      "CREATE TABLE IF NOT EXISTS t (id BIGINT NOT NULL COMMENT 'key', tags MAP<STRING, ARRAY<INT>>, d DECIMAL) USING DELTA",
      {
        kind: "createTable",
        ifNotExists: true,
        columns: [
          { name: "id", type: "BIGINT", nullable: false, comment: "key" },
          { name: "tags", type: "MAP(VARCHAR, INTEGER[])", nullable: true, comment: undefined },
          { name: "d", type: "DECIMAL(10,0)", nullable: true, comment: undefined },
        ],
      },
    ],
    [
      "CREATE VIEW v (a COMMENT 'x', b) AS SELECT s.t.x, \"two . 'x' \\\\d\" -- note",
      {
        kind: "createView",
        columns: [
          { name: "a", comment: "x" },
          { name: "b", comment: undefined },
        ],
        text: "SELECT s.t.x , 'two . \\'x\\' \\\\d'",
      },
    ],
    ["INSERT OVERWRITE TABLE s.t (a, b) SELECT 1, 2", { kind: "insert", overwrite: true, columns: ["a", "b"] }],
    ["INSERT INTO t BY NAME SELECT 1 AS a", { kind: "insert", overwrite: false, byName: true, columns: undefined }],
    ["INSERT INTO t (SELECT 1)", { kind: "insert", columns: undefined }],
    ["DELETE FROM t AS x WHERE x.a = 1", { kind: "delete", name: ["t"], alias: "x" }],
    ["TRUNCATE TABLE t", { kind: "truncate", name: ["t"] }],
    [
      "ALTER TABLE t ADD COLUMN (x INT, y STRING COMMENT 'c')",
      { kind: "alter", alteration: { kind: "addColumns", columns: [expect.anything(), expect.anything()] } },
    ],
    ["ALTER TABLE t RENAME TO s.u", { kind: "alter", alteration: { kind: "rename", to: ["s", "u"] } }],
    ["ALTER TABLE t SET TBLPROPERTIES (a = 1)", { alteration: { kind: "setProperties", properties: { a: "1" } } }],
    [
      "COPY INTO t FROM '/Volumes/a/b/c' FILEFORMAT = PARQUET FILES = ('x', 'y') FORMAT_OPTIONS ('mergeSchema' = 'true') COPY_OPTIONS ('force' = 'true')",
      {
        kind: "copyInto",
        from: "/Volumes/a/b/c",
        format: "parquet",
        files: ["x", "y"],
        formatOptions: { mergeSchema: "true" },
        copyOptions: { force: "true" },
      },
    ],
    [
      "CREATE SCHEMA IF NOT EXISTS c.s COMMENT 'x'",
      { kind: "create", what: "schema", name: ["c", "s"], ifNotExists: true, comment: "x" },
    ],
    ["CREATE VOLUME c.s.v", { kind: "create", what: "volume", ifNotExists: false }],
    ["DROP SCHEMA IF EXISTS s CASCADE", { kind: "drop", what: "schema", ifExists: true, cascade: true }],
    ["USE CATALOG c", { kind: "use", what: "catalog", name: ["c"] }],
    ["USE c.s", { kind: "use", what: "schema", name: ["c", "s"] }],
    ["SHOW TABLES IN c.s LIKE 'a*'", { kind: "show", what: "tables", in: ["c", "s"], like: "a*" }],
    ["DESCRIBE HISTORY t", { kind: "describe", what: "history" }],
    ["DESC TABLE EXTENDED t", { kind: "describe", what: "table", extended: true }],
    ["COMMENT ON TABLE s.t IS 'x'", { kind: "comment", what: "table", name: ["s", "t"], comment: "x" }],
    ["COMMENT ON COLUMN t.a IS NULL", { kind: "comment", what: "column", name: ["t", "a"], comment: null }],
  ];
  test.each(cases)("%s", (sql, expected) => {
    expect(kind(sql)).toMatchObject(expected);
  });

  test("MERGE with every kind of clause", () => {
    const merge = kind(`MERGE INTO c.s.t USING (SELECT 1 AS id) AS s ON t.id = s.id
      WHEN MATCHED AND s.gone THEN DELETE WHEN MATCHED THEN UPDATE SET *
      WHEN NOT MATCHED AND s.id > 0 THEN INSERT (t.id, n) VALUES (s.id, f(1, 2)) WHEN NOT MATCHED BY TARGET THEN INSERT *
      WHEN NOT MATCHED BY SOURCE AND t.id = 1 THEN UPDATE SET t.n = t.n + 1, m = 2`);
    expect(merge).toMatchObject({
      targetAlias: "t",
      sourceAlias: "s",
      matched: [{ action: { kind: "delete" } }, { when: undefined, action: { kind: "updateAll" } }],
      notMatched: [{ insert: { columns: ["id", "n"] } }, { insert: "all" }],
      notMatchedBySource: [{ action: { kind: "update", set: [{ column: "n" }, { column: "m" }] } }],
    });
  });
});

describe("refuses by name", () => {
  const cases: [string, string][] = [
    ["OPTIMIZE t", "the statement OPTIMIZE"],
    ["VACUUM t", "the statement VACUUM"],
    ["GRANT SELECT ON t TO u", "the statement GRANT"],
    ["ATTACH 'x.db'", "the statement ATTACH"],
    ["PRAGMA version", "the statement PRAGMA"],
    ["CREATE TABLE t (id INT) USING PARQUET", "USING PARQUET"],
    ["CREATE TABLE t (id INT) LOCATION 's3://x'", "LOCATION"],
    ["CREATE TABLE t (id INT GENERATED ALWAYS AS IDENTITY)", "GENERATED"],
    ["CREATE TABLE t (id INT) CLUSTER BY (id)", "CLUSTER"],
    ["CREATE TABLE t (id GEOGRAPHY)", "the type GEOGRAPHY"],
    ["CREATE MATERIALIZED VIEW v AS SELECT 1", "MATERIALIZED"],
    ["CREATE FUNCTION f() RETURN 1", "FUNCTION"],
    ["ALTER TABLE t DROP COLUMN a", "DROP"],
    ["SHOW GRANTS ON t", "SHOW 'GRANTS'"],
    ["COPY INTO t FROM '/Volumes/a/b/c' FILEFORMAT = CSV VALIDATE ALL", "VALIDATE"],
  ];
  test.each(cases)("%s", (sql, what) => {
    expect(() => parseStatement(sql)).toThrow(
      expect.objectContaining({ sqlState: "0A000", message: expect.stringContaining(what) }),
    );
  });
  test.each([
    "",
    ";",
    "SELECT 1; SELECT 2",
    "'x'",
    "DELETE t",
    "UPDATE t SET",
    "MERGE INTO t USING s ON a",
    "DROP TABLE a.b.c.d",
    "CREATE TABLE t",
  ])("%j is a syntax error", (sql) => {
    expect(() => parseStatement(sql)).toThrow(expect.objectContaining({ sqlState: "42601" }));
  });
});

test("a script is split at semicolons outside literals, names and comments", () => {
  expect(splitStatements("SELECT ';' AS `a;b` -- x;y\n; /* ; /* nested ; */ */ SELECT 2;;")).toEqual([
    "SELECT ';' AS `a;b`",
    "SELECT 2",
  ]);
});
