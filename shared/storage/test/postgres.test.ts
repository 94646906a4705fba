import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newRun, runEvent, storageContract } from "@kc/runtime/testing";
import { startPostgres } from "@kc/standin-postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrationsOf } from "../src/migrations.ts";
import { openPostgres, placeOf } from "../src/postgres.ts";

const folder = mkdtempSync(join(tmpdir(), "kc-storage-"));
let server: Awaited<ReturnType<typeof startPostgres>>;
const url = () => server.url;

beforeAll(async () => {
  server = await startPostgres({ stateDir: folder });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

storageContract("PostgreSQL", () => openPostgres(url(), { schema: `t${randomUUID().replaceAll("-", "").slice(0, 12)}` }));

describe("PostgreSQL", () => {
  test("two programs that start at once migrate once", async () => {
    const newest = migrationsOf("postgres").at(-1)!.version;
    const storages = await Promise.all([1, 2, 3].map(() => openPostgres(url(), { schema: "together" })));
    expect(await Promise.all(storages.map(async (one) => (await one.info()).schemaVersion))).toEqual([newest, newest, newest]);
    for (const one of storages) await one.close();
  });

  test("a database of the first schema is brought to the newest, and nothing of it is lost", async () => {
    const client = new pg.Client({ connectionString: url() });
    await client.connect();
    await client.query("create schema first; set search_path to first");
    await client.query("create table schema_version (version integer not null); insert into schema_version values (1)");
    await client.query(migrationsOf("postgres")[0]!.sql);
    await client.query(
      "insert into instigators (location, name, type, status, cursor, last_tick_at) values ('team', 'daily', 'schedule', 'running', 'c', 60000)",
    );
    await client.query(
      "insert into ticks (location, name, type, status, at) values ('team', 'daily', 'schedule', 'success', 60000)",
    );
    await client.query(
      `insert into events (type, at, run_id, asset, body) values
         ('check_result', 3, 'r1', 'a', '{"partition":"p","check":{"name":"rows","passed":true,"severity":"ERROR"}}'),
         ('check_result', 4, 'r1', 'a', '{"partition":"p","check":{"name":"rows","passed":false,"severity":"WARN","description":"why"}}')`,
    );
    await client.end();
    const storage = await openPostgres(url(), { schema: "first" });
    expect(await storage.checkRows("a")).toEqual([
      { check: "rows", partition: "p", eventId: 2, at: 4, runId: "r1", passed: false, severity: "WARN", description: "why" },
    ]);
    expect((await storage.info()).schemaVersion).toBe(migrationsOf("postgres").at(-1)!.version);
    expect(await storage.instigators()).toMatchObject([{ name: "daily", status: "running", cursor: "c", lastTickAt: 60_000 }]);
    expect(await storage.listTicks()).toMatchObject([{ status: "success", at: 60_000, manual: false }]);
    await storage.close();
  });

  test("a database of a newer kc is refused, with what to do", async () => {
    await (await openPostgres(url(), { schema: "newer" })).close();
    const client = new pg.Client({ connectionString: url() });
    await client.connect();
    await client.query("update newer.schema_version set version = 999");
    await client.end();
    await expect(openPostgres(url(), { schema: "newer" })).rejects.toThrow(/schema 999.*a newer kc wrote it/s);
  });

  test("a server that is not there is told by host and port, without the password", async () => {
    const error = await openPostgres("postgres://u:hunter22@127.0.0.1:9/db").catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(/127\.0\.0\.1:9\/db cannot be reached/);
    expect((error as Error).message).not.toContain("hunter22");
    expect(placeOf("postgres://u:p@h/db")).toBe("h:5432/db");
  });

  test("connections that the server ends in between cost no event", async () => {
    const storage = await openPostgres(url(), { schema: "cut" });
    await storage.createRuns([newRun("r")], [runEvent("r", "run_queued")]);
    const client = new pg.Client({ connectionString: url() });
    await client.connect();
    let acknowledged = 0;
    for (let seq = 1; seq <= 60; seq++) {
      const write = storage.appendEvents([runEvent("r", "log", { seq, message: String(seq) })]);
      if (seq % 10 === 0)
        await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kc'");
      acknowledged += (await write).length;
    }
    await client.end();
    const stored = await storage.readEvents({ runId: "r", types: ["log"], limit: 1_000 });
    expect(stored.map((event) => event.seq)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    // A commit whose answer was cut off is found again, not written twice.
    expect(acknowledged).toBeLessThanOrEqual(60);
    await storage.close();
  });
});

describe("two processes on one PostgreSQL", () => {
  test("write in turns: a reader that goes on after the last event it saw misses none", async () => {
    const [one, two] = await Promise.all([1, 2].map(() => openPostgres(url(), { schema: "turns" })));
    await one!.createRuns([newRun("r")], [runEvent("r", "run_queued")]);
    let writing = true;
    const writes = [one!, two!].map(async (storage, who) => {
      for (let at = 0; at < 60; at++)
        await storage.appendEvents([
          runEvent("r", "log", { seq: who * 1_000 + at }),
          runEvent("r", "materialization", { asset: `a${who}` }),
        ]);
    });
    const seen: number[] = [];
    const reading = (async () => {
      for (let last = 0; ; ) {
        const done = !writing;
        const events = await one!.readEvents({ after: last });
        seen.push(...events.map((event) => event.id));
        last = seen.at(-1) ?? 0;
        if (done && events.length === 0) return;
      }
    })();
    await Promise.all(writes);
    writing = false;
    await reading;
    expect(seen).toHaveLength(241);
    for (const storage of [one!, two!]) await storage.close();
  });

  test("are told of each other's writes, and not of their own; also after the connection broke", async () => {
    const [one, two] = await Promise.all([1, 2].map(() => openPostgres(url(), { schema: "told" })));
    let calls = 0;
    const stop = one!.changes(() => calls++)!;
    await expect.poll(() => calls).toBe(1);
    await one!.setValue("own", "1");
    await two!.setValue("other", "1");
    await expect.poll(() => calls).toBe(2);
    const client = new pg.Client({ connectionString: url() });
    await client.connect();
    await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kc'");
    await two!.setValue("other", "2");
    await expect.poll(() => calls, { timeout: 5_000 }).toBeGreaterThan(2);
    await client.end();
    await stop();
    for (const storage of [one!, two!]) await storage.close();
  });

  test("one that is paused in the middle of a write holds the other back for seconds only", { timeout: 20_000 }, async () => {
    const storage = await openPostgres(url(), { schema: "paused" });
    const paused = new pg.Client({ connectionString: url(), options: "-c idle_in_transaction_session_timeout=1000" });
    paused.on("error", () => {});
    await paused.connect();
    await paused.query("begin");
    await paused.query("select pg_advisory_xact_lock(hashtext('kc:write:paused'))");
    await storage.setValue("x", "1");
    await expect(paused.query("commit")).rejects.toThrow();
    const setting = new pg.Client({ connectionString: url() });
    await setting.connect();
    const { rows } = await setting.query(
      "select count(*)::int as count from pg_stat_activity where query like '%kc:write:paused%'",
    );
    expect(rows[0].count).toBeLessThanOrEqual(2);
    await setting.end();
    await storage.close();
  });
});

describe("bad days of a PostgreSQL server", () => {
  const admin = async <T>(work: (client: pg.Client) => Promise<T>): Promise<T> => {
    const client = new pg.Client({ connectionString: url() });
    client.on("error", () => {});
    await client.connect();
    try {
      return await work(client);
    } finally {
      await client.end();
    }
  };
  const asRole = (name: string) => {
    const own = new URL(url());
    own.username = name;
    own.password = "first";
    return own.href;
  };

  test("its limit of connections delays a write, and fails none", { timeout: 30_000 }, async () => {
    await admin((client) => client.query("create role few login password 'first' superuser connection limit 2"));
    const storage = await openPostgres(asRole("few"), { schema: "few" });
    await storage.createRuns([newRun("r")], [runEvent("r", "run_queued")]);
    // The role is no superuser from here on, so its limit counts.
    await admin((client) =>
      client.query(
        "alter role few nosuperuser; alter schema few owner to few; grant all on all tables in schema few to few; grant all on all sequences in schema few to few",
      ),
    );
    await admin((client) => client.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'few'"));
    const others = await Promise.all(
      [1, 2].map(async () => {
        const other = new pg.Client({ connectionString: asRole("few") });
        other.on("error", () => {});
        await other.connect();
        return other;
      }),
    );
    let done = false;
    const write = storage.appendEvents([runEvent("r", "log", { seq: 1 })]).then(() => {
      done = true;
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    expect(done).toBe(false);
    for (const other of others) await other.end();
    await write;
    expect((await storage.readEvents({ types: ["log"] })).length).toBe(1);
    await storage.close();
  });

  test("a password that changed fails what is written, naming the reason and not the password", async () => {
    await admin((client) => client.query("create role changed login password 'first' superuser"));
    const storage = await openPostgres(asRole("changed"), { schema: "changed" });
    await admin((client) => client.query("alter role changed password 'second'"));
    await admin((client) => client.query("select pg_terminate_backend(pid) from pg_stat_activity where usename = 'changed'"));
    const error = await storage.setValue("x", "1").catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(/password authentication failed for user "changed"/);
    expect((error as Error).message).not.toContain("first");
    await storage.close();
  });

  test("one that answers slowly keeps the order and doubles nothing", { timeout: 30_000 }, async () => {
    const target = new URL(url());
    const proxy = createServer((socket) => {
      const upstream = connect(Number(target.port), target.hostname);
      for (const [from, to] of [
        [socket, upstream],
        [upstream, socket],
      ] as const) {
        from.on("error", () => to.destroy());
        from.on("close", () => to.destroy());
        from.on("data", (chunk) => setTimeout(() => to.writable && to.write(chunk), 40));
      }
    });
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
    const slow = new URL(url());
    slow.port = String((proxy.address() as { port: number }).port);
    slow.hostname = "127.0.0.1";
    const storage = await openPostgres(slow.href, { schema: "slow" });
    await storage.createRuns([newRun("r")], [runEvent("r", "run_queued")]);
    const lease = (await storage.takeLease("daemon", "a", null))!;
    const writes = Array.from({ length: 10 }, (_, seq) => storage.appendEvents([runEvent("r", "log", { seq: seq + 1 })]));
    // A host whose log is behind is alive all the same: its renewal does not stand in the queue of writes.
    let waiting = 10;
    for (const write of writes) void write.then(() => waiting--);
    expect(await storage.renewLease("daemon", lease.term)).toBe(true);
    expect(waiting).toBeGreaterThan(0);
    await Promise.all(writes);
    expect((await storage.readEvents({ types: ["log"] })).map((event) => event.seq)).toEqual(
      Array.from({ length: 10 }, (_, seq) => seq + 1),
    );
    await storage.close();
    await new Promise((resolve) => proxy.close(resolve));
  });
});
