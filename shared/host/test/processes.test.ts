import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openSqlite } from "@kc/storage/sqlite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { apiClient } from "../src/client/client.ts";
import type { RunEvent } from "../src/client/types.ts";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { alive, definitions, makeWorkspace, processTree, until } from "./workspace.ts";

const before = `
import { spawn } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Tells the test that it runs, and waits until the test says go. */
async function hold(name: string, env: Record<string, string | undefined>, signal?: AbortSignal): Promise<void> {
  writeFileSync(join(env.OUTPUT_DIR!, name + ".pid"), String(process.pid));
  while (!existsSync(join(env.OUTPUT_DIR!, name + ".go"))) {
    signal?.throwIfAborted();
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
/** A child process that would outlive everything. */
function child(name: string, env: Record<string, string | undefined>): void {
  const one = spawn("sleep", ["600"], { stdio: "ignore" });
  writeFileSync(join(env.OUTPUT_DIR!, name + ".child"), String(one.pid));
}`;
const assets = `
  asset({ key: "quick", materialize: () => ({ metadata: { pid: process.pid } }) }),
  asset({ key: "held", async materialize({ env, signal, log }) { log.info("before"); await hold("held", env, signal); } }),
  asset({ key: "orphaned", async materialize({ env, signal }) { await hold("orphaned", env, signal); } }),
  asset({ key: "after", deps: ["held"], materialize: () => {} }),
  asset({ key: "parent", async materialize({ env, signal }) { child("parent", env); await hold("parent", env, signal); } }),
  asset({ key: "deaf", async materialize({ env }) { child("deaf", env); await hold("deaf", env); } }),
  asset({ key: "looping", materialize({ env }) { child("looping", env); writeFileSync(join(env.OUTPUT_DIR!, "looping.pid"), String(process.pid)); for (;;); } }),
  asset({ key: "exits", materialize() { console.error("the last words"); process.exit(7); } }),
  asset({ key: "crashes", async materialize() { setTimeout(() => { throw new Error("thrown on its own"); }, 0); await new Promise(() => setInterval(() => {}, 1_000)); } }),
  asset({ key: "flood", materialize() {
    const text = "x".repeat(90);
    for (let at = 0; at < 100_000; at++) console.log(at + " " + text);
    process.stdout.write("without a line's end");
    process.stderr.write(new Uint8Array([0xc3]));
    process.stderr.write(new Uint8Array([0xa4, 10]));
  } }),
  asset({ key: "secretive", resources: { db: resource({ schema: { safeParse: (data: unknown) => ({ success: true, data }) } as never, config: { token: env("THE_TOKEN") } as never, setup: () => 1 }) }, materialize() {} }),
  asset({ key: "noisy", async materialize({ log, env, signal }) {
    for (let at = 0; !existsSync(join(env.OUTPUT_DIR!, "noisy.go")); at++) { signal.throwIfAborted(); log.info("line " + at); if (at % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1)); if (at === 500) writeFileSync(join(env.OUTPUT_DIR!, "noisy.pid"), String(process.pid)); }
  } }),`;
const next = `asset({ key: "next", deps: ["held", "noisy"], materialize: () => {} })`;

const workspace = makeWorkspace(
  { team: definitions("team", assets, before), other: definitions("other", next) },
  "runs: { cancel_grace: 300ms, max_concurrent: 20 }\n",
);
afterAll(() => workspace.remove());

const fileOf = (instance: TestInstance, name: string) => join(instance.output, name);
const pidIn = (instance: TestInstance, name: string) =>
  until(() => existsSync(fileOf(instance, name)) && Number(readFileSync(fileOf(instance, name), "utf8")));
const gone = (pids: number[], limitMs?: number) => until(() => pids.every((pid) => !alive(pid)), limitMs);
const hostPid = (home: string) => (JSON.parse(readFileSync(join(home, "host.json"), "utf8")) as { pid: number }).pid;
const start = async (more: Parameters<typeof testInstance>[0] = {}) => {
  const output = mkdtempSync(join(tmpdir(), "kc-out-"));
  const instance = await testInstance({ root: workspace.root, ...more, env: { OUTPUT_DIR: output, ...more.env } });
  return {
    ...instance,
    output,
    async stop() {
      await instance.stop();
      rmSync(output, { recursive: true, force: true });
    },
  };
};
const end = (events: RunEvent[]) => events.find((event) => /^run_(succeeded|failed|cancelled)$/.test(event.type))!;

describe.concurrent("runs and their processes", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await start({ env: { THE_TOKEN: "s3cr3t-of-the-test" } });
  });
  afterAll(() => instance.stop());

  test("a worker that is killed fails its run within seconds, naming it; the next run succeeds", async () => {
    const submitted = await instance.api.submit({ selection: "held or after" });
    const pid = await pidIn(instance, "held.pid");
    // What the step said in the very turn in which it is killed may be lost; what was stored is not.
    await expect
      .poll(async () => (await instance.api.runEvents(submitted.runs[0]!.id)).some((event) => event.message === "before"))
      .toBe(true);
    process.kill(pid, "SIGKILL");
    const { runs, events } = await instance.finish(submitted);
    expect(runs[0]).toMatchObject({ status: "failed", reason: expect.stringContaining("worker process ended (SIGKILL)") });
    expect(events.filter((event) => event.asset).map((event) => [event.type, event.asset])).toEqual([
      ["step_failed", "held"],
      ["step_skipped", "after"],
    ]);
    expect(events.some((event) => event.message === "before")).toBe(true);
    const again = await instance.materialize("quick");
    expect(again.runs[0]!.status).toBe("succeeded");
    expect(again.events.find((event) => event.type === "materialization")!.metadata!.pid!.value).not.toBe(pid);
  });
  test("a worker that is killed together with its code server fails its run too; the location is there again", async () => {
    const submitted = await instance.api.submit({ selection: "orphaned" });
    const pid = await pidIn(instance, "orphaned.pid");
    const [server] = (await instance.api.workspace()).locations.filter((one) => one.name === "team");
    process.kill(server!.pid!, "SIGKILL");
    process.kill(pid, "SIGKILL");
    const { runs } = await instance.finish(submitted);
    expect(runs[0]).toMatchObject({ status: "failed", reason: expect.stringContaining("worker process ended (SIGKILL)") });
    await until(async () => {
      const [now] = (await instance.api.workspace()).locations.filter((one) => one.name === "team");
      return now!.status === "loaded" && now!.pid !== server!.pid;
    });
    expect((await instance.materialize("quick")).runs[0]!.status).toBe("succeeded");
  });
  test("a step that ends the process fails its run, with the last words", async () => {
    const { runs } = await instance.materialize("exits");
    expect(runs[0]).toMatchObject({ status: "failed", reason: expect.stringContaining("exit code 7") });
  });
  test("an error thrown outside of every step fails the run with its text", async () => {
    const { runs } = await instance.materialize("crashes");
    expect(runs[0]!.status).toBe("failed");
    expect(runs[0]!.reason).toContain("worker process ended (exit code 1): Error: thrown on its own");
  });
  test("cancelling ends what the step had started too", async () => {
    const submitted = await instance.api.submit({ selection: "parent" });
    await pidIn(instance, "parent.pid");
    const pids = [await pidIn(instance, "parent.child")];
    await instance.api.cancel(submitted.runs[0]!.id);
    expect((await instance.finish(submitted)).runs[0]!.status).toBe("cancelled");
    await gone(pids);
  });
  test.each(["deaf", "looping"])("a %s step is ended with its children once the grace is over", async (name) => {
    const submitted = await instance.api.submit({ selection: name });
    const pids = [await pidIn(instance, `${name}.pid`), await pidIn(instance, `${name}.child`)];
    expect((await instance.api.cancel(submitted.runs[0]!.id)).status).toMatch(/cancel/);
    const { runs, events } = await instance.finish(submitted);
    expect(runs[0]!.status).toBe("cancelled");
    expect(end(events).message).toContain("its worker ended");
    await gone(pids);
  });
  test("a run that waits is cancelled at once; one that has ended cannot be", async () => {
    const submitted = await instance.api.submit({ selection: "quick" });
    await instance.finish(submitted);
    await expect(instance.api.cancel(submitted.runs[0]!.id)).rejects.toThrow("has ended");
    await expect(instance.api.cancel("nobody")).rejects.toThrow('there is no run "nobody"');
  });
  test("a step that floods loses no line, not even one without an end", async () => {
    const { runs, events } = await instance.materialize("flood");
    expect(runs[0]!.status).toBe("succeeded");
    const lines = events.filter((event) => event.type === "log" && event.stream === "stdout").map((event) => event.message!);
    expect(lines).toHaveLength(100_001);
    expect(lines.slice(0, -1).every((line, at) => line.startsWith(`${at} x`) && line.length > 90)).toBe(true);
    expect(lines.at(-1)).toBe("without a line's end");
    expect(events.filter((event) => event.stream === "stderr").map((event) => event.message)).toEqual(["ä"]);
    expect(new Set(events.map((event) => event.id)).size).toBe(events.length);
  });
  test("no secret of the environment stands in answers, events or the log", async () => {
    await instance.materialize("secretive");
    const answers = await Promise.all([
      instance.api.workspace(),
      instance.api.assets(),
      instance.api.asset("secretive"),
      instance.api.connections(),
      instance.api.runs(),
    ]);
    const text = [
      JSON.stringify(answers),
      readFileSync(join(instance.home, "logs", "host.log"), "utf8"),
      readFileSync(join(instance.home, "instance.db"), "latin1"),
      readFileSync(join(instance.home, "instance.db-wal"), "latin1"),
    ].join("\n");
    expect(text).toContain("secretive");
    expect(text).not.toContain("s3cr3t-of-the-test");
  });
});

describe.concurrent("the host", () => {
  test("killed in the middle of a run leaves no process, loses no event, and ends the run when it is back", async () => {
    const home = mkdtempSync(join(tmpdir(), "kc-home-"));
    const first = await start({ home });
    const submitted = await first.api.submit({ selection: "noisy or next" });
    const [noisy, dependant] = submitted.runs.toSorted((a, b) => a.needs.length - b.needs.length);
    const worker = await pidIn(first, "noisy.pid");
    const acknowledged: RunEvent[] = [];
    const abort = new AbortController();
    for await (const event of first.api.events({ after: 0, runId: noisy!.id }, abort.signal)) {
      acknowledged.push(event);
      if (acknowledged.length > 300) break;
    }
    abort.abort();
    // Code that never gives its thread back, with a child of its own, ends with the host as well.
    const looping = await first.api.submit({ selection: "looping" });
    const others = [await pidIn(first, "looping.pid"), await pidIn(first, "looping.child")];
    const host = hostPid(home);
    const tree = processTree(host);
    expect(tree).toEqual(expect.arrayContaining([worker, ...others]));
    process.kill(host, "SIGKILL");
    await gone(tree, 10_000);
    const second = await start({ home });
    try {
      const { runs, events } = await second.finish({ ...submitted, runs: submitted.runs });
      expect((await second.finish(looping)).runs[0]!.status).toBe("failed");
      const status = Object.fromEntries(runs.map((run) => [run.id, run]));
      expect(status[noisy!.id]).toMatchObject({ status: "failed", reason: "kc was stopped or killed while the run went on" });
      expect(status[dependant!.id]).toMatchObject({ status: "skipped", reason: expect.stringContaining(noisy!.id) });
      expect(events.filter((event) => acknowledged.some((one) => one.id === event.id))).toEqual(acknowledged);
      const lines = events.filter((event) => event.message?.startsWith("line ")).map((event) => event.message);
      expect(lines).toEqual(lines.map((_, at) => `line ${at}`));
      expect(events.filter((event) => event.type === "step_failed").map((event) => event.asset)).toEqual(["noisy"]);
      // A retry of the request makes what is left, and nothing else.
      writeFileSync(join(second.output, "noisy.go"), "");
      const retried = await second.finish(await second.api.reexecute(noisy!.id));
      expect(retried.runs.map((run) => [run.assets, run.status]).sort()).toEqual([
        [["next"], "succeeded"],
        [["noisy"], "succeeded"],
      ]);
      await expect(second.api.reexecute(retried.runs[0]!.id)).rejects.toThrow("nothing to retry");
    } finally {
      await Promise.all([first.stop(), second.stop()]);
      rmSync(home, { recursive: true, force: true });
    }
  });
  test("on a port that is taken serves on the next one", async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as { port: number };
    const instance = await start({ port });
    expect(Number(new URL(instance.url).port)).toBeGreaterThan(port);
    expect((await instance.api.health()).status).toBe("ok");
    await instance.stop();
    server.close();
  });
  test("of two that start at once on one home one serves both", async () => {
    const home = mkdtempSync(join(tmpdir(), "kc-home-"));
    const [one, two] = await Promise.all([start({ home }), start({ home })]);
    expect(two!.url).toBe(one!.url);
    expect((await one!.api.health()).leases).toBe(2);
    await one!.stop();
    expect((await two!.api.health()).leases).toBe(1);
    await two!.stop();
    await expect(two!.api.health()).rejects.toThrow();
    rmSync(home, { recursive: true, force: true });
  });
  test("ends with all its children some seconds after the command that started it is killed", async () => {
    const home = mkdtempSync(join(tmpdir(), "kc-home-"));
    const command = spawn(
      process.execPath,
      ["--disable-warning=ExperimentalWarning", join(import.meta.dirname, "command.ts"), workspace.root, home],
      {
        stdio: ["ignore", "ignore", "inherit"],
      },
    );
    await until(() => existsSync(join(home, "host.json")));
    const { pid: host, url } = JSON.parse(readFileSync(join(home, "host.json"), "utf8")) as { pid: number; url: string };
    await until(async () => (await apiClient(url).health()).leases === 1);
    const tree = await until(() => {
      const found = processTree(host);
      return found.length > 2 && found;
    });
    command.kill("SIGKILL");
    await gone(tree, 5_000);
    const storage = openSqlite(join(home, "instance.db"));
    expect((await storage.info()).counts.runs).toBe(0);
    await storage.close();
    rmSync(home, { recursive: true, force: true });
  });
});
