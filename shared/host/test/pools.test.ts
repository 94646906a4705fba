import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { definitions, makeWorkspace, until } from "./workspace.ts";

const before = `
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
async function hold(name: string, env: Record<string, string | undefined>, signal?: AbortSignal): Promise<void> {
  writeFileSync(join(env.OUTPUT_DIR!, name + ".pid"), String(process.pid));
  while (!existsSync(join(env.OUTPUT_DIR!, name + ".go"))) {
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
const held = (key: string, pool: string | { name: string; weight?: number }) =>
  asset({ key, pool, materialize: ({ env, signal }) => hold(key, env, signal) });
let tries = 0;`;
const assets = `
  held("one", "warehouse"), held("two", "warehouse"), held("killed", "crash"), held("after_kill", "crash"),
  held("cancelled", "cancel"), held("after_cancel", "cancel"), held("waiter", "cancel"),
  asset({ key: "heavy", pool: { name: "small", weight: 3 }, materialize() {} }),
  asset({ key: "flaky", pool: "between", retry: { max: 1, delay: "20m" }, materialize() { throw new Error("once"); } }),
  asset({ key: "between", pool: "between", materialize() {} }),
  asset({ key: "alone_a", pool: "alone", materialize() {} }), asset({ key: "alone_b", pool: "alone", materialize() {} }),
  held("whole_a", "whole"), held("whole_b", "whole"),
`;
const workspace = makeWorkspace(
  { team: definitions("team", assets, before), other: definitions("other", 'held("elsewhere", "warehouse")', before) },
  `runs: { max_concurrent: 50, cancel_grace: 300ms }
workers: { max_idle: 0 }
pools: { warehouse: 1, crash: 1, cancel: 1, small: 2, between: 1, alone: 1, whole: { slots: 1, granularity: run } }
`,
);
afterAll(() => workspace.remove());

describe.concurrent("pools", () => {
  let instance: TestInstance;
  let output: string;
  beforeAll(async () => {
    output = mkdtempSync(join(tmpdir(), "kc-out-"));
    instance = await testInstance({ root: workspace.root, env: { OUTPUT_DIR: output } });
  });
  afterAll(async () => {
    await instance.stop();
    rmSync(output, { recursive: true, force: true });
  });
  const begun = (name: string) => until(() => existsSync(join(output, `${name}.pid`)));
  const go = (name: string) => writeFileSync(join(output, `${name}.go`), "");
  const waits = (id: string) => until(async () => (await instance.api.run(id)).waitsFor ?? undefined);

  test("a limit of one makes the steps of two running runs, of any locations, go one after the other", async () => {
    const first = await instance.api.submit({ selection: "one" });
    await begun("one");
    const second = await instance.api.submit({ selection: "elsewhere" });
    const [a, b] = [first.runs[0]!.id, second.runs[0]!.id];
    expect(await waits(b)).toBe(`waits for pool warehouse (1 of 1 slot), held by run ${a} step one`);
    const detail = await instance.api.run(b);
    expect(detail.status).toBe("running");
    expect(detail.steps[0]).toMatchObject({ status: "waiting", pool: { name: "warehouse", weight: 1 } });
    expect((await instance.api.runEvents(b, { types: "step_waiting" }))[0]).toMatchObject({
      step: "elsewhere",
      message: `waits for pool warehouse (1 of 1 slot), held by run ${a} step one`,
    });
    const pool = (await instance.api.pools()).find((one) => one.name === "warehouse")!;
    expect(pool).toMatchObject({ slots: 1, taken: 1, by: "kc.yaml", granularity: "step", used: true });
    expect(pool.waiting.map((one) => one.runId)).toEqual([b]);
    expect(existsSync(join(output, "elsewhere.pid"))).toBe(false);
    go("one");
    await begun("elsewhere");
    go("elsewhere");
    expect((await instance.finish(second)).runs[0]!.status).toBe("succeeded");
  });
  test("a worker that is killed gives its slots back", async () => {
    await instance.api.submit({ selection: "killed" });
    await begun("killed");
    const second = await instance.api.submit({ selection: "after_kill" });
    await waits(second.runs[0]!.id);
    process.kill(Number(readFileSync(join(output, "killed.pid"), "utf8")), "SIGKILL");
    await begun("after_kill");
    go("after_kill");
    expect((await instance.finish(second)).runs[0]!.status).toBe("succeeded");
  });
  test("a cancelled run gives its slots back, and one that waits leaves the queue of the pool", async () => {
    const first = await instance.api.submit({ selection: "cancelled" });
    await begun("cancelled");
    const waiter = await instance.api.submit({ selection: "waiter" });
    await waits(waiter.runs[0]!.id);
    const last = await instance.api.submit({ selection: "after_cancel" });
    await waits(last.runs[0]!.id);
    await instance.api.cancel(waiter.runs[0]!.id);
    const waited = await instance.finish(waiter);
    expect(waited.runs[0]!.status).toBe("cancelled");
    expect(waited.events.filter((event) => event.type === "step_started")).toEqual([]);
    await instance.api.cancel(first.runs[0]!.id);
    await begun("after_cancel");
    go("after_cancel");
    expect((await instance.finish(last)).runs[0]!.status).toBe("succeeded");
  });
  test("a step that waits for its next try holds no slot", async () => {
    const flaky = await instance.api.submit({ selection: "flaky" });
    await until(async () => (await instance.api.runEvents(flaky.runs[0]!.id, { types: "step_retry" })).length > 0);
    expect((await instance.materialize("between")).runs[0]!.status).toBe("succeeded");
    expect((await instance.api.run(flaky.runs[0]!.id)).steps[0]).toMatchObject({ status: "waiting", attempt: 1, attempts: 2 });
    await instance.api.cancel(flaky.runs[0]!.id);
    expect((await instance.finish(flaky)).runs[0]!.status).toBe("cancelled");
  });
  test("a step heavier than its pool is refused before anything is stored, with the remedy", async () => {
    await expect(instance.api.submit({ selection: "heavy" })).rejects.toMatchObject({
      message: 'step "heavy" takes 3 slots of pool "small", which has 2: it could never run',
      hint: expect.stringContaining("kc pools set small 3"),
    });
    expect(await instance.api.runs({ asset: "heavy" })).toEqual([]);
    expect(await instance.api.setPool("small", 3)).toMatchObject({ slots: 3, by: "command" });
    expect((await instance.materialize("heavy")).runs[0]!.status).toBe("succeeded");
    expect(await instance.api.setPool("small", null)).toMatchObject({ slots: 2, by: "kc.yaml" });
    await expect(instance.api.setPool("small", null)).rejects.toThrow("no limit of pool");
    await expect(instance.api.setPool("x y", 1)).rejects.toThrow("no name of a pool");
    await expect(instance.api.setPool("small", -1)).rejects.toThrow();
  });
  test("a run whose own steps share a pool does not block itself", async () => {
    const { runs } = await instance.materialize("alone_a or alone_b");
    expect(runs.map((run) => run.status)).toEqual(["succeeded"]);
  });
  test("of a pool of granularity run the second run stays in the queue", async () => {
    const first = await instance.api.submit({ selection: "whole_a" });
    await begun("whole_a");
    const second = await instance.api.submit({ selection: "whole_b" });
    const id = second.runs[0]!.id;
    expect(await waits(id)).toBe(`waits for pool whole (1 of 1 slot), held by run ${first.runs[0]!.id}`);
    expect((await instance.api.run(id)).status).toBe("queued");
    go("whole_a");
    go("whole_b");
    expect((await instance.finish(second)).runs[0]!.status).toBe("succeeded");
  });
  test("a paused pool holds its steps until it is opened", async () => {
    await instance.api.setPool("later", 0);
    expect((await instance.api.pools()).find((pool) => pool.name === "later")).toMatchObject({ slots: 0, by: "command" });
  });
});
