import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, runtimePackage, until } from "./workspace.ts";

const workspace = makeWorkspace({
  team: definitions(
    "team",
    `asset({ key: "a", materialize: ({ env }) => ok(env, "a") }),
     asset({ key: "b", deps: ["a"], materialize: ({ env }) => ok(env, "b") }),
     asset({ key: "c", deps: ["b"], materialize: ({ env }) => ok(env, "c") }),
     asset({ key: "needy", resources: { vendor }, materialize: () => {} }),
     asset({ key: "day", partitions: days, materialize: async ({ env, partitions }) => {
       const [key] = partitions.keys;
       while (key === "y" && existsSync(env.BROKEN + "/held")) await new Promise((done) => setTimeout(done, 10));
       ok(env, "day " + key);
     } }),
     asset({ key: "total", deps: ["day"], materialize: () => {} })`,
    `import { existsSync } from "node:fs"; import { assetCheck, staticPartitions } from "${runtimePackage}";
     const days = staticPartitions(["x", "y", "z"]);
     const vendor = resource({ config: { token: env("VENDOR_TOKEN") }, setup: () => ({}) });
     const ok = (env, what) => { if (existsSync(env.BROKEN + "/" + what)) throw new Error(what + " is broken"); };`,
    `checks: [assetCheck({ asset: "c", name: "throws", run: ({ env }) => (ok(env, "check"), { passed: true }) }),
              assetCheck({ asset: "c", name: "fails", run: () => ({ passed: false }) })]`,
  ),
});
const broken = mkdtempSync(join(tmpdir(), "kc-broken-"));
let instance: TestInstance;
beforeAll(async () => {
  instance = await testInstance({ root: workspace.root, env: { BROKEN: broken } });
});
afterAll(async () => {
  await instance?.stop();
  workspace.remove();
  rmSync(broken, { recursive: true });
});

const damage = (...what: string[]): void => {
  for (const one of what) writeFileSync(join(broken, one), "");
};
const repair = (...what: string[]): void => {
  for (const one of what) rmSync(join(broken, one));
};
const make = (selection: string, partition?: string) => instance.materialize(selection, partition ? { partition } : {});
const unmade = async () => (await instance.api.failures()).runs.map((run) => [run.partition, ...run.unmade]);

describe("a failed run stands", () => {
  test("until what it left unmade is made, in whichever run: not when only the rest of it is made", async () => {
    damage("b");
    await make("a or b");
    expect(await unmade()).toEqual([[null, "b"]]);
    await make("a");
    expect(await unmade()).toEqual([[null, "b"]]);
    repair("b");
    await make("a or b or c");
    expect(await unmade()).toEqual([]);
  });
  test("of several of the same only the latest, until its re-execution succeeds", async () => {
    damage("b");
    await make("a or b or c");
    const latest = (await make("b or c")).runs[0]!;
    expect((await instance.api.failures()).runs).toMatchObject([
      { id: latest.id, title: "2 assets", location: "team", reason: 'step "b" failed', error: "b is broken", unmade: ["b", "c"] },
    ]);
    repair("b");
    await instance.finish(await instance.api.reexecute(latest.id));
    expect(await unmade()).toEqual([]);
  });
  test("for each partition by itself", async () => {
    damage("day x");
    await make("day", "x");
    await make("day", "y");
    expect(await unmade()).toEqual([["x", "day"]]);
    damage("day z");
    await make("day", "z");
    expect(await unmade()).toEqual([
      ["z", "day"],
      ["x", "day"],
    ]);
    repair("day x", "day z");
    await make("day", "z");
    expect(await unmade()).toEqual([["x", "day"]]);
    await make("day", "x");
    expect(await unmade()).toEqual([]);
  });
  test("until somebody says that it was made elsewhere, or has it forgotten", async () => {
    damage("a", "day x");
    await make("a");
    await make("day", "x");
    await instance.api.report({ type: "materialization", asset: "a" });
    expect(await unmade()).toEqual([["x", "day"]]);
    await instance.api.wipe({ selection: "day", partition: "x" });
    expect(await unmade()).toEqual([]);
    await make("a");
    await make("day", "x");
    await instance.api.wipe({ selection: "a or day" });
    expect(await unmade()).toEqual([]);
    repair("a", "day x");
  });
  test("though none of its steps began", async () => {
    await make("needy");
    expect((await instance.api.failures()).runs).toMatchObject([
      { title: "needy", reason: expect.stringContaining("VENDOR_TOKEN") },
    ]);
    await instance.api.report({ type: "materialization", asset: "needy" });
    expect(await unmade()).toEqual([]);
  });
  test("of checks until they are carried out, however they end: what they say is told as checks", async () => {
    const check = async (name: string) => instance.finish(await instance.api.submit({ checks: [`c:${name}`] }));
    damage("check");
    expect((await check("throws")).runs[0]!.status).toBe("failed");
    expect((await check("fails")).runs[0]!.status).toBe("failed");
    expect(await unmade()).toEqual([[null, "c:throws"]]);
    repair("check");
    await check("throws");
    expect(await unmade()).toEqual([]);
  });
});

describe("a backfill", () => {
  beforeEach(() => damage("day x"));
  const ended = (id: string) => until(async () => (await instance.api.backfill(id)).endedAt !== null);
  const open = async () => (await instance.api.failures()).backfills.map((one) => [one.id, one.status, one.unmade]);

  test("that failed stands, in place of its runs, until what failed and what was left out for it is made", async () => {
    const { id } = await instance.api.startBackfill({ selection: "day or total", partitions: ["x"] });
    await ended(id);
    expect(await open()).toEqual([[id, "failed", 2]]);
    expect(await unmade()).toEqual([]);
    repair("day x");
    await make("day", "x");
    expect(await open()).toEqual([[id, "failed", 1]]);
    await make("total");
    expect(await open()).toEqual([]);
    damage("day x");
    await instance.api.controlBackfill(id, "retry");
    await ended(id);
    expect(await open()).toEqual([[id, "failed", 1]]);
    repair("day x");
    await instance.api.controlBackfill(id, "retry");
    await until(async () => (await instance.api.backfill(id)).status === "succeeded");
    expect(await open()).toEqual([]);
  });
  test("that goes on stands once something of it failed; one that was cancelled is as somebody wanted it", async () => {
    damage("held");
    const { id } = await instance.api.startBackfill({ selection: "day or total", maxRuns: 1 });
    await until(async () => (await instance.api.backfill(id)).progress.failed === 1);
    await instance.api.controlBackfill(id, "pause");
    expect(await open()).toEqual([[id, "paused", expect.any(Number)]]);
    await instance.api.controlBackfill(id, "cancel");
    repair("held");
    await ended(id);
    expect(await open()).toEqual([]);
    expect(await unmade()).toEqual([]);
    repair("day x");
  });
});
