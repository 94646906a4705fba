import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { alive, definitions, makeWorkspace, until } from "./workspace.ts";

const before = `
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
const tell = (name: string, pid: number | undefined, env: Record<string, string | undefined>) => writeFileSync(join(env.OUTPUT_DIR!, name), String(pid));
const deaf = ["-e", "process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); setTimeout(() => {}, 600000)"];
/** A child in a session of its own whose own child outlives it. */
const nested = ["-e", "const c = require('node:child_process').spawn(process.execPath, " + JSON.stringify(deaf) + ", { detached: true, stdio: 'ignore' }); require('node:fs').writeFileSync(process.argv[1], String(c.pid)); c.unref();"];
function family(name: string, env: Record<string, string | undefined>): void {
  tell(name + ".deaf", spawn(process.execPath, deaf, { stdio: "ignore" }).pid, env);
  tell(name + ".session", spawn(process.execPath, deaf, { stdio: "ignore", detached: true }).pid, env);
  spawn(process.execPath, [...nested, join(env.OUTPUT_DIR!, name + ".orphan")], { stdio: "ignore", detached: true });
}
const never = (name: string, listens: boolean) => asset({ key: name, async materialize({ env, signal }) {
  family(name, env);
  tell(name + ".pid", process.pid, env);
  await new Promise((_, reject) => { setInterval(() => {}, 1000); if (listens) signal.addEventListener("abort", () => reject(signal.reason)); });
} });`;
const assets = `
  never("cancelled", true), never("ignores", false), never("killed", false), never("stopped_host", false),
  never("slow", true), never("slow_deaf", false),
  asset({ key: "computes", materialize() { const until = Date.now() + 1500; while (Date.now() < until); } }),
  asset({ key: "hangs", materialize({ env }) { tell("hangs.pid", process.pid, env); for (;;); } }),
  asset({ key: "next", deps: ["hangs"], materialize() {} }),
  ...Array.from({ length: 16 }, (_, index) => asset({ key: "wide/a" + index, async materialize() { wide++; most = Math.max(most, wide); await new Promise((r) => setTimeout(r, 20)); wide--; return { metadata: { most } }; } })),
`;
const workspace = makeWorkspace(
  { team: definitions("team", assets, `${before}\nlet wide = 0, most = 0;`) },
  "runs: { cancel_grace: 300ms, max_concurrent: 20 }\n",
);
const strict = makeWorkspace(
  { team: definitions("team", assets, `${before}\nlet wide = 0, most = 0;`) },
  "runs: { cancel_grace: 300ms, unresponsive_timeout: 2500ms, max_runtime: 30s }\n",
);
afterAll(() => {
  workspace.remove();
  strict.remove();
});

describe.concurrent("runs that do not end by themselves", () => {
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
  const pidOf = (name: string) => until(() => existsSync(join(output, name)) && Number(readFileSync(join(output, name), "utf8")));
  const family = async (name: string) => [
    await pidOf(`${name}.pid`),
    await pidOf(`${name}.deaf`),
    await pidOf(`${name}.session`),
    await pidOf(`${name}.orphan`),
  ];
  const gone = (pids: number[]) => until(() => pids.every((pid) => !alive(pid)));

  test.each(["cancelled", "ignores"])(
    "%s: cancelling ends grandchildren, deaf ones and those of sessions of their own",
    async (name) => {
      const submitted = await instance.api.submit({ selection: name });
      const pids = await family(name);
      expect(pids.every(alive)).toBe(true);
      await instance.api.cancel(submitted.runs[0]!.id);
      expect((await instance.finish(submitted)).runs[0]!.status).toBe("cancelled");
      await gone(pids);
    },
  );
  test("a worker that is killed takes all of them with it, and its run has failed", async () => {
    const submitted = await instance.api.submit({ selection: "killed" });
    const pids = await family("killed");
    const server = (await instance.api.workspace()).locations[0]!.pid!;
    // Its code server dies in the same moment.
    process.kill(server, "SIGKILL");
    process.kill(pids[0]!, "SIGKILL");
    expect((await instance.finish(submitted)).runs[0]).toMatchObject({
      status: "failed",
      reason: expect.stringContaining("worker process ended (SIGKILL)"),
    });
    await gone(pids);
  });
  test.each(["slow", "slow_deaf"])("%s: a run over its max runtime is stopped and has failed, saying so", async (name) => {
    const submitted = await instance.api.submit({ selection: name, tags: { "kc/max_runtime": "600ms" } });
    const pids = await family(name);
    const { runs, events } = await instance.finish(submitted);
    expect(runs[0]).toMatchObject({
      status: "failed",
      reason: "the run took longer than its max runtime of 600ms (tag kc/max_runtime)",
    });
    expect(events.filter((event) => event.type === "step_failed")).toHaveLength(1);
    await gone(pids);
  });
  test("of 16 steps never more than 4 run at once", async () => {
    const { runs, events } = await instance.materialize('key:"wide/*"');
    expect(runs[0]!.status).toBe("succeeded");
    const most = events.filter((event) => event.type === "materialization").map((event) => Number(event.metadata!.most!.value));
    expect(Math.max(...most)).toBe(4);
  });
  test("code that computes for a while without a break is left to it", async () => {
    expect((await instance.materialize("computes")).runs[0]!.status).toBe("succeeded");
  });
});

describe("workers that must not keep silent", () => {
  let instance: TestInstance;
  let output: string;
  beforeAll(async () => {
    output = mkdtempSync(join(tmpdir(), "kc-out-"));
    instance = await testInstance({ root: strict.root, env: { OUTPUT_DIR: output } });
  });
  afterAll(async () => {
    await instance.stop();
    rmSync(output, { recursive: true, force: true });
  });
  test("one that hangs is ended after the time that kc.yaml says, what came after it is skipped", async () => {
    const { runs, events } = await instance.materialize("hangs or next");
    expect(runs[0]).toMatchObject({ status: "failed", reason: expect.stringContaining("said nothing for 2.5s") });
    expect(events.filter((event) => event.asset).map((event) => [event.type, event.asset])).toEqual([
      ["step_failed", "hangs"],
      ["step_skipped", "next"],
    ]);
    const pid = Number(readFileSync(join(output, "hangs.pid"), "utf8"));
    // Its end is told before the last of its processes is reaped.
    await until(() => !alive(pid));
  });
});
