import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { startDbtCloud } from "../src/index.ts";

const databricks = { host: "http://127.0.0.1:1", token: "t", warehouseId: "w", catalog: "test", schema: "main" };

test("the port of last time is taken when it is free, another one when it is not; project and environment stay the same", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kc-dbt-cloud-"));
  const start = (name: string, port?: number) => startDbtCloud({ stateFolder: join(folder, name), token: "t", port, databricks });
  const first = await start("a");
  const port = Number(new URL(first.variables.DBT_CLOUD_ACCESS_URL!).port);
  const other = await start("b", port);
  expect(other.variables.DBT_CLOUD_ACCESS_URL).not.toBe(first.variables.DBT_CLOUD_ACCESS_URL);
  await first.close();
  const again = await start("a", port);
  expect(again.variables).toEqual(first.variables);
  expect(again.variables).toMatchObject({
    DBT_CLOUD_ACCOUNT_ID: "1",
    DBT_CLOUD_PROJECT_ID: "101",
    DBT_CLOUD_ENVIRONMENT_ID: "201",
    DBT_CLOUD_POLLING_INTERVAL: "1",
  });
  await Promise.all([again.close(), other.close()]);
  rmSync(folder, { recursive: true });
});

test("a run whose warehouse is down ends as an error that says so", async () => {
  const folder = mkdtempSync(join(tmpdir(), "kc-dbt-cloud-"));
  const server = await startDbtCloud({ stateFolder: join(folder, "state"), token: "t", databricks });
  const call = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${server.variables.DBT_CLOUD_ACCESS_URL}/api/${path}`, {
      method,
      headers: { authorization: "Token t", "content-type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
    });
    return ((await answer.json()) as { data: Record<string, unknown> }).data;
  };
  const project = new URL("../../../../locations/dbt/dbt_project", import.meta.url).href;
  const repository = await call("POST", "v3/accounts/1/projects/101/repositories/", { remote_url: project });
  await call("POST", "v3/accounts/1/projects/101/", { repository_id: repository.id });
  const job = await call("POST", "v2/accounts/1/jobs/", {
    name: "j",
    project_id: 101,
    environment_id: 201,
    execute_steps: ["dbt build"],
  });
  const run = await call("POST", `v2/accounts/1/jobs/${String(job.id)}/run/`, { cause: "test" });
  for (;;) {
    const now = await call("GET", `v2/accounts/1/runs/${String(run.id)}/`);
    if (now.is_complete !== true) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      continue;
    }
    expect(now.status).toBe(20);
    expect(now.status_message).toContain("ECONNREFUSED");
    break;
  }
  await server.close();
  rmSync(folder, { recursive: true });
});
