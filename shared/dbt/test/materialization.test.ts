import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { duckdbExecutor } from "./duckdb-executor.ts";
import { dbt, projectFolder } from "./project-folder.ts";

let db: Awaited<ReturnType<typeof duckdbExecutor>>;
beforeEach(async () => {
  db = await duckdbExecutor();
  await db.execute("create table test.main.events as select * from (values (1, 'a'), (2, 'b')) t(id, v)");
});
afterEach(() => db.close());

const rows = async (sql: string) => (await db.execute(sql)).rows;
const ok = async (command: string, path: string) => {
  const out = await dbt(command, path, db);
  expect(
    out.error?.toString() ??
      out.runResults?.results.filter((result) => result.status === "error").map((result) => result.message),
  ).toEqual([]);
  return out;
};
const source = { "models/s.yml": "sources: [{name: raw, database: test, schema: main, tables: [{name: events}]}]\n" };
const incremental = (config: string, where = "") => ({
  ...source,
  "models/inc.sql": `{{ config(materialized='incremental'${config}) }} select id, v from {{ source('raw', 'events') }} ${where}`,
});

describe("incremental models", () => {
  test("append adds what is new since the last run; --full-refresh starts over", async () => {
    using project = projectFolder(
      incremental("", "{% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}"),
    );
    await ok("run", project.path);
    await db.execute("insert into test.main.events values (3, 'c')");
    await ok("run", project.path);
    expect(await rows("select id from test.main.inc order by id")).toEqual([["1"], ["2"], ["3"]]);
    await db.execute("delete from test.main.events where id = 1");
    await ok("run --full-refresh", project.path);
    expect(await rows("select count(*) from test.main.inc")).toEqual([["2"]]);
  });

  test.each(["merge", "delete+insert"])("%s replaces rows of the same key and keeps the others", async (strategy) => {
    using project = projectFolder(
      incremental(`, unique_key='id', incremental_strategy='${strategy}'`, "{% if is_incremental() %} where id >= 2 {% endif %}"),
    );
    await ok("run", project.path);
    await db.execute("update test.main.events set v = 'B' where id = 2; insert into test.main.events values (3, 'c')");
    await ok("run", project.path);
    expect(await rows("select id, v from test.main.inc order by id")).toEqual([
      ["1", "a"],
      ["2", "B"],
      ["3", "c"],
    ]);
    expect(await rows("select count(*) from information_schema.tables where table_name like '%dbt_tmp'")).toEqual([["0"]]);
  });

  test("a new column is ignored, added or refused, as on_schema_change says", async () => {
    const write = (project: { write(file: string, text: string): void }, policy: string) =>
      project.write(
        "models/inc.sql",
        `{{ config(materialized='incremental', on_schema_change='${policy}') }} select id, v, 9 as extra from {{ source('raw', 'events') }}`,
      );
    using project = projectFolder(incremental(""));
    await ok("run", project.path);
    write(project, "ignore");
    await ok("run", project.path);
    expect((await db.execute("select * from test.main.inc limit 0")).columns.map((column) => column.name)).toEqual(["id", "v"]);
    write(project, "fail");
    const refused = await dbt("run", project.path, db);
    expect(refused.runResults!.results[0]!.message).toContain("on_schema_change is fail: new column extra");
    write(project, "append_new_columns");
    await ok("run", project.path);
    expect(await rows("select count(*), count(extra) from test.main.inc")).toEqual([["6", "2"]]);
  });

  test("merge without a unique_key is refused with the remedy", async () => {
    using project = projectFolder(incremental(", incremental_strategy='merge'"));
    expect((await dbt("run", project.path, db)).error?.toString()).toContain("needs a unique_key");
  });
});

test("a model may change from view to table and back", async () => {
  const model = (kind: string) => `{{ config(materialized='${kind}') }} select 1 as id`;
  using project = projectFolder({ "models/m.sql": model("view") });
  for (const kind of ["table", "view", "table"]) {
    await ok("run", project.path);
    project.write("models/m.sql", model(kind));
  }
  await ok("run", project.path);
  expect(await rows("select table_type from information_schema.tables where table_name = 'm'")).toEqual([["BASE TABLE"]]);
});

test("hooks run around their model, with the model's relation", async () => {
  using project = projectFolder({
    "models/m.sql":
      "{{ config(materialized='table', post_hook='insert into {{ this }} values (2)', pre_hook=['create or replace table test.main.before as select 1 as x']) }} select 1 as id",
  });
  await ok("run", project.path);
  expect(await rows("select id from test.main.m order by id")).toEqual([["1"], ["2"]]);
  expect(await rows("select x from test.main.before")).toEqual([["1"]]);
});

describe("seeds", () => {
  test("types come from the values; quotes, empty cells and line breaks survive", async () => {
    using project = projectFolder({
      "seeds/s.csv":
        '\uFEFFid,price,day,name,flag,empty\r\n1,1.5,2026-01-01,"O\'Neil, ""x""\nnext",true,\r\n2,2,2026-01-02,,false,\r\n',
    });
    const out = await ok("seed", project.path);
    expect(out.lines.some((line) => / OK loaded seed file main\.s \.+ \[INSERT 2 in /.test(line))).toBe(true);
    const { columns, rows: found } = await db.execute("select * from test.main.s order by id");
    expect(columns.map((column) => column.type)).toEqual(["bigint", "double", "date", "varchar", "boolean", "varchar"]);
    expect(found).toEqual([
      ["1", "1.5", "2026-01-01", 'O\'Neil, "x"\nnext', "true", null],
      ["2", "2", "2026-01-02", null, "false", null],
    ]);
  });

  test("a leading zero keeps a number a text, and column_types decide over the values", async () => {
    using project = projectFolder({
      "seeds/s.csv": "zip,n\n01234,1\n",
      "dbt_project.yml": "name: shop\nseeds: {shop: {s: {+column_types: {n: string}}}}\n",
    });
    await ok("seed", project.path);
    expect(await rows("select typeof(zip), zip, typeof(n) from test.main.s")).toEqual([["VARCHAR", "01234", "VARCHAR"]]);
  });

  test.each([
    ["a,b\n1\n", "seeds/s.csv:2: the row has 1 values, the header 2 names"],
    ['a\n"x\n', "seeds/s.csv:2: a quoted value is not closed"],
    ["a,A\n1,2\n", 'seeds/s.csv:1: the column "A" stands twice'],
    ["", "seeds/s.csv:1: the seed has no header"],
  ])("a broken file is told with its line: %j", async (text, message) => {
    using project = projectFolder({ "seeds/s.csv": text });
    expect((await dbt("seed", project.path, db)).runResults!.results[0]!.message).toContain(message);
  });
});

describe("data tests", () => {
  const tested = (test: string, more: Record<string, string> = {}) => ({
    "models/m.sql": "select * from (values (1, 'x', 1), (1, 'y', 7), (null, null, null)) t(id, kind, parent)",
    "models/p.sql": "select 1 as id",
    "models/s.yml": `models: [{name: m, columns: [{name: id, data_tests: [${test}]}, {name: kind}, {name: parent}]}]\n`,
    ...more,
  });
  const outcome = async (files: Record<string, string>, command = "build --select m p") => {
    using project = projectFolder(files);
    const out = await dbt(command, project.path, db);
    expect(out.error?.toString()).toBeUndefined();
    const { status, failures, message } = out.runResults!.results.find((result) => result.unique_id.startsWith("test."))!;
    return [status, failures, message, out.exitCode];
  };

  test.each([
    ["unique", ["fail", 1, "Got 1 result, configured to fail if != 0", 1]],
    ["not_null", ["fail", 1, "Got 1 result, configured to fail if != 0", 1]],
    ["not_null: {severity: warn}", ["warn", 1, "Got 1 result, configured to warn if != 0", 0]],
    ["not_null: {config: {error_if: '> 5', warn_if: '> 0'}}", ["warn", 1, "Got 1 result, configured to warn if > 0", 0]],
    ["not_null: {config: {where: 'kind is not null'}}", ["pass", 0, null, 0]],
    ["unique: {config: {limit: 1}}", ["fail", 1, "Got 1 result, configured to fail if != 0", 1]],
    ["accepted_values: {arguments: {values: [1], quote: false}}", ["pass", 0, null, 0]],
    ["relationships: {to: ref('p'), field: id}", ["pass", 0, null, 0]],
  ])("%s", async (text, expected) => {
    expect(await outcome(tested(`{${text.includes(":") ? text : `${text}: {}`}}`))).toEqual(expected);
  });

  test("a generic test of the project's own, and a singular one", async () => {
    const own = {
      "tests/generic/above.sql":
        "{% test above(model, column_name, least) %}select * from {{ model }} where {{ column_name }} <= {{ least }}{% endtest %}",
    };
    expect((await outcome(tested("{above: {least: 0}}", own))).slice(0, 2)).toEqual(["pass", 0]);
    expect((await outcome(tested("", { "tests/one.sql": "select * from {{ ref('m') }} where id = 1" }))).slice(0, 2)).toEqual([
      "fail",
      2,
    ]);
  });

  test.each([
    ["{unknown_one: {}}", 'there is no generic test "unknown_one"'],
    ["uniqe", 'Did you mean "unique"'],
    ["dbt_utils.expression_is_true: {}", "comes from a package"],
    ["unique: {severity: maybe}", "severity must be error or warn"],
    ["unique: {config: {error_if: '1; drop'}}", "error_if must compare with a number"],
    ["unique: {config: {store_failures: true}}", "the config store_failures is outside"],
  ])("%s is refused with the line of the file", async (text, message) => {
    using project = projectFolder(tested(text.includes(": ") && !text.startsWith("{") ? `{${text}}` : text));
    const found = (await dbt("parse", project.path)).error!.toString();
    expect(found).toContain(message);
    expect(found).toMatch(/^models\/s\.yml:1: /);
  });
});
