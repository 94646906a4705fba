import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { databricksClient } from "@kc/connector-databricks/client";
import { invokeDbt, type SqlExecutor } from "@kc/dbt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { start } from "./spawned.ts";

/** Everything the runner can write, understood by the local Databricks: materializations, seeds, tests and dbt's own macros. */
const files = {
  "dbt_project.yml": "name: shop\n",
  "seeds/s.csv":
    'id,price,day,name,flag,ts\n1,1.5,2026-01-01,"O\'Neil \\ ""x""\nnext",true,2026-01-01T00:00:00Z\n2,2,2026-01-02,,false,2026-01-01 00:00:00\n',
  "models/append.sql":
    "{{ config(materialized='incremental') }} select id, name from {{ ref('s') }} {% if is_incremental() %} where id > (select max(id) from {{ this }}) {% endif %}",
  "models/merged.sql": "{{ config(materialized='incremental', unique_key=['id']) }} select id, name from {{ ref('s') }}",
  "models/replaced.sql":
    "{{ config(materialized='incremental', unique_key='id', incremental_strategy='delete+insert') }} select id, name from {{ ref('s') }}",
  "models/widened.sql":
    "{{ config(materialized='incremental', on_schema_change='append_new_columns') }} select id {% if is_incremental() %}, cast(1 as bigint) as extra {% endif %} from {{ ref('s') }}",
  "models/inner.sql": "{{ config(materialized='ephemeral') }} select * from {{ ref('s') }}",
  "models/macros.sql": [
    "{{ config(materialized=var('kind', 'view')) }}",
    "select {{ dbt.date_trunc('month', 'day') }} as month, {{ dbt.dateadd('day', 1, 'day') }} as next, {{ dbt.datediff('day', 'day', 'day') }} as days, {{ dbt.hash('name') }} as hash,",
    "{{ dbt.safe_cast('name', dbt.type_int()) }} as number, {{ dbt.concat(['name', \"'x'\"]) }} as text, {{ dbt.last_day('day', 'month') }} as last from {{ ref('inner') }}",
  ].join("\n"),
  "models/s.yml": [
    "models:",
    "  - name: merged",
    "    columns:",
    "      - name: id",
    "        data_tests: [unique, {not_null: {config: {where: \"name <> 'x'\", limit: 5}}}, {accepted_values: {values: [1, 2], quote: false}}, {relationships: {to: ref('s'), field: id}}]",
  ].join("\n"),
};

let folder: string;
let server: Awaited<ReturnType<typeof start>>;
let executor: SqlExecutor;
let close: () => Promise<void>;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "kc-dbt-cloud-"));
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, "project", file)), { recursive: true });
    writeFileSync(join(folder, "project", file), text);
  }
  server = await start("shared/standins/databricks/src/main.ts", join(folder, "databricks"));
  const { DATABRICKS_HOST: host, DATABRICKS_TOKEN: token, DATABRICKS_WAREHOUSE_ID: warehouseId } = server.variables;
  const client = databricksClient({ host: host!, token: token!, warehouseId: warehouseId!, catalog: "test", schema: "main" });
  executor = {
    async execute(sql, options) {
      const { statementId, columns, rows } = await client.statements.execute(sql, options);
      return { columns: columns.map(({ name, typeText }) => ({ name, type: typeText })), rows, queryId: statementId };
    },
  };
  close = () => client.close();
});
afterAll(async () => {
  await close?.();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

const dbt = async (command: string) => {
  const out = await invokeDbt(command, {
    projectDir: join(folder, "project"),
    target: { name: "x", database: "test", schema: "dev", threads: 2 },
    executor,
    env: {},
  });
  const bad = out.runResults?.results
    .filter((result) => !["success", "pass"].includes(result.status))
    .map((result) => `${result.unique_id}: ${result.message}`);
  return { ...out, bad: out.error ? [out.error.toString()] : bad };
};
const rows = async (sql: string) => (await executor.execute(sql)).rows;

test("the first build, the second and a full refresh succeed, and rows are counted", async () => {
  expect((await dbt("build")).bad).toEqual([]);
  const second = await dbt("build");
  expect(second.bad).toEqual([]);
  const affected = Object.fromEntries(
    second.runResults!.results.map((result) => [result.unique_id, result.adapter_response.rows_affected]),
  );
  expect(affected).toMatchObject({ "model.shop.append": 0, "model.shop.merged": 2, "model.shop.replaced": 2, "seed.shop.s": 2 });
  expect(await rows("select count(*), count(extra) from test.dev.widened")).toEqual([["4", "2"]]);
  expect(await rows("select * from test.dev.merged order by id")).toEqual([
    ["1", 'O\'Neil \\ "x"\nnext'],
    ["2", null],
  ]);
  expect((await dbt("build --full-refresh")).bad).toEqual([]);
  expect(await rows("select count(*) from test.dev.widened")).toEqual([["2"]]);
});

test("a view becomes a table and a view again, and the catalog knows every relation", async () => {
  expect((await dbt("run --select macros --vars '{kind: table}'")).bad).toEqual([]);
  expect((await dbt("run --select macros")).bad).toEqual([]);
  const { catalog } = await dbt("docs generate");
  expect(catalog!.errors).toBeNull();
  expect(Object.keys(catalog!.nodes["model.shop.macros"]!.columns)).toEqual([
    "month",
    "next",
    "days",
    "hash",
    "number",
    "text",
    "last",
  ]);
});
