import { createHash } from "node:crypto";
import { chmod, mkdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { startPostgres } from "../src/index.ts";
import { query, remove, tempDir } from "./program.ts";

let state: string;
beforeEach(async () => {
  state = await tempDir();
});
afterEach(() => remove(state));

describe.runIf(process.getuid?.() === 0 && process.platform === "linux")("for a root caller", () => {
  test("a user namespace or another uid is found by itself", async () => {
    const server = await startPostgres({ stateDir: state });
    expect(["unshare", "setuid"]).toContain(server.method);
    expect(await query(server.variables, "select 1 as n")).toEqual([{ n: 1 }]);
    await server.stop();
  });

  test("as a uid that nobody has, and it stays with that uid later on", async () => {
    await chmod(state, 0o755);
    const first = await startPostgres({ stateDir: state, rootMethod: "setuid" });
    await query(first.variables, "create table t as select 1 as n");
    expect((await stat(join(state, "cluster", "data"))).uid).toBeGreaterThan(50_000);
    await first.stop();
    const second = await startPostgres({ stateDir: state });
    expect(second.method).toBe("setuid");
    expect(await query(second.variables, "select n from t")).toEqual([{ n: 1 }]);
    await second.stop();
  });

  test("in a checkout that no other uid can enter, the cluster moves to a folder it can reach", async () => {
    const hidden = join(state, "hidden");
    await mkdir(hidden, { mode: 0o700 });
    const outside = join("/var/tmp", `kc-postgres-${createHash("sha256").update(hidden).digest("hex").slice(0, 12)}`);
    const server = await startPostgres({ stateDir: hidden, rootMethod: "setuid" });
    expect(await query(server.variables, "select 1 as n")).toEqual([{ n: 1 }]);
    await server.stop();
    expect((await stat(join(outside, "cluster", "data"))).mode & 0o777).toBe(0o700);
    await remove(outside);
  });
});
