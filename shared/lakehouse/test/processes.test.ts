import { spawn } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import {
  append,
  createTable,
  deleteRows,
  overwrite,
  queryRows,
  readHistory,
  readSnapshot,
  registerView,
  scanSql,
  withDuck,
} from "../src/index.ts";

const root = mkdtempSync(join(tmpdir(), "kc-lakehouse-processes-"));
afterAll(() => rm(root, { recursive: true, force: true }));

const program = (name: string) => fileURLToPath(new URL(name, import.meta.url));

function run(name: string, args: string[]): Promise<string[]> {
  const child = spawn(process.execPath, [program(name), ...args], { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.on("data", (data) => {
    output += data;
  });
  return new Promise((resolve, reject) => {
    child.once("exit", (code) =>
      code === 0 ? resolve(output.trim().split("\n")) : reject(new Error(`${name} ended with ${code}`)),
    );
  });
}

test("four processes append to one table: versions have no gap and each acknowledged row is there once", {
  timeout: 60_000,
}, async () => {
  const dir = join(root, "shared");
  await withDuck(async (duck) => {
    await createTable(duck, dir, { source: "SELECT -1 AS id" });
    const acknowledged = (await Promise.all([1, 2, 3, 4].map((writer) => run("writer.ts", [dir, String(writer), "15"])))).flat();
    expect(acknowledged).toHaveLength(60);
    const rows = await queryRows(duck, `SELECT id FROM ${scanSql(await readSnapshot(duck, dir))} ORDER BY id`);
    expect(rows.map((row) => String(row.id))).toEqual(["-1", ...acknowledged.sort((a, b) => Number(a) - Number(b))]);
    expect((await readHistory(dir)).map((entry) => entry.version)).toEqual(Array.from({ length: 61 }, (_, i) => 60 - i));
  });
});

test("a writer killed between its data and its commit leaves the table as it was, and writable", async () => {
  const dir = join(root, "killed");
  await withDuck(async (duck) => {
    await createTable(duck, dir, { source: "SELECT 1 AS id" });
    const child = spawn(process.execPath, [program("killed.ts"), dir], { stdio: ["ignore", "pipe", "inherit"] });
    await new Promise((resolve) => child.stdout.once("data", resolve));
    const exited = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGKILL");
    await exited;
    expect((await readdir(join(dir, "_delta_log"))).some((name) => name.endsWith(".tmp"))).toBe(true);
    const rows = async () => queryRows(duck, `SELECT id FROM ${scanSql(await readSnapshot(duck, dir))} ORDER BY id`);
    expect(await rows()).toEqual([{ id: 1 }]);
    expect((await append(duck, dir, "SELECT 3 AS id")).version).toBe(1);
    expect(await rows()).toEqual([{ id: 1 }, { id: 3 }]);
  });
});

test("a reader keeps its version while the table is overwritten and changed", async () => {
  const dir = join(root, "reader");
  await withDuck(async (duck) => {
    await createTable(duck, dir, { source: "SELECT i AS id FROM range(10) r(i)" });
    await registerView(duck, "old", await readSnapshot(duck, dir));
    await overwrite(duck, dir, "SELECT 99 AS id");
    await deleteRows(duck, dir);
    expect(await queryRows(duck, "SELECT count(*) AS n FROM old")).toEqual([{ n: "10" }]);
  });
});
