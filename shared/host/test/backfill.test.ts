import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, runtimePackage, until } from "./workspace.ts";

const before = `
import { dailyPartitions, dynamicPartitions, mapping, weeklyPartitions } from "${runtimePackage}";
import { appendFileSync, existsSync } from "node:fs";
import { join } from "node:path";
const daily = dailyPartitions({ start: "2026-01-01", end: "2026-02-01" });
const note = (env, line) => appendFileSync(join(env.OUTPUT_DIR, "made.txt"), line + "\\n");`;
const source = `
  asset({ key: "day", partitions: daily, config: undefined, async materialize({ partition, env, signal }) {
    if (existsSync(join(env.OUTPUT_DIR, "fail." + partition))) throw new Error("told to fail");
    while (existsSync(join(env.OUTPUT_DIR, "hold"))) { signal.throwIfAborted(); await new Promise((r) => setTimeout(r, 10)); }
    note(env, "day " + partition);
  } }),
  asset({ key: "range", partitions: daily, backfill: "single", materialize({ partitions, env }) { note(env, "range " + partitions.ranges.join(",") + " " + partitions.keys.length); } }),
  asset({ key: "customer", partitions: dynamicPartitions("customers"), materialize({ partition, env }) { note(env, "customer " + partition); } }),
  asset({ key: "plain", materialize() {} }),`;
const down = `
  asset({ key: "week", deps: ["day"], partitions: weeklyPartitions({ start: "2026-01-01", end: "2026-02-01" }),
    materialize({ partition, upstream, env }) { note(env, "week " + partition + " of " + upstream[0].partitions.join(",")); } }),
  asset({ key: "total", deps: ["week"], materialize({ upstream, env }) { note(env, "total of " + upstream[0].partitions.join(",")); } }),`;
const workspace = makeWorkspace({ source: definitions("source", source, before), down: definitions("down", down, before) });
afterAll(() => workspace.remove());

describe("partitions and backfills over locations", () => {
  let instance: TestInstance;
  let output: string;
  let home: string;
  beforeAll(async () => {
    output = mkdtempSync(join(tmpdir(), "kc-out-"));
    home = mkdtempSync(join(tmpdir(), "kc-home-"));
    instance = await testInstance({ root: workspace.root, home, env: { OUTPUT_DIR: output } });
  });
  afterAll(async () => {
    await instance.stop();
    rmSync(output, { recursive: true, force: true });
    rmSync(home, { recursive: true, force: true });
  });
  const file = (name: string) => join(output, name);
  const made = () => (existsSync(file("made.txt")) ? readFileSync(file("made.txt"), "utf8").trim().split("\n") : []);
  const ended = (id: string) =>
    until(async () => {
      const one = await instance.api.backfill(id);
      return one.endedAt ? one : undefined;
    });

  test("a run makes the partition it is asked for; without one, with a wrong one, or with one too many it is refused", async () => {
    const { runs } = await instance.api.submit({ selection: "day", partition: "2026-01-31" });
    await until(async () => (await instance.api.run(runs[0]!.id)).status === "succeeded");
    expect(made()).toEqual(["day 2026-01-31"]);
    await expect(instance.api.submit({ selection: "day" })).rejects.toThrow("which of them");
    await expect(instance.api.submit({ selection: "day", partition: "2026-01-32" })).rejects.toThrow("no partition");
    await expect(instance.api.submit({ selection: "day", partition: "2026-01-01...2026-01-02" })).rejects.toThrow(
      "makes one partition",
    );
    await expect(instance.api.submit({ selection: "plain", partition: "2026-01-01" })).rejects.toThrow(
      "no selected asset has partitions",
    );
    const status = await instance.api.partitions("day", { newest: true, limit: 2 });
    expect(status.counts).toEqual({ total: 31, materialized: 1, failed: 0, inProgress: 0, missing: 30 });
    expect(status.partitions.map((one) => [one.key, one.status, one.runId])).toEqual([
      ["2026-01-31", "materialized", runs[0]!.id],
      ["2026-01-30", "missing", null],
    ]);
    expect(status.ranges.missing).toEqual(["2026-01-01...2026-01-30"]);
  });

  test("a backfill makes days, then the weeks that need them, then what needs the weeks, over two locations", async () => {
    writeFileSync(file("made.txt"), "");
    const body = { selection: "day or week or total", partitions: ["2026-01-04...2026-01-17"] };
    const plan = await instance.api.planBackfill(body);
    expect(plan.assets.map((one) => [one.key, one.count])).toEqual([["day", 14], ["week", 2], ["total", 1]]); // biome-ignore format: short
    expect(plan).toMatchObject({ partitions: 17, runs: 17 });
    expect(await instance.api.planBackfill({ ...body, policy: { chunks: 5 } })).toMatchObject({
      groups: [
        { assets: ["day"], policy: { chunks: 5 }, runs: 3 },
        { assets: ["week"], policy: { chunks: 5 }, runs: 1 },
        { assets: ["total"], policy: null, runs: 1 },
      ],
      runs: 5,
    });
    const { id } = await instance.api.startBackfill(body);
    const end = await ended(id);
    expect(end).toMatchObject({ status: "succeeded", progress: { total: 17, done: 17, failed: 0 }, runs: 17 });
    const lines = made();
    expect(lines.filter((line) => line.startsWith("day"))).toHaveLength(14);
    expect(lines.indexOf("week 2026-01-04 of 2026-01-04...2026-01-10")).toBeGreaterThan(lines.indexOf("day 2026-01-10"));
    expect(lines.at(-1)).toBe("total of 2026-01-04...2026-01-25");
  });

  test("single: one run over the range, one event, every partition made", async () => {
    const { id } = await instance.api.startBackfill({ selection: "range", scope: "all" });
    expect((await ended(id)).runs).toBe(1);
    expect(made()).toContain("range 2026-01-01...2026-01-31 31");
    expect((await instance.api.partitions("range")).counts).toMatchObject({ materialized: 31, missing: 0 });
  });

  test("what failed is told, what needs it is left out; retry makes both and nothing else", async () => {
    writeFileSync(file("made.txt"), "");
    writeFileSync(file("fail.2026-01-19"), "");
    const { id } = await instance.api.startBackfill({ selection: "day or week", partitions: ["2026-01-18...2026-01-24"] });
    const end = await ended(id);
    expect(end).toMatchObject({ status: "failed", progress: { done: 6, failed: 1, skipped: 1 } });
    expect(end.assets.map((one) => [one.key, one.failedPartitions, one.skippedPartitions])).toEqual([
      ["day", ["2026-01-19"], []],
      ["week", [], ["2026-01-18"]],
    ]);
    expect((await instance.api.partitions("day")).ranges.failed).toEqual(["2026-01-19"]);
    rmSync(file("fail.2026-01-19"));
    writeFileSync(file("made.txt"), "");
    await instance.api.controlBackfill(id, "retry");
    expect(await ended(id)).toMatchObject({ status: "succeeded", progress: { done: 8, failed: 0, skipped: 0 } });
    expect(made()).toEqual(["day 2026-01-19", "week 2026-01-18 of 2026-01-18...2026-01-24"]);
    await expect(instance.api.controlBackfill(id, "retry")).rejects.toThrow("nothing of backfill");
    await expect(instance.api.controlBackfill(id, "pause")).rejects.toThrow("has ended");
  });

  test("only what is missing", async () => {
    const plan = await instance.api.planBackfill({ selection: "day", scope: "all", only: "missing" });
    expect(plan.assets[0]!.partitions).toEqual(["2026-01-01...2026-01-03", "2026-01-25...2026-01-30"]);
    await expect(instance.api.planBackfill({ selection: "range", only: "missing" })).rejects.toThrow("nothing to make");
    await expect(instance.api.planBackfill({ selection: "plain" })).rejects.toThrow("needs an asset with partitions");
    await expect(instance.api.planBackfill({ selection: "location:sorce" })).rejects.toThrow('"source"');
  });

  test("paused it asks for nothing more, resumed it goes on; cancelled it ends its runs", async () => {
    writeFileSync(file("hold"), "");
    const { id } = await instance.api.startBackfill({ selection: "day", partitions: ["2026-01-01...2026-01-06"], maxRuns: 2 });
    await until(async () => (await instance.api.backfill(id)).open.length === 2);
    await instance.api.controlBackfill(id, "pause");
    await expect(instance.api.controlBackfill(id, "pause")).rejects.toThrow("is paused already");
    rmSync(file("hold"));
    await until(async () => (await instance.api.backfill(id)).progress.done === 2);
    expect(await instance.api.backfill(id)).toMatchObject({ status: "paused", runs: 2, open: [] });
    writeFileSync(file("hold"), "");
    await instance.api.controlBackfill(id, "resume");
    await until(async () => (await instance.api.backfill(id)).runs === 4);
    await instance.api.controlBackfill(id, "cancel");
    const end = await ended(id);
    expect(end).toMatchObject({ status: "cancelled", open: [], runs: 4, reason: null });
    expect(end.progress).toMatchObject({ total: 6, done: 2, failed: 0, skipped: 0 });
    expect((await instance.api.partitions("day")).ranges.failed).toEqual([]);
    rmSync(file("hold"));
  });

  test("ten partitions are ten runs, each tagged with the one backfill", async () => {
    const { id } = await instance.api.startBackfill({ selection: "day", partitions: ["2026-01-15...2026-01-24"] });
    expect(await ended(id)).toMatchObject({ status: "succeeded", runs: 10 });
    const runs = (await instance.api.runs({ asset: "day", limit: 1_000 })).filter((run) => run.tags["kc/backfill"] === id);
    expect(runs.map((run) => run.partition).toSorted()).toEqual(Array.from({ length: 10 }, (_, n) => `2026-01-${n + 15}`));
  });

  test("keys of dynamic partitions are added and deleted while it runs", async () => {
    await expect(instance.api.submit({ selection: "customer", partition: "acme" })).rejects.toThrow("no partition");
    expect(await instance.api.changeDynamicPartitions("customers", { add: ["acme", "globex", "acme"] })).toEqual({
      added: ["acme", "globex"],
      deleted: [],
    });
    expect(await instance.api.changeDynamicPartitions("customers", { add: ["acme"] })).toEqual({ added: [], deleted: [] });
    const { id } = await instance.api.startBackfill({ selection: "customer", scope: "all" });
    expect((await ended(id)).progress.done).toBe(2);
    await instance.api.changeDynamicPartitions("customers", { delete: ["acme"] });
    expect((await instance.api.partitions("customer")).counts).toMatchObject({ total: 1, materialized: 1 });
    await expect(instance.api.changeDynamicPartitions("customer", { add: ["x"] })).rejects.toThrow('Did you mean "customers"?');
    await expect(instance.api.changeDynamicPartitions("customers", { add: ["a|b"] })).rejects.toThrow("is refused");
  });

  test.each([
    ["is killed", async () => void process.kill((await instance.api.health()).pid, "SIGKILL")],
    ["is stopped, and whose steps heed it", () => instance.stop()],
  ])("a host that %s goes on with the backfill where it was by itself: every partition is made", async (_, stop) => {
    writeFileSync(file("made.txt"), "");
    writeFileSync(file("hold"), "");
    const { id } = await instance.api.startBackfill({ selection: "day", partitions: ["2026-01-07...2026-01-14"], maxRuns: 4 });
    await until(async () => (await instance.api.backfill(id)).open.length === 4);
    await stop();
    rmSync(file("hold"));
    instance = await testInstance({ root: workspace.root, home, env: { OUTPUT_DIR: output } });
    const end = await ended(id);
    expect(end).toMatchObject({ status: "succeeded", progress: { total: 8, done: 8, failed: 0, skipped: 0 } });
    expect([...new Set(made())].sort()).toEqual(
      Array.from({ length: 8 }, (_, n) => `day 2026-01-${String(n + 7).padStart(2, "0")}`),
    );
  });
});
