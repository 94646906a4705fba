import { type AssetCheckDefinition, columnRangeCheck, notNullCheck, rowCountCheck, schemaCheck, uniqueCheck } from "@kc/runtime";
import { type Standin, startStandin } from "@kc/tooling/standin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type DatabricksClient, databricksClient } from "../src/client.ts";
import { databricks, databricksSql } from "../src/index.ts";

// The ready-made checks over a warehouse: the resources of this package are what they read through.

let standin: Standin;
let client: DatabricksClient;
beforeAll(async () => {
  standin = await startStandin("databricks");
  const {
    DATABRICKS_HOST: host = "",
    DATABRICKS_TOKEN: token = "",
    DATABRICKS_WAREHOUSE_ID: warehouseId = "",
  } = standin.variables;
  client = databricksClient({ host, token, warehouseId, catalog: "test", schema: "main" });
  await client.unityCatalog.ensureCatalog("test");
  await client.unityCatalog.ensureSchema("test", "main");
  await client.statements.execute("create table orders (id bigint, email string, price double)");
  await client.statements.execute("insert into orders values (1, 'a@x', 5.0), (2, null, 7.5), (2, 'b@x', -1.0)");
});
afterAll(async () => {
  await client?.close();
  await standin?.stop();
});

const table = { asset: "orders", source: databricks, table: "test.main.orders" };
const look = (check: AssetCheckDefinition, source: unknown) =>
  check.run({ resources: { source }, signal: new AbortController().signal, now: 0, history: [] } as never);

test.each([
  [notNullCheck({ ...table, column: ["id", "email"] }), false, "1 of 3 rows have no email"],
  [uniqueCheck({ ...table, column: "id" }), false, "1 values of id stand in more than one row"],
  [uniqueCheck({ ...table, column: ["id", "email"] }), true, undefined],
  [columnRangeCheck({ ...table, column: "price", min: 0 }), false, "1 rows have a price that is not at least 0"],
  [rowCountCheck({ ...table, source: databricksSql, min: 3, max: 3 }), true, undefined],
  [schemaCheck({ ...table, columns: { id: "bigint", email: "string", price: null }, others: false }), true, undefined],
  [schemaCheck({ ...table, columns: { id: "int" } }), false, "column id is bigint, not int"],
] as const)("%#: passed %s", async (check, passed, description) => {
  expect(await look(check, client)).toMatchObject({ passed, ...(description ? { description } : {}) });
  expect(await look(check, client.statements)).toMatchObject({ passed });
});
