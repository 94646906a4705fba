import {
  type AssetCheckDefinition,
  columnRangeCheck,
  freshnessCheck,
  notNullCheck,
  rowCountCheck,
  schemaCheck,
  uniqueCheck,
} from "@kc/runtime";
import { type Standin, startStandin } from "@kc/tooling/standin";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type Postgres, postgres, postgresClient } from "../src/index.ts";

// The ready-made checks over a real database: the resource of this package is what they read through.

let server: Standin;
let db: Postgres;
beforeAll(async () => {
  server = await startStandin("postgres");
  const { LOCAL_POSTGRES_HOST: host = "", LOCAL_POSTGRES_PORT: port, LOCAL_POSTGRES_USER: user = "" } = server.variables;
  const password = server.variables.LOCAL_POSTGRES_PASSWORD ?? "";
  db = postgresClient({ host, port: Number(port), user, password, database: "postgres", maxConnections: 3 });
  await db.query('create schema shop; create table shop."Orders" (id int8, email text, price numeric(9,2), at timestamptz)');
  await db.query(
    `insert into shop."Orders" values (1, 'a@x', 5, '2026-01-10 10:00Z'), (2, null, 7.5, '2026-01-10 11:30Z'), (2, 'b@x', -1, null)`,
  );
});
afterAll(async () => {
  await db?.close();
  await server?.stop();
});

const table = { asset: "orders", source: postgres, table: "shop.Orders" };
const look = (check: AssetCheckDefinition) =>
  check.run({
    resources: { source: db },
    signal: new AbortController().signal,
    now: Date.parse("2026-01-10T12:00:00Z"),
    materialization: { key: "orders", runId: undefined, timestamp: undefined, metadata: {} },
    history: [],
  } as never);

test.each([
  [notNullCheck({ ...table, column: "id" }), true, undefined],
  [notNullCheck({ ...table, column: ["id", "email"] }), false, "1 of 3 rows have no email"],
  [notNullCheck({ ...table, column: "email", where: "price > 0 and id = 1" }), true, undefined],
  [uniqueCheck({ ...table, column: "id" }), false, "1 values of id stand in more than one row"],
  [uniqueCheck({ ...table, column: ["id", "email"] }), true, undefined],
  [columnRangeCheck({ ...table, column: "price", min: 0 }), false, "1 rows have a price that is not at least 0"],
  [columnRangeCheck({ ...table, column: "price", min: -1, max: 7.5 }), true, undefined],
  [rowCountCheck({ ...table, min: 3, max: 3 }), true, undefined],
  [rowCountCheck({ ...table, min: 4 }), false, "it has 3 rows, not at least 4"],
  [freshnessCheck({ ...table, column: "at", maxAge: "30m" }), true, undefined],
  [freshnessCheck({ ...table, column: "at", maxAge: "29m" }), false, "it is 30m old, over 29m"],
  [freshnessCheck({ ...table, column: "at", maxAge: "1h", where: "id = 9" }), false, "no row has a at"],
  [schemaCheck({ ...table, columns: { id: "bigint", price: "numeric", email: null } }), true, undefined],
  [
    schemaCheck({ ...table, columns: { id: "integer", gone: null }, others: false }),
    false,
    "column id is bigint, not integer; column gone is missing; column email is not expected; column price is not expected; column at is not expected",
  ],
] as const)("%#: passed %s", async (check, passed, description) => {
  expect(await look(check)).toMatchObject({ passed, ...(description ? { description } : {}) });
});

test("a table that is not there is an error, no failed check", async () => {
  await expect(look(rowCountCheck({ ...table, table: "shop.gone", min: 1 }))).rejects.toThrow(/shop.gone/);
});
