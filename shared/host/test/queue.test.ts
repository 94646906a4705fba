import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type TestInstance, testInstance } from "../src/testing.ts";
import { alive, definitions, makeWorkspace, until } from "./workspace.ts";

const workspace = makeWorkspace(
  {
    team: definitions(
      "team",
      `asset({ key: "one", materialize() {} }),
       asset({ key: "fails", materialize() { throw new Error("always"); } }),
       asset({ key: "held", async materialize({ env, signal }) {
         while (!existsSync(join(env.OUTPUT_DIR!, "go"))) { signal.throwIfAborted(); await new Promise((resolve) => setTimeout(resolve, 10)); }
       } })`,
      'import { existsSync } from "node:fs";\nimport { join } from "node:path";',
      `schedules: [schedule({ name: "each_second", cron: "* * * * * *", target: "one" })]`,
    ),
  },
  "runs: { max_concurrent: 3, retries: { max: 1, delay: 1s } }\n",
);
afterAll(() => workspace.remove());

describe("the queue", () => {
  let instance: TestInstance;
  beforeAll(async () => {
    instance = await testInstance({ root: workspace.root });
  });
  afterAll(() => instance.stop());
  test("takes many runs at once: they start in their order, and never more go on than may", async () => {
    const submitted = [];
    for (let at = 0; at < 60; at++) submitted.push(await instance.api.submit({ selection: "one" }));
    const ids = submitted.map((one) => one.runs[0]!.id);
    const open = new Set(ids);
    const going = new Set<string>();
    const started: string[] = [];
    let most = 0;
    const abort = new AbortController();
    for await (const event of instance.api.events({ after: 0 }, abort.signal)) {
      if (!event.runId || !ids.includes(event.runId)) continue;
      if (event.type === "run_starting") {
        started.push(event.runId);
        going.add(event.runId);
        most = Math.max(most, going.size);
      }
      if (event.type === "run_succeeded") {
        going.delete(event.runId);
        open.delete(event.runId);
      }
      if (open.size === 0) break;
    }
    abort.abort();
    // Runs that start together may say so in any order.
    for (const [at, id] of started.entries()) expect(Math.abs(ids.indexOf(id) - at)).toBeLessThan(3);
    expect(most).toBe(3);
  });
});

test("a host that is killed before a run's retry makes that retry once when it is back", async () => {
  const home = mkdtempSync(join(tmpdir(), "kc-home-"));
  const first = await testInstance({ root: workspace.root, home });
  const submitted = await first.api.submit({ selection: "fails" });
  const { id } = submitted.runs[0]!;
  await until(async () => (await first.api.run(id)).status === "failed");
  const { pid } = JSON.parse(readFileSync(join(home, "host.json"), "utf8")) as { pid: number };
  process.kill(pid, "SIGKILL");
  await until(() => !alive(pid));
  const second = await testInstance({ root: workspace.root, home });
  try {
    await until(async () => (await second.api.run(id)).retry.next !== null);
    const { runs } = await second.finish(submitted);
    expect(runs.map((run) => [run.status, run.tags["kc/retry_of_run"]])).toEqual([
      ["failed", id],
      ["failed", undefined],
    ]);
  } finally {
    await Promise.all([first.stop(), second.stop()]);
    rmSync(home, { recursive: true, force: true });
  }
});

test("a host that is killed between the storing and the start of a schedule's run makes that run once", async () => {
  const home = mkdtempSync(join(tmpdir(), "kc-home-"));
  const first = await testInstance({ root: workspace.root, home, daemon: true });
  // All three places are taken: what the schedule asks for is stored, and cannot start.
  for (let place = 0; place < 3; place++) await first.api.submit({ selection: "held" });
  await until(async () => (await first.api.runs({ asset: "held" })).every((run) => run.status === "running"));
  await first.api.turn("schedules", "team", "each_second", true);
  const scheduled = async (api: TestInstance["api"]) =>
    (await api.runs({ asset: "one", limit: 1_000 })).filter((run) => run.tags["kc/schedule"] === "each_second");
  const stored = await until(async () => {
    const runs = await scheduled(first.api);
    return runs.length > 0 && runs;
  });
  const { pid } = JSON.parse(readFileSync(join(home, "host.json"), "utf8")) as { pid: number };
  process.kill(pid, "SIGKILL");
  expect(stored.map((run) => [run.status, run.startedAt])).toEqual(stored.map(() => ["queued", null]));
  await until(() => !alive(pid));
  mkdirSync(first.output, { recursive: true });
  writeFileSync(join(first.output, "go"), "");
  const second = await testInstance({ root: workspace.root, home, daemon: true });
  try {
    await second.api.turn("schedules", "team", "each_second", false);
    const runs = await until(async () => {
      const all = await scheduled(second.api);
      return all.every((run) => run.endedAt !== null) && all;
    });
    const ticks = runs.map((run) => run.tags["kc/scheduled_at"]);
    expect(new Set(ticks).size).toBe(ticks.length);
    for (const { id } of stored) {
      expect(runs.find((run) => run.id === id)!.status).toBe("succeeded");
      const events = await second.api.runEvents(id);
      for (const type of ["run_starting", "materialization", "run_succeeded"])
        expect(events.filter((event) => event.type === type)).toHaveLength(1);
    }
  } finally {
    await Promise.all([first.stop(), second.stop()]);
    rmSync(home, { recursive: true, force: true });
  }
});
