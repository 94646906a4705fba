import { tracingChannel } from "node:diagnostics_channel";
import { Readable, Writable } from "node:stream";
import { setTimeout as wait } from "node:timers/promises";
import { type DatabaseCall, databaseChannel } from "@kc/runtime";
import { type Standin, startStandin } from "@kc/tooling/standin";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Postgres, type PostgresOptions, postgresClient } from "../src/index.ts";

let server: Standin;
let options: PostgresOptions;
let db: Postgres;
beforeAll(async () => {
  server = await startStandin("postgres");
  const {
    LOCAL_POSTGRES_HOST: host = "",
    LOCAL_POSTGRES_PORT: port,
    LOCAL_POSTGRES_USER: user = "",
    LOCAL_POSTGRES_PASSWORD: password = "",
  } = server.variables;
  options = { host, port: Number(port), user, password, database: "postgres", maxConnections: 3 };
  db = postgresClient(options);
});
afterAll(async () => {
  await db?.close();
  await server?.stop();
});

test("numbers and times come back without losing a digit", async () => {
  const { rows } = await db.query(
    "select 9007199254740993::int8 as big, 1.10::numeric as n, '2026-01-02 03:04:05.678901+00'::timestamptz as t, 7::int as i",
  );
  expect(rows).toEqual([{ big: "9007199254740993", n: "1.10", t: "2026-01-02 03:04:05.678901+00", i: 7 }]);
});

describe("COPY", () => {
  test("goes in from a stream and out to one, and counts the rows", async () => {
    await db.session(async (session) => {
      await session.query("create temp table t (id int, name text)");
      expect(await session.copyIn("copy t from stdin (format csv)", Readable.from(["1,a\n2,", '"b,\n""c"\n']))).toBe(2);
      let out = "";
      const sink = new Writable({
        write(chunk, _, done) {
          out += chunk;
          done();
        },
      });
      expect(await session.copyOut("copy t to stdout (format csv)", sink)).toBe(2);
      expect(out).toBe('1,a\n2,"b,\n""c"\n');
    });
  });

  test("a row that does not fit names its line, leaves nothing and does not spoil the pool", async () => {
    await db.query("create table strict_rows (id int)");
    await expect(
      db.transaction((session) => session.copyIn("copy strict_rows from stdin (format csv)", Readable.from(["1\n", "x\n"]))),
    ).rejects.toMatchObject({
      code: "22P02",
      where: expect.stringContaining("line 2"),
    });
    expect((await db.query("select count(*)::int as n from strict_rows")).rows).toEqual([{ n: 0 }]);
  });

  test("a source that fails half way fails the load with that error", async () => {
    const broken = Readable.from(
      (function* () {
        yield "1\n";
        throw new Error("disk gone");
      })(),
    );
    await expect(db.transaction((session) => session.copyIn("copy strict_rows from stdin (format csv)", broken))).rejects.toThrow(
      "disk gone",
    );
    expect((await db.query("select count(*)::int as n from strict_rows")).rows).toEqual([{ n: 0 }]);
  });
});

describe("transactions and locks", () => {
  test("what throws inside is rolled back", async () => {
    await expect(
      db.transaction(async (session) => {
        await session.query("create table never (id int)");
        throw new Error("stop");
      }),
    ).rejects.toThrow("stop");
    expect((await db.query("select to_regclass('never') as t")).rows).toEqual([{ t: null }]);
  });

  test("two holders of one advisory lock follow one another", async () => {
    const order: string[] = [];
    const firstHolds = Promise.withResolvers<void>();
    const first = db.transaction(async (session) => {
      await session.advisoryLock("load:t");
      firstHolds.resolve();
      await session.query("select pg_sleep(0.05)");
      order.push("first");
    });
    await firstHolds.promise;
    await db.transaction(async (session) => {
      await session.advisoryLock("load:t");
      order.push("second");
    });
    await first;
    expect(order).toEqual(["first", "second"]);
  });

  test("an aborted signal cancels the running statement in the server", async () => {
    const abort = new AbortController();
    const running = db.query("select pg_sleep(60)", [], { signal: abort.signal });
    const busy = async () =>
      (
        await db.query(
          "select 1 from pg_stat_activity where query like 'select pg_sleep(60)%' and state = 'active' and pid <> pg_backend_pid()",
        )
      ).rowCount;
    while ((await busy()) === 0) await wait(10);
    abort.abort(new Error("run cancelled"));
    await expect(running).rejects.toThrow("run cancelled");
    // The server tells of the cancellation a moment later than the client.
    await expect.poll(busy).toBe(0);
  });
});

describe("a server that cannot be reached", () => {
  const failure = async (change: Partial<PostgresOptions>) => {
    const other = postgresClient({ ...options, ...change });
    const error = await other.query("select 1").catch((e: unknown) => e as Error);
    await other.close();
    return String(error);
  };

  test("is named by host and port, with what to check", async () => {
    const text = await failure({ port: 1 });
    expect(text).toContain("cannot connect to PostgreSQL at 127.0.0.1:1 as postgres");
    expect(text).toContain("LOCAL_POSTGRES_PORT");
  });

  test("a wrong password is named and not shown", async () => {
    const text = await failure({ password: "hunter2" });
    expect(text).toContain("refuses the password");
    expect(text).not.toContain("hunter2");
  });

  test("a missing database is named", async () => {
    expect(await failure({ database: "nowhere" })).toContain("database nowhere: the database does not exist");
  });
});

test("each query and COPY is told on the channel for traces: what it does and how it ended, never its values", async () => {
  const told: (DatabaseCall & { at: string })[] = [];
  const channel = tracingChannel<DatabaseCall>(databaseChannel);
  const listeners = { asyncEnd: (call: DatabaseCall) => void told.push({ ...call, at: "end" }) };
  channel.subscribe(listeners);
  await db.transaction(async (session) => {
    await session.query("create temp table told (id int primary key, name text)");
    await session.query("insert into told values ($1, 's3cret literal')", [4711]);
    await session.copyIn("copy told from stdin (format csv)", Readable.from(["1,s3cret row\n"]));
  });
  await expect(db.query("select 's3cret literal'::int from pg_class")).rejects.toThrow("invalid input syntax");
  channel.unsubscribe(listeners);
  await db.query("select 1");
  expect(
    told.map(({ summary, operation, error }) => [summary, operation, (error as { code?: string } | undefined)?.code]),
  ).toEqual([
    ["BEGIN", undefined, undefined],
    ["CREATE TABLE told", undefined, undefined],
    ["INSERT told", undefined, undefined],
    ["COPY told", "COPY", undefined],
    ["COMMIT", undefined, undefined],
    ["SELECT pg_class", undefined, "22P02"],
  ]);
  const { host: address, port, database: namespace } = options;
  expect(told[0]).toMatchObject({ system: "postgresql", namespace, address, ...(address.startsWith("/") ? {} : { port }) });
  expect(JSON.stringify(told.map(({ error: _, ...call }) => call))).not.toMatch(/s3cret|4711/);
});
