import { spawn } from "node:child_process";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { newState, removeState, startStandin } from "./standin.ts";

const states: string[] = [];
const fresh = () => {
  const state = newState();
  states.push(state);
  return state;
};
afterAll(() => {
  for (const state of states) removeState(state);
});

test("what was acknowledged is there after kill -9, and runs in flight end as INTERNAL_ERROR", async () => {
  const state = fresh();
  const first = await startStandin(state);
  await first.sql("CREATE TABLE kept AS SELECT 1 AS x");
  await first.call("POST", "/api/2.0/workspace/mkdirs", { path: "/S" });
  const content = Buffer.from("SELECT count(*) FROM range(3000000000) a, range(3000) b WHERE a.id % 7 = b.id").toString("base64");
  await first.call("POST", "/api/2.0/workspace/import", { path: "/S/slow", content, language: "SQL" });
  const { job_id } = (
    await first.call("POST", "/api/2.1/jobs/create", { tasks: [{ task_key: "s", notebook_task: { notebook_path: "/S/slow" } }] })
  ).body;
  const { run_id } = (await first.call("POST", "/api/2.1/jobs/run-now", { job_id })).body;
  const writes = Array.from({ length: 20 }, (_, i) =>
    first.sql(`INSERT INTO kept VALUES (${i + 10})`).then(
      () => i + 10,
      () => undefined,
    ),
  );
  const acknowledged = [await writes[0], await writes[1]];
  await first.stop("SIGKILL");
  const all = (await Promise.all(writes)).filter((x) => x !== undefined);
  const second = await startStandin(state, { KC_STANDIN_PORT: new URL(first.url).port });
  expect(second.url).toBe(first.url);
  const kept = (await second.sql("SELECT x FROM kept")).map((row) => Number(row[0]));
  expect(new Set(kept).size).toBe(kept.length);
  for (const x of [1, ...acknowledged, ...all]) expect(kept).toContain(x);
  const run = (await second.call("GET", `/api/2.1/jobs/runs/get?run_id=${run_id}`)).body;
  expect(run.state).toMatchObject({
    life_cycle_state: "INTERNAL_ERROR",
    result_state: "FAILED",
    state_message: expect.stringContaining("restarted"),
  });
  await second.sql("INSERT INTO kept VALUES (99)");
  await second.stop();
});

test("a taken port is not insisted on", async () => {
  const blocker = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => blocker.once("listening", resolve));
  const { port } = blocker.address() as { port: number };
  const standin = await startStandin(fresh(), { KC_STANDIN_PORT: String(port) });
  expect(new URL(standin.url).port).not.toBe(String(port));
  expect(standin.variables).toMatchObject({
    DATABRICKS_CATALOG: "test",
    DATABRICKS_SCHEMA: "main",
    DATABRICKS_WAREHOUSE_ID: expect.stringMatching(/^[0-9a-f]{16}$/),
  });
  blocker.close();
  const exited = new Promise((resolve) => standin.process.once("exit", resolve));
  standin.process.stdin?.end();
  await exited;
});

test("without a token or a state directory it says so and ends with 1", async () => {
  const child = spawn(process.execPath, [fileURLToPath(new URL("../src/main.ts", import.meta.url))], {
    env: { PATH: process.env.PATH ?? "", KC_STANDIN_STATE: "relative" },
  });
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += data;
  });
  expect(await new Promise((resolve) => child.once("exit", resolve))).toBe(1);
  expect(errors).toContain("KC_STANDIN_STATE");
  expect(errors).toContain("KC_STANDIN_TOKEN");
});
