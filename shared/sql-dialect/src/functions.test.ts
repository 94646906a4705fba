import { DuckDBInstance } from "@duckdb/node-api";
import { expect, test } from "vitest";
import { functions, operators } from "./functions.ts";
import { macroStatements } from "./macros.ts";

test("every function on the allow-list leads to one that DuckDB or a macro has", async () => {
  const instance = await DuckDBInstance.create(":memory:");
  const db = await instance.connect();
  for (const statement of macroStatements) await db.run(statement);
  const rows = (await db.runAndReadAll("SELECT DISTINCT function_name FROM duckdb_functions()")).getRows();
  const known = new Set(rows.map(([name]) => String(name)));
  // Grammar of DuckDB rather than functions.
  for (const name of ["if", "current_date", "grouping", "unnest", "row", "nullif", "ifnull", ...operators]) known.add(name);
  for (const name of [
    "row_number",
    "rank",
    "dense_rank",
    "percent_rank",
    "cume_dist",
    "ntile",
    "lag",
    "lead",
    "first_value",
    "last_value",
    "nth_value",
  ])
    known.add(name);
  const missing = Object.entries(functions).flatMap(([name, mapping]) => {
    const target = mapping === true ? name : mapping;
    return typeof target === "string" && !known.has(target) ? [`${name} -> ${target}`] : [];
  });
  db.closeSync();
  instance.closeSync();
  expect(missing).toEqual([]);
});
