import { spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCsvFile } from "../src/load/csv-file.ts";
import { csvFeed } from "../src/load/csv-to-postgres.ts";
import { loadIntoPostgres } from "../src/load/postgres-target.ts";
import { postgresToDatabricks } from "../src/load/postgres-to-databricks.ts";
import { plan, type TestDatabase, testDatabase } from "./database.ts";
import { type TestWorkspace, testWorkspace } from "./workspace.ts";

let t: TestDatabase;
let w: TestWorkspace;
beforeAll(async () => {
  [t, w] = await Promise.all([testDatabase(), testWorkspace()]);
});
afterAll(async () => {
  await w?.stop();
  await t?.stop();
});

/** The program of a loader, to be killed. */
const loader = `
const [root, file, config] = process.argv.slice(2);
const { postgresClient } = await import(root + "/../postgres/src/index.ts");
const { readCsvFile } = await import(root + "/src/load/csv-file.ts");
const { csvFeed } = await import(root + "/src/load/csv-to-postgres.ts");
const { loadIntoPostgres } = await import(root + "/src/load/postgres-target.ts");
const { LOCAL_POSTGRES_HOST: host, LOCAL_POSTGRES_PORT: port, LOCAL_POSTGRES_USER: user, LOCAL_POSTGRES_PASSWORD: password } = process.env;
const db = postgresClient({ host, port: Number(port), user, password, database: "postgres" });
const quiet = () => {};
process.stdout.write("started");
await loadIntoPostgres(db, { schema: "public", table: "crashed" }, { stream: "s", mode: "full-refresh", primaryKey: [], updateKey: "id", configHash: config }, csvFeed(await readCsvFile(file)), { log: { debug: quiet, info: quiet, warn: quiet, error: quiet }, tempDir: "/tmp" });
await db.close();
`;

test("a loader that is killed at any moment leaves the old rows or the new ones, with the cursor that belongs to them", async () => {
  const [old, fresh] = [join(t.folder, "old.csv"), join(t.folder, "new.csv")];
  await writeFile(old, `id,v\n${Array.from({ length: 1_000 }, (_, i) => `${i},old\n`).join("")}`);
  await writeFile(fresh, `id,v\n${Array.from({ length: 300_000 }, (_, i) => `${i},new\n`).join("")}`);
  const script = join(t.folder, "loader.mts");
  await writeFile(script, loader);
  const load = async (path: string, config: string) =>
    loadIntoPostgres(
      t.db,
      { schema: "public", table: "crashed" },
      plan({ updateKey: "id", configHash: config }),
      csvFeed(await readCsvFile(path)),
      t.context,
    );
  let killed = 0;
  for (const [round, delay] of [0, 30, 60, 90, 120, 160, 200, 260, 340, 450].entries()) {
    await load(old, `old-${round}`);
    const child = spawn(process.execPath, [script, join(import.meta.dirname, ".."), fresh, `new-${round}`], {
      env: { ...process.env, ...t.variables },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await Promise.race([wait(delay), exited]);
    if (child.kill("SIGKILL")) killed++;
    await exited;
    // The killed loader's backend notices when it next reads; the next load of the target waits for it.
    await t.db.transaction((session) => session.advisoryLock("kc:load:public.crashed"));
    const { rows } = await t.db.query(
      "select count(*)::int as n, count(distinct v)::int as kinds, min(v) as v, max(id)::text as top from crashed",
    );
    const loads = await t.db.query("select rows::int as rows, cursor from _kc_loads where target = 'crashed'");
    const isNew = rows[0]!["v"] === "new";
    expect(rows).toEqual([
      isNew ? { n: 300_000, kinds: 1, v: "new", top: "299999" } : { n: 1_000, kinds: 1, v: "old", top: "999" },
    ]);
    expect(loads.rows).toEqual([isNew ? { rows: 300_000, cursor: "299999" } : { rows: 1_000, cursor: "999" }]);
  }
  expect(killed).toBeGreaterThan(0);
  expect((await t.db.query("select relname from pg_class where relname like '\\_\\_%'")).rows).toEqual([]);
});

const deltaLoader = `
const [root, config, tempDir] = process.argv.slice(2);
const { postgresClient } = await import(root + "/../postgres/src/index.ts");
const { databricksClient } = await import(root + "/../databricks/src/client.ts");
const { postgresToDatabricks } = await import(root + "/src/load/postgres-to-databricks.ts");
const env = process.env;
const db = postgresClient({ host: env.LOCAL_POSTGRES_HOST, port: Number(env.LOCAL_POSTGRES_PORT), user: env.LOCAL_POSTGRES_USER, password: env.LOCAL_POSTGRES_PASSWORD, database: "postgres" });
const client = databricksClient({ host: env.DATABRICKS_HOST, token: env.DATABRICKS_TOKEN, warehouseId: env.DATABRICKS_WAREHOUSE_ID, catalog: "test", schema: "main" });
const quiet = () => {};
process.stdout.write("started");
await postgresToDatabricks(db, { from: { table: { schema: "public", table: "moving" } } }, client, { catalog: "test", schema: "main", table: "moving" }, { stream: "s", mode: "full-refresh", primaryKey: [], configHash: config }, { log: { debug: quiet, info: quiet, warn: quiet, error: quiet }, tempDir });
await db.close();
`;

test("killed on the way to Delta, the table holds the old rows or the new ones, and the next load sweeps what was left", async () => {
  const script = join(t.folder, "delta-loader.mts");
  await writeFile(script, deltaLoader);
  const target = { catalog: "test", schema: "main", table: "moving" };
  const load = (config: string) =>
    postgresToDatabricks(
      t.db,
      { from: { table: { schema: "public", table: "moving" } } },
      w.client,
      target,
      plan({ configHash: config }),
      t.context,
    );
  for (const [round, delay] of [20, 100, 200, 300, 450].entries()) {
    await t.db.query(
      "drop table if exists moving; create table moving as select g as id, 'old' as v from generate_series(1, 100) g",
    );
    await load(`old-${round}`);
    await t.db.query("drop table moving; create table moving as select g as id, 'new' as v from generate_series(1, 200000) g");
    const child = spawn(process.execPath, [script, join(import.meta.dirname, ".."), `new-${round}`, t.folder], {
      env: { ...process.env, ...t.variables, ...w.standin.variables },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    await new Promise((resolve) => child.stdout.once("data", resolve));
    await Promise.race([wait(delay), exited]);
    child.kill("SIGKILL");
    await exited;
    const [row] = await w.rows("SELECT count(*), count(DISTINCT v), min(v) FROM moving");
    expect([
      ["100", "1", "old"],
      ["200000", "1", "new"],
    ]).toContainEqual(row);
    await load(`new-${round}`);
    expect(await w.rows("SELECT count(*), min(v) FROM moving")).toEqual([["200000", "new"]]);
    expect(await w.client.files.list("/Volumes/test/main/kc_staging")).toEqual([]);
  }
});
