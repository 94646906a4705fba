import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { newRun, runEvent, storageContract } from "@kc/runtime/testing";
import { afterAll, describe, expect, test } from "vitest";
import { openSqlite } from "../src/sqlite.ts";

const folder = mkdtempSync(join(tmpdir(), "kc-storage-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
const newFile = () => join(folder, `${++count}`, "instance.db");

storageContract("SQLite file", async () => openSqlite(newFile()));
storageContract("SQLite in memory", async () => openSqlite(":memory:"));

describe("an SQLite file", () => {
  test("opened again has everything", async () => {
    const file = newFile();
    const first = openSqlite(file);
    await first.createRuns([newRun("r1", { runKey: "k" })], [runEvent("r1", "run_queued")], { v: "1" });
    await first.appendEvents([runEvent("r1", "run_starting"), runEvent("r1", "materialization", { asset: "a", seq: 1 })]);
    await first.setInstigator({ location: "team", name: "s", type: "sensor", cursor: "5", status: "running" });
    const tick = await first.startTick({ location: "team", name: "s", type: "sensor", at: 1 });
    const all = async (storage: typeof first) => [
      await storage.listRuns(),
      await storage.readEvents({}),
      await storage.assetStates(),
      await storage.instigators(),
      await storage.listTicks(),
      await storage.getValue("v"),
    ];
    const before = await all(first);
    await first.close();
    const second = openSqlite(file);
    expect(await all(second)).toEqual(before);
    expect((await second.appendEvents([runEvent("r1", "log", { seq: 1 })])).length).toBe(0);
    await second.endTick(tick.id, { status: "success", endedAt: 2 }, "6");
    expect((await second.createRuns([newRun("r2", { runKey: "k" })], [])).runs[0]!.id).toBe("r1");
    await second.close();
  });
  test("of a newer kc is refused, with what to do, and is not touched", async () => {
    const file = newFile();
    await openSqlite(file).close();
    const newer = new DatabaseSync(file);
    newer.exec("pragma user_version = 999");
    newer.close();
    expect(() => openSqlite(file)).toThrow(/schema 999, and this kc knows schemas up to \d+: a newer kc wrote it\. Use that kc/);
    const after = new DatabaseSync(file);
    expect(after.prepare("pragma user_version").get()).toEqual({ user_version: 999 });
    after.close();
  });
  test("that is no database is refused by name", () => {
    const file = join(folder, "text.db");
    writeFileSync(file, "this is no database at all, just some text that is long enough\n".repeat(20));
    expect(() => openSqlite(file)).toThrow(
      `the instance database ${file} is damaged: file is not a database. Stop kc and bring back a copy`,
    );
  });
  test("in a folder that is a file is refused by name", () => {
    writeFileSync(join(folder, "plain"), "");
    expect(() => openSqlite(join(folder, "plain", "instance.db"))).toThrow(
      `the instance database ${join(folder, "plain", "instance.db")} cannot be opened`,
    );
  });
  test("loses no acknowledged event when its writer is killed", { timeout: 30_000 }, async () => {
    const file = newFile();
    const writer = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "writer.ts"), file],
      {
        stdio: ["ignore", "pipe", "inherit"],
      },
    );
    let acknowledged = 0;
    let text = "";
    for await (const chunk of writer.stdout.setEncoding("utf8")) {
      text += chunk;
      const lines = text.split("\n");
      text = lines.pop()!;
      acknowledged = Number(lines.at(-1) ?? acknowledged);
      if (acknowledged >= 2_000) break;
    }
    const gone = once(writer, "exit");
    writer.kill("SIGKILL");
    await gone;
    const storage = openSqlite(file);
    const events = await storage.readEvents({ runId: "r1", types: ["log"], limit: 1_000_000 });
    // Whole batches, without a hole, at least all that was acknowledged.
    expect(events.map((event) => event.seq)).toEqual(events.map((_, at) => at + 1));
    expect(events.length).toBeGreaterThanOrEqual(acknowledged);
    expect(events.length % 20).toBe(0);
    expect(await storage.getRun("r1")).toMatchObject({ status: "running" });
    await storage.close();
  });
});

describe("bad days of an SQLite file", () => {
  test("another process that holds the lock delays a write, and fails none; this process is not held up meanwhile", async () => {
    const file = newFile();
    const storage = openSqlite(file);
    await storage.setValue("x", "1");
    const other = new DatabaseSync(file);
    other.exec("begin immediate");
    let turns = 0;
    const timer = setInterval(() => turns++, 10);
    let done = false;
    const write = storage.setValue("x", "2").then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 700));
    expect([done, await storage.getValue("x")]).toEqual([false, "1"]);
    expect(turns).toBeGreaterThan(5);
    other.exec("commit");
    other.close();
    await write;
    clearInterval(timer);
    expect(await storage.getValue("x")).toBe("2");
    await storage.close();
  });

  test("a damaged file is told by name with a remedy, and is not written over", async () => {
    const file = newFile();
    const first = openSqlite(file);
    await first.createRuns([newRun("r1")], []);
    for (let at = 0; at < 40; at++)
      await first.appendEvents(
        Array.from({ length: 50 }, (_, seq) => runEvent("r1", "log", { seq: at * 50 + seq, message: "x".repeat(200) })),
      );
    await first.close();
    const bytes = readFileSync(file);
    bytes.fill(0xa5, 4096 * 2);
    writeFileSync(file, bytes);
    const told = await (async () => {
      const storage = openSqlite(file);
      try {
        await storage.readEvents({ runId: "r1", limit: 100_000 });
        await storage.appendEvents([runEvent("r1", "log", { seq: 99_999 })]);
      } finally {
        await storage.close();
      }
    })().catch((error: Error) => error.message);
    expect(told).toContain(`the instance database ${file} is damaged: `);
    expect(told).toContain(".recover");
    expect(
      readFileSync(file)
        .subarray(4096 * 2)
        .equals(bytes.subarray(4096 * 2)),
    ).toBe(true);
  });

  test.skipIf(process.getuid?.() === 0)("a file that may only be read is refused by name", async () => {
    const file = newFile();
    await openSqlite(file).close();
    chmodSync(file, 0o400);
    expect(() => openSqlite(file)).toThrow(`the instance database ${file}`);
  });
});
