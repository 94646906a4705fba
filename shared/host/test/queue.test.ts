import { mkdtempSync, readFileSync, rmSync } from "node:fs";
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
       asset({ key: "fails", materialize() { throw new Error("always"); } })`,
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
