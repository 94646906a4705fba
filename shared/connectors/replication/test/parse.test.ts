import { describe, expect, test } from "vitest";
import { evaluate } from "../src/language/expression.ts";
import { parseReplication } from "../src/language/parse.ts";
import { selectColumns } from "../src/language/select.ts";
import { expandEnv, expandVariables } from "../src/language/variables.ts";
import { streamSpec } from "../src/translate.ts";
import { columnName } from "../src/types/column-name.ts";
import { parseType } from "../src/types/column-type.ts";

const head = "source: LOCAL\ntarget: LOCAL_POSTGRES\n";
const parse = (rest: string) => parseReplication(head + rest, "r.yaml");

describe("a replication file", () => {
  test("takes defaults, own settings over them, null streams and disabled ones", () => {
    const { streams } = parse(`defaults:
  mode: incremental
  object: public.{stream_file_name}
  primary_key: id
  source_options: { header: true, delimiter: ";" }
streams:
  file:///data/a.csv:
  file:///data/b.csv: { mode: full-refresh, source_options: { delimiter: "," } }
  file:///data/c.csv: { disabled: true }
`);
    expect(streams.map(({ name, at }) => [name, at])).toEqual([
      ["file:///data/a.csv", "r.yaml:9:3"],
      ["file:///data/b.csv", "r.yaml:10:3"],
    ]);
    expect(streams[0]!.settings).toMatchObject({ mode: "incremental", primary_key: ["id"] });
    expect(streams[1]!.settings).toEqual({
      mode: "full-refresh",
      object: "public.{stream_file_name}",
      source_options: { header: true, delimiter: "," },
    });
  });

  test.each([
    ["streams:\n  a.csv: { object: t, mode: ful-refresh }\n", "r.yaml:4:23", /mode/],
    ["streams:\n  a.csv:\n    object: t\n    modee: x\n", "r.yaml:6:5", /unknown key "modee" in streams\.a\.csv/],
    [
      "streams:\n  a.csv:\n    object: t\n    change_capture_options: {}\n",
      "r.yaml:6:5",
      /"change_capture_options" is not supported: .*incremental/,
    ],
    ["streams:\n  a.csv:\n    object: t\n    source_options:\n      jmespath: x\n", "r.yaml:7:7", /"jmespath" is not supported/],
    ["streams:\n  a.csv:\n    object: t\n    target_options: { table_ddl: x }\n", "r.yaml:6:23", /"table_ddl" is not supported/],
    ["streams:\n  a.csv: { object: t, mode: change-capture }\n", "r.yaml:4:23", /mode "change-capture" is not supported/],
    [
      "streams:\n  a.csv:\n    object: t\n    hooks:\n      pre:\n        - type: command\n",
      "r.yaml:8:11",
      /hook type "command" is not supported/,
    ],
    ["streams:\n  a.csv: {}\n", "r.yaml:4:3", /has no object/],
    ['streams:\n  "*": { object: t }\n', "r.yaml:4:3", /names nothing/],
    ["streams:\n  a.csv: { object: t, mode: incremental }\n", "r.yaml:4:23", /incremental without a key/],
    ["streams:\n  a.csv: { object: t, mode: backfill, primary_key: id }\n", "r.yaml:4:23", /backfill: it needs/],
    [
      "streams:\n  a.csv: { object: t, mode: incremental, primary_key: id, update_key: u, target_options: { delete_missing: hard } }\n",
      "r.yaml:4:59",
      /delete_missing needs/,
    ],
    ["streams:\n  a: { object: t }\n  a: { object: t }\n", "r.yaml:5:3", /unique/],
    ["streams: [\n", "r.yaml:4:1", /./],
    ["nothing: 1\nstreams: {}\n", "r.yaml:3:1", /unknown key "nothing"/],
  ])("%j is refused with its place", (rest, where, message) => {
    let error: unknown;
    try {
      parse(rest);
    } catch (e) {
      error = e;
    }
    expect(error).toMatchObject({ name: "UserError", message: expect.stringMatching(message) });
    expect((error as { where: string }).where).toContain(where.split(":")[0]!);
    expect((error as { where: string }).where.split(":")[1]).toBe(where.split(":")[1]);
  });

  test("meta passes, and meta.kc makes the asset", () => {
    const [stream] = parse(`streams:
  file://\${CSV_DATA_PATH}/raw_fact_virtual.csv:
    object: public.fact_virtual
    description: items
    tags: [raw]
    meta: { anything: { goes: 1 }, kc: { key: csv_fact_virtual, deps: [a/b], group: ingestion, owners: "team:data", automation: eager, freshness: { fail: 1h } } }
`).streams;
    expect(streamSpec(stream!, ["file", "postgres"])).toMatchObject({
      key: "csv_fact_virtual",
      deps: [{ key: "a/b" }],
      group: "ingestion",
      owners: ["team:data"],
      kinds: ["sling", "postgres"],
      description: "items",
      tags: { raw: "" },
      automation: { label: "eager" },
      freshness: { maxAge: { fail: "1h" } },
    });
  });

  test.each([
    ["x.csv: { object: public.Orders_2024 }", "Orders_2024"],
    ["/data/my file.csv: { object: 'public.{stream_file_name}' }", "my_file"],
    ["public.orders: { object: 'lake.{stream_table}_copy' }", "orders_copy"],
    ["x.csv: { object: t, meta: { dagster: { asset_key: [target, t] } } }", "target/t"],
  ])("%s is asset %s", (stream, key) => {
    expect(streamSpec(parse(`streams:\n  ${stream}\n`).streams[0]!, []).key).toBe(key);
  });
});

describe("variables", () => {
  test("unset and empty ones are all named at once", () => {
    expect(expandEnv("${A}/${B}", { A: "/x", B: "y" }, "w")).toBe("/x/y");
    expect(() => expandEnv("${A}/${B}/${C}", { A: "", C: "c" }, "w")).toThrow(/^A, B are not set or empty/);
  });

  test("unknown run variables are an error, in SQL they stay", () => {
    expect(expandVariables("{a}_{b.c}", { a: 1, b: { c: "x" } }, "w")).toBe("1_x");
    expect(() => expandVariables("{nope}", { a: 1 }, "w")).toThrow("{nope} is not known");
    expect(expandVariables("select '{nope}'", { a: 1 }, "w", "keep")).toBe("select '{nope}'");
  });
});

describe("select", () => {
  const columns = ["id", "name", "cost_a", "cost_b"];
  test.each([
    [["id", "name as n"], "id=id name=n"],
    [["-name"], "id=id cost_a=cost_a cost_b=cost_b"],
    [["cost_*", "-cost_b"], "cost_a=cost_a"],
    [["*", "-cost_?"], "id=id name=name"],
  ])("%j", (list, expected) => {
    expect(
      selectColumns(list, columns, "w")
        .map(({ from, as }) => `${from}=${as}`)
        .join(" "),
    ).toBe(expected);
  });
  test("unknown columns are named", () => {
    expect(() => selectColumns(["nope"], columns, "w")).toThrow('"nope", which is no column');
  });
});

describe("check expressions", () => {
  const values = { run: { total_rows: 5, status: "success" }, store: { x: [1] } };
  test.each([
    ["run.total_rows > 0 and run.status == 'success'", true],
    ['run.total_rows >= 6 || !(run.status != "success")', true],
    ["run.total_rows * 2 - 1 == 9", true],
    ["not run.total_rows < 10", true],
    ["run.total_rows / 5 + 1 == 2 && false", false],
  ])("%s", (text, expected) => {
    expect(Boolean(evaluate(text, values, "w"))).toBe(expected);
  });
  test.each(["", "run.nope > 1", "1 +", "(1", "process.exit(1)", "a = 1", "1 2"])("%j is refused", (text) => {
    expect(() => evaluate(text, values, "w")).toThrow(/the expression/);
  });
});

test.each([
  ["Name", "normalize", "Name"],
  ["ORDER ID", "normalize", "order_id"],
  ["OrderID", "snake", "order_id"],
  ["order_id", "camel", "orderId"],
  ["a b", "source", "a b"],
] as const)("column %s in casing %s is %s", (name, casing, expected) => {
  expect(columnName(name, casing)).toBe(expected);
});

test("types are read with their arguments, unknown ones and constraints refused", () => {
  expect(parseType("decimal(10,2)")).toEqual({ kind: "decimal", precision: 10, scale: 2 });
  expect(parseType("string(50)")).toEqual({ kind: "text" });
  expect(() => parseType("bigint | check(x)")).toThrow(/not known/);
  expect(() => parseType("decimal(50,2)")).toThrow(/precision/);
});
