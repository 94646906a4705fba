import type { Manifest, RunResults } from "@kc/dbt";
import { expect, test } from "vitest";
import { ended, standin } from "./standin.ts";

const files = {
  "models/one.sql": "{{ config(materialized='table') }} select 1 as id union all select 2 as id",
  "models/two.sql": "select count(*) as n from {{ ref('one') }}",
  "models/schema.yml": "models:\n  - name: one\n    columns:\n      - name: id\n        data_tests: [unique]\n",
};
/** Takes DuckDB far longer than any test may last, unless it is interrupted. */
const endless = "select sum(a.range * b.range) as n from range(10000000) a, range(10000000) b";

test("a run truly builds the project, and its artifacts carry the id of the run", async () => {
  await using cloud = await standin(files);
  const run = await cloud.trigger(await cloud.job(["dbt build"]));
  const done = await cloud.until(run, ended);
  expect(done).toMatchObject({ status: 10, status_humanized: "Success", is_success: true, artifacts_saved: true });
  expect(await cloud.warehouse.sql("select n from test.main.two")).toEqual([["2"]]);
  const listed = await cloud.call<string[]>("GET", `/v2/accounts/1/runs/${run}/artifacts/`);
  expect(listed.data).toEqual(["manifest.json", "run_results.json"]);
  const results = JSON.parse(
    (await cloud.call("GET", `/v2/accounts/1/runs/${run}/artifacts/run_results.json`)).raw,
  ) as RunResults;
  expect(results.metadata.env).toMatchObject({ DBT_CLOUD_RUN_ID: String(run) });
  expect(results.results.map((result) => result.status).sort()).toEqual(["pass", "success", "success"]);
  const steps = done.run_steps as { name: string; logs: string }[];
  expect(steps.map((step) => step.name)).toEqual([
    "Clone git repository",
    "Create profile from connection Databricks",
    "Invoke dbt with `dbt build`",
  ]);
  expect(steps[2]!.logs).toMatch(/1 of 3 OK created sql table model main\.one \.+ \[OK in/);
});

test("steps_override replaces the job's commands, and an artifact can be read by step", async () => {
  await using cloud = await standin(files);
  const run = await cloud.trigger(await cloud.job(["dbt build"]), {
    steps_override: ["dbt parse", "dbt build --select one"],
    generate_docs_override: true,
  });
  await cloud.until(run, ended);
  const parsed = await cloud.call("GET", `/v2/accounts/1/runs/${run}/artifacts/run_results.json?step=3`);
  expect(parsed.code).toBe(404);
  const manifest = JSON.parse(
    (await cloud.call("GET", `/v2/accounts/1/runs/${run}/artifacts/manifest.json?step=3`)).raw,
  ) as Manifest;
  expect(Object.keys(manifest.nodes)).toContain("model.shop.two");
  expect((await cloud.call("GET", `/v2/accounts/1/runs/${run}/artifacts/catalog.json`)).code).toBe(200);
});

test("a command that fails ends the run as an error that names the file and line", async () => {
  await using cloud = await standin({ ...files, "models/three.sql": "select 1\nfrom {{ ref('on') }}" });
  const run = await cloud.trigger(await cloud.job(["dbt build", "dbt docs generate"]));
  const done = await cloud.until(run, ended);
  expect(done).toMatchObject({ status: 20, is_error: true });
  expect(done.status_message).toContain("models/three.sql:2: ref('on') finds no model");
  expect(done.run_steps).toHaveLength(3);
});

test("cancelling withdraws the statement in the warehouse", async () => {
  await using cloud = await standin({ "models/slow.sql": `{{ config(materialized='table') }} ${endless}` });
  const run = await cloud.trigger(await cloud.job(["dbt build"]));
  await cloud.until(run, () => cloud.warehouse.statements.some((sql) => sql.includes("10000000")));
  expect((await cloud.call("POST", `/v2/accounts/1/runs/${run}/cancel/`)).code).toBe(200);
  expect(await cloud.until(run, ended)).toMatchObject({ status: 30, is_cancelled: true, status_message: "Cancelled by user." });
  expect(cloud.warehouse.cancelled).toHaveLength(1);
});

test("a run over its timeout is cancelled and says so", async () => {
  await using cloud = await standin({ "models/slow.sql": `{{ config(materialized='table') }} ${endless}` });
  const run = await cloud.trigger(await cloud.job(["dbt build"]), { timeout_seconds_override: 1 });
  expect(await cloud.until(run, ended)).toMatchObject({ status: 30, status_message: "This run timed out after 1 seconds." });
});

test("a job runs one run at a time; the API answers meanwhile, and a queued run can be cancelled", async () => {
  await using cloud = await standin({ "models/slow.sql": `{{ config(materialized='table') }} ${endless}` });
  const job = await cloud.job(["dbt build"]);
  const first = await cloud.trigger(job);
  const second = await cloud.trigger(job);
  await cloud.until(first, (run) => run.status === 3);
  expect(await cloud.until(second, () => true)).toMatchObject({ status: 1, status_humanized: "Queued" });
  await cloud.call("POST", `/v2/accounts/1/runs/${second}/cancel/`);
  expect(await cloud.until(second, ended)).toMatchObject({ status: 30, started_at: null });
  await cloud.call("POST", `/v2/accounts/1/runs/${first}/cancel/`);
  await cloud.until(first, ended);
});

test("a restart ends what was in flight as an error and goes on with what was queued", async () => {
  await using cloud = await standin({ ...files, "models/slow.sql": `{{ config(materialized='table') }} ${endless}` });
  const job = await cloud.job(["dbt build"]);
  const first = await cloud.trigger(job);
  const second = await cloud.trigger(job, { steps_override: ["dbt run --select one"] });
  await cloud.until(first, (run) => run.status === 3);
  await cloud.restart();
  expect(await cloud.until(first, ended)).toMatchObject({
    status: 20,
    status_message: "The server stopped while this run was in flight.",
  });
  expect(await cloud.until(second, ended)).toMatchObject({ status: 10 });
});

test("a rerun takes up what failed and was skipped, nothing else", async () => {
  await using cloud = await standin({
    ...files,
    "models/bad.sql": "select 1 as x from nowhere",
    "models/below.sql": "select * from {{ ref('bad') }}",
  });
  const job = await cloud.job(["dbt build"]);
  await cloud.until(await cloud.trigger(job), ended);
  cloud.write("models/bad.sql", "select 1 as x");
  const again = await cloud.call("POST", `/v2/accounts/1/jobs/${job}/rerun/`);
  const done = await cloud.until(again.data.id as number, ended);
  expect(done).toMatchObject({ status: 10 });
  const results = JSON.parse(
    (await cloud.call("GET", `/v2/accounts/1/runs/${done.id as number}/artifacts/run_results.json`)).raw,
  ) as RunResults;
  expect(results.results.map((result) => result.unique_id)).toEqual(["model.shop.bad", "model.shop.below"]);
});

test("a project without a repository fails its runs with the remedy", async () => {
  await using cloud = await standin(files);
  const { data: project } = await cloud.call("POST", "/v3/accounts/1/projects/", { name: "other" });
  const { data: environment } = await cloud.call("POST", `/v3/accounts/1/projects/${project.id as number}/environments/`, {
    name: "prod",
  });
  const job = await cloud.job(["dbt build"], { project_id: project.id, environment_id: environment.id });
  expect((await cloud.until(await cloud.trigger(job), ended)).status_message).toContain("has no repository");
});
