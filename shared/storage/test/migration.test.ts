import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterAll, expect, test } from "vitest";
import { migrationsOf } from "../src/migrations.ts";
import { openSqlite } from "../src/sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "kc-migration-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What the first version of the schema held of a run, an event, a schedule with its tick, and a value. */
const rows = `
  insert into runs (id, request_id, location, status, plan, needs, tags, config, run_key, created_at, started_at, ended_at, position)
    values ('r1', 'q1', 'team', 'succeeded', '{"location":"team","assets":["a"],"steps":[],"needs":[]}', '[]', '{"k":"v"}', '{}', 'once', 1, 2, 3, 1);
  insert into run_assets (run_id, asset) values ('r1', 'a');
  insert into events (type, at, run_id, asset, body) values ('materialization', 2, 'r1', 'a', '{"metadata":{}}');
  insert into events (type, at, run_id, asset, body) values
    ('check_result', 2, 'r1', 'a', '{"partition":"p","check":{"name":"rows","passed":true,"severity":"ERROR"}}'),
    ('check_result', 3, 'r1', 'a', '{"partition":"p","check":{"name":"rows","passed":false,"severity":"WARN","description":"why"}}'),
    ('check_result', 4, 'r1', 'a', '{"check":{"name":"rows","passed":true,"severity":"ERROR"}}'),
    ('check_result', 5, 'r1', 'a', '{"partition":"x,y","check":{"name":"rows","passed":true,"severity":"ERROR"}}');
  insert into instigators (location, name, type, status, cursor, last_tick_at) values ('team', 'daily', 'schedule', 'running', 'c', 60000);
  insert into ticks (location, name, type, status, at) values ('team', 'daily', 'schedule', 'success', 60000);
  insert into entries (name, value) values ('automation.cursor', '{}');`;

test.each(
  migrationsOf("sqlite")
    .slice(0, -1)
    .map(({ version }) => version),
)("a database of schema %i is brought to the newest; nothing of it is lost, and it goes on", async (version) => {
  const file = join(folder, `${version}.db`);
  const old = new DatabaseSync(file);
  for (const { version: step, sql } of migrationsOf("sqlite")) if (step <= version) old.exec(sql);
  old.exec(`pragma user_version = ${version}`);
  old.exec(rows);
  old.close();
  const storage = openSqlite(file);
  expect((await storage.info()).schemaVersion).toBe(migrationsOf("sqlite").at(-1)!.version);
  expect(await storage.getRun("r1")).toMatchObject({ status: "succeeded", tags: { k: "v" }, runKey: "once" });
  expect(await storage.readEvents({ asset: "a", types: ["materialization"] })).toMatchObject([
    { type: "materialization", runId: "r1" },
  ]);
  expect(await storage.instigators()).toMatchObject([{ name: "daily", status: "running", cursor: "c", lastTickAt: 60_000 }]);
  expect(await storage.listTicks()).toMatchObject([{ status: "success", at: 60_000, manual: false }]);
  expect(await storage.getValue("automation.cursor")).toBe("{}");
  expect((await storage.checkRows("a")).sort((one, two) => one.at - two.at)).toEqual([
    { check: "rows", partition: "p", eventId: 3, at: 3, runId: "r1", passed: false, severity: "WARN", description: "why" },
    { check: "rows", partition: "", eventId: 4, at: 4, runId: "r1", passed: true, severity: "ERROR" },
  ]);
  const made = { type: "materialization" as const, at: 4, asset: "a", partition: "p" };
  await storage.appendEvents([made]);
  expect(await storage.partitionRows("a")).toHaveLength(1);
  await storage.close();
});
