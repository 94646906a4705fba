import { statSync } from "node:fs";
import { chown, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { processesIn } from "../src/leftovers.ts";
import { type Program, query, remove, startProgram, tempDir, until } from "./program.ts";

let state: string;
const started: Program[] = [];
const start = async (options?: Parameters<typeof startProgram>[1], dir = state) => {
  const program = await startProgram(dir, options);
  started.push(program);
  return program;
};
const data = () => join(state, "cluster", "data");
const gone = () => until(async () => (await processesIn(data())).length === 0);

beforeEach(async () => {
  state = await tempDir();
});
afterEach(async () => {
  for (const program of started.splice(0)) await program.end();
  await gone();
  await remove(state);
});

describe("the PostgreSQL stand-in", () => {
  test("serves real PostgreSQL 18 and keeps data, port and password over a restart", async () => {
    const first = await start();
    expect(await query(first.variables, "show server_version_num")).toEqual([
      { server_version_num: expect.stringMatching(/^18/) },
    ]);
    await query(first.variables, "create table t as select 1 as n");
    expect(await first.end()).toBe(0);
    expect(await processesIn(data())).toEqual([]);
    const second = await start();
    expect(second.variables).toEqual(first.variables);
    expect(await query(second.variables, "select n from t")).toEqual([{ n: 1 }]);
  });

  test("a SIGTERM ends it and its server", async () => {
    const program = await start();
    program.child.kill("SIGTERM");
    expect(await program.exited).toBe(0);
    expect(await processesIn(data())).toEqual([]);
  });

  test("demands the password, which only the owner can read", async () => {
    const { variables } = await start();
    expect((await stat(join(state, "password"))).mode & 0o777).toBe(0o600);
    await expect(query({ ...variables, LOCAL_POSTGRES_PASSWORD: "wrong" }, "select 1")).rejects.toThrow(
      "password authentication failed",
    );
  });

  test("after kill -9 of the program the server goes too, and the next start has the data", async () => {
    const first = await start();
    await query(first.variables, "create table t as select 1 as n");
    first.child.kill("SIGKILL");
    await gone();
    expect(await query((await start()).variables, "select n from t")).toEqual([{ n: 1 }]);
  });

  test("after kill -9 of the server the program ends with an error, and the next start recovers", async () => {
    const first = await start();
    await query(first.variables, "create table t as select 1 as n");
    process.kill(Number((await readFile(join(data(), "postmaster.pid"), "utf8")).split("\n")[0]), "SIGKILL");
    expect(await first.exited).toBe(1);
    expect(await query((await start()).variables, "select n from t")).toEqual([{ n: 1 }]);
  });

  test("a stale lock file that names another program's process does not keep it from starting", async () => {
    await (await start()).end();
    await writeFile(
      join(data(), "postmaster.pid"),
      `${process.pid}\n${data()}\n1700000000\n5432\n/tmp\n127.0.0.1\n  1 1\nready\n`,
      { mode: 0o600 },
    );
    expect(await query((await start()).variables, "select 1 as n")).toEqual([{ n: 1 }]);
  });

  test("what a start left that died during initdb is swept", async () => {
    await mkdir(join(state, "cluster", "new-99"), { recursive: true, mode: 0o700 });
    await writeFile(join(state, "cluster", "pw-99"), "x");
    await start();
    expect(await readdir(join(state, "cluster"))).toEqual(["data"]);
  });

  test("a second program on the same folder is refused and the first goes on", async () => {
    const first = await start();
    await expect(start()).rejects.toThrow(`another process already runs PostgreSQL on ${state}`);
    expect(await query(first.variables, "select 1 as n")).toEqual([{ n: 1 }]);
  });

  test("a preferred port that is taken is replaced by a free one", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const taken = String((other.address() as { port: number }).port);
    const { variables } = await start({ env: { KC_STANDIN_PORT: taken } });
    expect(variables["LOCAL_POSTGRES_PORT"]).not.toBe(taken);
    other.close();
  });

  test("a checkout with a path too long for a socket works all the same", async () => {
    const deep = join(state, "x".repeat(90), "y".repeat(90));
    const program = await start({}, deep);
    expect(await query(program.variables, "select 1 as n")).toEqual([{ n: 1 }]);
    await program.end();
  });

  test("a folder made by another version is refused by name", async () => {
    await (await start()).end();
    await writeFile(join(data(), "PG_VERSION"), "9\n");
    await expect(start()).rejects.toThrow(/was made by PostgreSQL 9, this is 18/);
  });

  test("without an absolute state folder it says so and ends", async () => {
    await expect(start({}, "relative")).rejects.toThrow("KC_STANDIN_STATE must be an absolute folder");
  });
});

/** Whether any user may go down to this file: in a folder of root's alone another user finds no program to run. */
function readableByAll(): boolean {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}
const asOthers = process.getuid?.() === 0 && readableByAll();
if (process.getuid?.() === 0 && !asOthers)
  test.skip("for a caller that is not root: skipped, because no other user can read this checkout", () => {});

describe.runIf(asOthers)("for a caller that is not root", () => {
  test("runs as the caller", async () => {
    await chown(state, 65_534, 65_534);
    const program = await start({ uid: 65_534 });
    await query(program.variables, "create table t as select 1 as n");
    expect((await stat(data())).uid).toBe(65_534);
    program.child.kill("SIGKILL");
    await gone();
    expect(await query((await start({ uid: 65_534 })).variables, "select n from t")).toEqual([{ n: 1 }]);
  });

  test("runs for a uid that has no name", async () => {
    await chown(state, 43_210, 43_210);
    const program = await start({ uid: 43_210 });
    expect(await query(program.variables, "select 1 as n")).toEqual([{ n: 1 }]);
  });
});
