import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newState, removeState, type Standin, startStandin } from "./standin.ts";

let standin: Standin;
const state = newState();
beforeAll(async () => {
  standin = await startStandin(state);
});
afterAll(async () => {
  await standin.stop();
  removeState(state);
});

const post = (path: string, body: unknown) => standin.call("POST", path, body);
async function notebook(path: string, source: string) {
  await post("/api/2.0/workspace/mkdirs", { path: "/Shared" });
  const content = Buffer.from(source).toString("base64");
  expect(
    (await post("/api/2.0/workspace/import", { path, content, format: "SOURCE", language: "SQL", overwrite: true })).status,
  ).toBe(200);
}
async function ended(runId: number, version = "2.1") {
  for (;;) {
    const { body } = await standin.call("GET", `/api/${version}/jobs/runs/get?run_id=${runId}`);
    if (["TERMINATED", "SKIPPED", "INTERNAL_ERROR"].includes(body.state.life_cycle_state)) return body;
  }
}
const task = (key: string, path: string, after: string[] = [], more: Record<string, unknown> = {}) => ({
  task_key: key,
  notebook_task: { notebook_path: path },
  ...(after.length > 0 ? { depends_on: after.map((task_key) => ({ task_key })) } : {}),
  ...more,
});

const source = `-- Databricks notebook source
-- MAGIC %md
-- MAGIC # Load the day; this is prose

-- COMMAND ----------

CREATE WIDGET TEXT start_date DEFAULT '2020-01-01';
CREATE TABLE IF NOT EXISTS loaded_days (day DATE, run STRING);

-- COMMAND ----------

-- DBTITLE 1,The work
INSERT INTO loaded_days SELECT CAST(:start_date AS DATE), :run;
SELECT count(*) AS n FROM loaded_days
`;

describe("a job of SQL notebooks", () => {
  test("runs with its parameters and keeps state and status in step", async () => {
    await notebook("/Shared/load", source);
    const settings = {
      name: "ingest",
      parameters: [{ name: "start_date", default: "2024-01-01" }],
      tasks: [
        {
          task_key: "load",
          notebook_task: {
            notebook_path: "/Workspace/Shared/load",
            base_parameters: { run: "{{job.run_id}}", start_date: "1999-01-01" },
          },
        },
      ],
    };
    const { job_id } = (await post("/api/2.2/jobs/create", settings)).body;
    expect((await standin.call("GET", `/api/2.1/jobs/get?job_id=${job_id}`)).body).toMatchObject({ job_id, settings });
    const first = (
      await post("/api/2.1/jobs/run-now", { job_id, idempotency_token: "t-1", job_parameters: { start_date: "2024-05-06" } })
    ).body;
    expect((await post("/api/2.1/jobs/run-now", { job_id, idempotency_token: "t-1" })).body.run_id).toBe(first.run_id);
    const run = await ended(first.run_id);
    expect(run).toMatchObject({
      job_id,
      state: { life_cycle_state: "TERMINATED", result_state: "SUCCESS" },
      status: { state: "TERMINATED", termination_details: { code: "SUCCESS", type: "SUCCESS" } },
      job_parameters: [{ name: "start_date", default: "2024-01-01", value: "2024-05-06" }],
    });
    expect(await standin.sql("SELECT * FROM loaded_days")).toEqual([["2024-05-06", String(first.run_id)]]);
    const output = await standin.call("GET", `/api/2.2/jobs/runs/get-output?run_id=${run.tasks[0].run_id}`);
    expect(output.body).toMatchObject({ metadata: { run_id: run.tasks[0].run_id }, notebook_output: { truncated: false } });
    const page = await fetch(`${standin.url}/jobs/${job_id}/runs/${first.run_id}`);
    expect(await page.text()).toContain("ingest");
    expect((await standin.call("GET", `/api/2.1/jobs/runs/list?job_id=${job_id}`)).body.runs).toHaveLength(1);
  });

  test("a failed task names itself on the run, and its error is in the output", async () => {
    await notebook("/Shared/bad", "-- Databricks notebook source\nSELECT * FROM no_such_table");
    await notebook("/Shared/ok", "-- Databricks notebook source\nSELECT 1");
    const tasks = [
      task("bad", "/Shared/bad"),
      task("never", "/Shared/ok", ["bad"]),
      task("always", "/Shared/ok", ["bad"], { run_if: "ALL_DONE" }),
    ];
    const { job_id } = (await post("/api/2.1/jobs/create", { name: "dag", tasks })).body;
    const run = await ended((await post("/api/2.1/jobs/run-now", { job_id })).body.run_id);
    expect(run.state).toMatchObject({
      life_cycle_state: "INTERNAL_ERROR",
      result_state: "FAILED",
      state_message: "Task bad failed with message: Workload failed, see run output for details.",
    });
    expect(run.status).toMatchObject({
      state: "TERMINATED",
      termination_details: { code: "RUN_EXECUTION_ERROR", type: "CLIENT_ERROR" },
    });
    expect(
      run.tasks.map((t: { task_key: string; state: { result_state: string } }) => [t.task_key, t.state.result_state]),
    ).toEqual([
      ["bad", "FAILED"],
      ["never", "UPSTREAM_FAILED"],
      ["always", "SUCCESS"],
    ]);
    expect((await standin.call("GET", `/api/2.1/jobs/runs/get-output?run_id=${run.tasks[0].run_id}`)).body.error).toContain(
      "TABLE_OR_VIEW_NOT_FOUND",
    );
    expect((await standin.call("GET", `/api/2.1/jobs/runs/get-output?run_id=${run.run_id}`)).status).toBe(400);
  });

  test("can be cancelled, and a run over the limit waits or is skipped", async () => {
    await notebook(
      "/Shared/slow",
      "-- Databricks notebook source\nSELECT count(*) FROM range(3000000000) a, range(3000) b WHERE a.id % 7 = b.id",
    );
    const { job_id } = (
      await post("/api/2.1/jobs/create", { name: "slow", tasks: [task("slow", "/Shared/slow")], queue: { enabled: true } })
    ).body;
    const running = (await post("/api/2.1/jobs/run-now", { job_id })).body.run_id;
    const queued = (await post("/api/2.1/jobs/run-now", { job_id })).body.run_id;
    expect((await standin.call("GET", `/api/2.1/jobs/runs/get?run_id=${queued}`)).body).toMatchObject({
      state: { life_cycle_state: "QUEUED" },
      status: { state: "QUEUED" },
    });
    expect((await standin.call("GET", `/api/2.1/jobs/runs/list?job_id=${job_id}&active_only=true`)).body.runs).toHaveLength(2);
    await post("/api/2.1/jobs/runs/cancel", { run_id: queued });
    await post("/api/2.1/jobs/runs/cancel", { run_id: running });
    expect((await ended(running)).state).toMatchObject({
      life_cycle_state: "TERMINATED",
      result_state: "CANCELED",
      user_cancelled_or_timedout: true,
    });
    expect((await ended(queued)).status.termination_details.code).toBe("USER_CANCELED");
  });

  test("a sql_task runs a file of the workspace", async () => {
    await post("/api/2.0/workspace/mkdirs", { path: "/Shared" });
    expect(
      (
        await post(
          "/api/2.0/workspace-files/import-file/Shared%2Freport.sql?overwrite=true",
          "CREATE OR REPLACE TABLE report AS SELECT :who AS who; SELECT * FROM report",
        )
      ).status,
    ).toBe(200);
    const { job_id } = (
      await post("/api/2.1/jobs/create", {
        tasks: [
          { task_key: "r", sql_task: { file: { path: "/Shared/report.sql" }, parameters: { who: "me" }, warehouse_id: "x" } },
        ],
      })
    ).body;
    expect((await ended((await post("/api/2.1/jobs/run-now", { job_id })).body.run_id)).state.result_state).toBe("SUCCESS");
    expect(await standin.sql("SELECT who FROM report")).toEqual([["me"]]);
  });

  test("settings that cannot be run are refused when they are made", async () => {
    const refused: [unknown, string][] = [
      [{ tasks: [{ task_key: "p", spark_python_task: { python_file: "x.py" } }] }, "spark_python_task"],
      [{ tasks: [{ task_key: "a" }] }, "exactly one kind"],
      [{ tasks: [task("a", "/x", ["b"])] }, "depends on 'b'"],
      [{ tasks: [task("a", "/x", ["b"]), task("b", "/x", ["a"])] }, "cycle: a -> b -> a"],
      [{ tasks: [task("a", "/x"), task("a", "/x")] }, "twice"],
      [{ tasks: [task("a", "/x", [], { max_retries: 2 })] }, "max_retries"],
      [{ tasks: [], schedule: { quartz_cron_expression: "0 0 * * * ?", timezone_id: "UTC" } }, "PAUSED"],
    ];
    for (const [settings, message] of refused) {
      const { status, body } = await post("/api/2.1/jobs/create", settings);
      expect([status, body.error_code, body.message]).toEqual([400, "INVALID_PARAMETER_VALUE", expect.stringContaining(message)]);
    }
    expect((await standin.call("GET", "/api/2.1/jobs/get?job_id=4")).body.message).toBe("Job 4 does not exist.");
    expect((await standin.call("GET", "/api/2.1/jobs/runs/get?run_id=4")).body.message).toBe("Run 4 does not exist.");
    expect((await post("/api/2.1/jobs/run-now", { job_id: 4 })).status).toBe(400);
  });

  test("a cell in another language fails by its number", async () => {
    await notebook(
      "/Shared/py",
      "-- Databricks notebook source\nSELECT 1\n\n-- COMMAND ----------\n\n-- MAGIC %python\n-- MAGIC print(1)",
    );
    const { job_id } = (await post("/api/2.1/jobs/create", { tasks: [task("py", "/Shared/py")] })).body;
    const run = await ended((await post("/api/2.1/jobs/run-now", { job_id })).body.run_id);
    expect((await standin.call("GET", `/api/2.1/jobs/runs/get-output?run_id=${run.tasks[0].run_id}`)).body.error).toContain(
      "cell 2 of the notebook: %python",
    );
  });

  test("update, reset, list and delete", async () => {
    const { job_id } = (await post("/api/2.1/jobs/create", { name: "Mine", tasks: [task("a", "/x")] })).body;
    await post("/api/2.1/jobs/update", { job_id, new_settings: { name: "Yours", tasks: [task("b", "/y")] } });
    const { settings } = (await standin.call("GET", `/api/2.1/jobs/get?job_id=${job_id}`)).body;
    expect([settings.name, settings.tasks.map((t: { task_key: string }) => t.task_key)]).toEqual(["Yours", ["a", "b"]]);
    await post("/api/2.1/jobs/reset", { job_id, new_settings: { name: "Plain" } });
    expect((await standin.call("GET", "/api/2.1/jobs/list?name=PLAIN")).body.jobs).toHaveLength(1);
    expect((await standin.call("GET", "/api/2.1/jobs/list?limit=2")).body).toMatchObject({
      has_more: true,
      next_page_token: expect.any(String),
    });
    await post("/api/2.1/jobs/delete", { job_id });
    expect((await standin.call("GET", "/api/2.1/jobs/list?name=plain")).body.jobs).toBeUndefined();
  });
});

describe("the workspace tree", () => {
  test("has notebooks and files, under /Workspace or without it", async () => {
    await post("/api/2.0/workspace/mkdirs", { path: "/Workspace/Users/a b" });
    expect(
      (await post("/api/2.0/workspace-files/import-file/Users/a%20b/n.sql", "-- Databricks notebook source\nSELECT 1")).status,
    ).toBe(200);
    expect((await standin.call("GET", "/api/2.0/workspace/get-status?path=/Workspace/Users/a%20b/n")).body).toMatchObject({
      object_type: "NOTEBOOK",
      language: "SQL",
      path: "/Workspace/Users/a b/n",
    });
    expect(
      (
        await post(
          "/api/2.0/workspace-files/import-file/Users/a%20b/n.sql?overwrite=false",
          "-- Databricks notebook source\nSELECT 1",
        )
      ).status,
    ).toBe(400);
    expect((await post("/api/2.0/workspace-files/import-file/none/f.txt", "x")).status).toBe(404);
    expect((await post("/api/2.0/workspace-files/import-file/Users/a%20b/f.txt", "x")).status).toBe(200);
    expect((await post("/api/2.0/workspace-files/import-file/Users/a%20b/f.txt", "x")).status).toBe(409);
    expect((await standin.call("GET", "/api/2.0/workspace/list?path=/Users/a%20b")).body.objects).toHaveLength(2);
    expect((await standin.call("GET", "/api/2.0/workspace/export?path=/Users/a%20b/f.txt&direct_download=true")).body).toBe("x");
    expect((await post("/api/2.0/workspace/delete", { path: "/Users" })).body.error_code).toBe("DIRECTORY_NOT_EMPTY");
    expect((await post("/api/2.0/workspace/delete", { path: "/Users", recursive: true })).status).toBe(200);
    expect((await standin.call("GET", "/api/2.0/workspace/get-status?path=/Users/a%20b/n")).status).toBe(404);
    expect((await standin.call("GET", "/api/2.0/workspace/get-status?path=/a/../b")).status).toBe(400);
  });
});
