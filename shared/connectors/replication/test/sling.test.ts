import { mkdir, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { type AssetsDefinition, type MaterializeResult, type MultiAssetContext, valueResource } from "@kc/runtime";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { slingComponent, slingReplication } from "../src/index.ts";
import { collecting, type TestDatabase, testDatabase } from "./database.ts";
import { type TestWorkspace, testWorkspace } from "./workspace.ts";

let t: TestDatabase;
let w: TestWorkspace;
beforeAll(async () => {
  [t, w] = await Promise.all([testDatabase(), testWorkspace()]);
  await mkdir(join(t.folder, "data"));
});
afterAll(async () => {
  await w?.stop();
  await t?.stop();
});

let number = 0;
async function replication(yaml: string): Promise<AssetsDefinition[]> {
  const file = join(t.folder, `replication-${++number}.yaml`);
  await writeFile(file, yaml);
  return slingReplication({
    file,
    connections: {
      LOCAL_POSTGRES: { type: "postgres", resource: valueResource(t.db) },
      DATABRICKS: { type: "databricks", resource: valueResource(w.client) },
    },
  });
}
const csv = (name: string, content: string) => writeFile(join(t.folder, "data", name), content);

/** Runs a step as the runtime does: with its resources set up. */
async function run(step: AssetsDefinition, env: Record<string, string> = {}, log: string[] = []) {
  const results = new Map<string, MaterializeResult>();
  const clients: Record<string, unknown> = { local_postgres: t.db, databricks: w.client };
  const context = {
    resources: Object.fromEntries(Object.keys(step.resources).map((name) => [name, clients[name]])),
    config: {},
    upstream: [],
    log: collecting(log),
    signal: new AbortController().signal,
    run: { id: "run-1", requestId: "r", tags: {} },
    partition: undefined,
    location: { name: "l", projectRoot: t.folder, workspaceRoot: t.folder, stateDir: join(t.folder, "state") },
    env: { CSV_DATA_PATH: join(t.folder, "data"), ...env },
    attempt: 1,
    selected: step.specs.map(({ key }) => key),
    upstreamOf: () => [],
    checked: () => {},
    materialized: (key: string, result: MaterializeResult = {}) => void results.set(key, result),
  } as unknown as MultiAssetContext;
  await step.run!(context);
  return results;
}

test.each([
  ["streams:\n  public.t:\n    object: t\n    target_options:\n      delete_missing: hard\n", 9],
  ["defaults: {target_options: {delete_missing: hard}}\nstreams:\n  public.t: {object: t}\n", 5],
])("delete_missing is refused by name and line for a Databricks target: %j", async (streams, line) => {
  const head = "source: LOCAL_POSTGRES\ntarget: DATABRICKS\n";
  const keys = "defaults: {mode: incremental, primary_key: id}\n";
  const text = streams.startsWith("defaults")
    ? `${head}\n\n${streams.replace("{target_options", "{mode: incremental, primary_key: id, target_options")}`
    : `${head}\n${keys}${streams}`;
  await expect(replication(text)).rejects.toMatchObject({
    name: "UserError",
    message: expect.stringContaining("delete_missing needs a PostgreSQL target"),
    where: expect.stringMatching(new RegExp(`\\.yaml:${line}:\\d+$`)),
  });
});

test("CSV to PostgreSQL to Databricks by two replication files, and again unchanged", async () => {
  await csv(
    "raw_fact_virtual.csv",
    "id,virtual_item,cost,timestamp\n1,sword,9.99,2026-01-02T03:04:05Z\n2,shield,5,2026-01-02T03:04:06Z\n",
  );
  const [first] = await replication(`source: LOCAL
target: LOCAL_POSTGRES
streams:
  file://\${CSV_DATA_PATH}/raw_fact_virtual.csv:
    object: public.fact_virtual
    mode: full-refresh
    meta: { kc: { key: csv_fact_virtual } }
`);
  const [second] = await replication(`source: LOCAL_POSTGRES
target: DATABRICKS
streams:
  public.fact_virtual:
    object: fact_virtual
    mode: full-refresh
    meta: { kc: { deps: [csv_fact_virtual] } }
`);
  expect([first!.key, second!.key]).toEqual(["csv_fact_virtual", "fact_virtual"]);
  const log: string[] = [];
  expect((await run(first!, {}, log)).get("csv_fact_virtual")).toMatchObject({
    unchanged: false,
    metadata: {
      rows: 2,
      table: "public.fact_virtual",
      bytes: expect.any(Number),
      load_id: expect.any(String),
      rows_per_second: expect.any(Number),
    },
  });
  expect(log.join("\n")).toMatch(/2 rows into public\.fact_virtual in .* rows\/s/);
  expect((await run(second!)).get("fact_virtual")).toMatchObject({
    unchanged: false,
    metadata: { rows: 2, table: "test.main.fact_virtual" },
  });
  expect(await w.rows("SELECT id, virtual_item, cost FROM fact_virtual ORDER BY id")).toEqual([
    ["1", "sword", "9.99"],
    ["2", "shield", "5.00"],
  ]);
  expect((await run(first!)).get("csv_fact_virtual")).toMatchObject({ unchanged: true });
  expect((await run(second!)).get("fact_virtual")).toMatchObject({ unchanged: true });
});

describe("CSV_DATA_PATH", () => {
  const yaml = "source: LOCAL\ntarget: LOCAL_POSTGRES\nstreams:\n  ${CSV_DATA_PATH}/x.csv: { object: public.x }\n";
  test.each([
    ["", /CSV_DATA_PATH is not set or empty/],
    ["data", /the path "data\/x.csv" .* is relative/],
    ["/nowhere", /\/nowhere\/x.csv does not exist/],
  ])("%j is a clear error", async (value, message) => {
    const [step] = await replication(yaml);
    await expect(run(step!, { CSV_DATA_PATH: value })).rejects.toThrow(message);
  });
});

test("a wildcard loads every file but the ones with a stream of their own; select, columns, transforms and options work together", async () => {
  await csv("w_one.csv", "id;Name;cost\n1; a ;7\n");
  await csv("w_two.csv", "id;Name;cost\n2; b ;8\n");
  await csv("w_three.csv", "id;cost\n3;9\n");
  const steps = await replication(`source: LOCAL
target: LOCAL_POSTGRES
defaults: { source_options: { delimiter: ";" } }
streams:
  file://\${CSV_DATA_PATH}/w_*.csv:
    object: wild.{stream_file_name}
    select: [id, Name as label, cost]
    columns: { cost: "decimal(10,2)" }
    transforms: { Name: [trim_space, upper] }
    meta: { kc: { key: wild } }
  file://\${CSV_DATA_PATH}/w_three.csv:
    object: wild.other_{stream_file_name}
`);
  expect(steps.map((step) => step.key)).toEqual(["wild", "other_w_three"]);
  expect((await run(steps[0]!)).get("wild")!.metadata).toMatchObject({ rows: 2, table: "wild.w_one, wild.w_two" });
  expect((await t.db.query("select * from wild.w_two")).rows).toEqual([{ id: "2", label: "B", cost: "8.00" }]);
  await run(steps[1]!);
  expect((await t.db.query("select cost from wild.other_w_three")).rows).toEqual([{ cost: "9" }]);
});

test("a table wildcard and custom SQL go from PostgreSQL to PostgreSQL", async () => {
  await t.db.query(
    "create schema src; create table src.a as select 1 as id; create table src.b as select 2 as id, null::text as n",
  );
  const steps = await replication(`source: LOCAL_POSTGRES
target: LOCAL_POSTGRES
streams:
  src.*: { object: "copy.{stream_table}", meta: { kc: { key: copies } } }
  custom: { object: copy.custom, sql: "select id * 10 as ten from src.b where id > \${LOWEST}" , where: ten > 0 }
`);
  await run(steps[0]!);
  expect((await t.db.query("select * from copy.b")).rows).toEqual([{ id: 2, n: null }]);
  expect((await run(steps[1]!, { LOWEST: "1" })).get("custom")!.metadata).toMatchObject({ rows: 1 });
  expect((await run(steps[0]!)).get("copies")).toMatchObject({ unchanged: true });
  expect((await t.db.query("select * from copy.custom")).rows).toEqual([{ ten: 20 }]);
});

describe("hooks", () => {
  test("query, check, log and http run before, inside and after the load", async () => {
    const seen: string[] = [];
    const server = createServer((request, response) => {
      seen.push(`${request.method} ${request.url}`);
      response.end("ok");
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    await csv("h.csv", "id\n1\n2\n");
    const [step] = await replication(`source: LOCAL
target: LOCAL_POSTGRES
streams:
  \${CSV_DATA_PATH}/h.csv:
    object: public.h
    hooks:
      pre: [{ type: query, query: "create table if not exists h_log (n int)" }]
      post_merge: [{ type: query, query: "insert into h_log select count(*) from h" }]
      post:
        - { type: query, query: "select n from h_log", into: counted }
        - { type: check, check: run.total_rows == 2, message: "{run.total_rows} rows" }
        - { type: log, message: "loaded {object_table}: {store.counted}" }
        - { type: http, method: POST, url: "http://127.0.0.1:${(server.address() as AddressInfo).port}/done/{run.total_rows}" }
        - { type: check, check: run.total_rows > 100, on_failure: warn }
`);
    const log: string[] = [];
    await run(step!, {}, log);
    expect(log.join("\n")).toContain('loaded h: [{"n":2}]');
    expect(log.at(-1)).toContain("run.total_rows > 100");
    expect(seen).toEqual(["POST /done/2"]);
    server.close();
  });

  test("a failed check inside the transaction leaves the old table", async () => {
    await csv("hc.csv", "id\n1\n");
    const yaml = (check: string) => `source: LOCAL
target: LOCAL_POSTGRES
streams:
  \${CSV_DATA_PATH}/hc.csv:
    object: public.hc
    hooks: { post_merge: [{ type: query, query: "select count(*)::int as n from hc", into: c }, { type: check, check: "${check}", message: too few }] }
`;
    await run((await replication(yaml("1 == 1")))[0]!);
    await csv("hc.csv", "id\n2\n3\n");
    await expect(run((await replication(yaml("1 == 2")))[0]!)).rejects.toThrow(/too few/);
    expect((await t.db.query("select id from hc")).rows).toEqual([{ id: "1" }]);
  });

  test("start and end go around all streams, and one failed stream does not stop the others", async () => {
    await csv("s1.csv", "id\n1\n");
    const [step, ...rest] = await replication(`source: LOCAL
target: LOCAL_POSTGRES
hooks:
  start: [{ type: log, message: started }]
  end: [{ type: log, message: "ended {run.status} {run.failed}" }]
streams:
  \${CSV_DATA_PATH}/none.csv: { object: public.s0 }
  \${CSV_DATA_PATH}/s1.csv: { object: public.s1 }
`);
    expect(rest).toEqual([]);
    const log: string[] = [];
    await expect(run(step!, {}, log)).rejects.toThrow(/1 of 2 streams failed[\s\S]*none.csv does not exist/);
    expect([log[0], log.at(-1)]).toEqual(["started", "ended error 1"]);
    expect((await t.db.query("select id from s1")).rows).toEqual([{ id: "1" }]);
  });
});

test("the component builds the same assets from a defs.yaml", async () => {
  await writeFile(
    join(t.folder, "rep.yaml"),
    "source: LOCAL\ntarget: PG_TWO\nstreams:\n  /x.csv: { object: public.from_component }\n",
  );
  const parts = await slingComponent.build(
    { replication: "rep.yaml", connections: { PG_TWO: { type: "postgres", prefix: "PG_TWO" } } },
    { folder: t.folder } as never,
  );
  expect(parts.assets!.map((step) => step.key)).toEqual(["from_component"]);
});

test("unknown connections and missing files are named", async () => {
  await expect(replication("source: LOCAL\ntarget: MYSQL\nstreams:\n  /x.csv: { object: t }\n")).rejects.toThrow(
    /connection "MYSQL" is not known/,
  );
  expect(() => slingReplication({ file: "/nowhere/r.yaml" })).toThrow(/\/nowhere\/r.yaml cannot be read/);
});
