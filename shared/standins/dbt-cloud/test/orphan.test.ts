import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { duckdbWarehouse } from "./duckdb-warehouse.ts";
import { start } from "./spawned.ts";

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A zombie is gone too: it only waits for its parent to take note.
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
};

test("kill -9 of the stand-in takes the run's process with it, also one whose template never ends", {
  skip: process.platform !== "linux",
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "kc-dbt-cloud-"));
  mkdirSync(join(folder, "project", "models"), { recursive: true });
  writeFileSync(join(folder, "project", "dbt_project.yml"), "name: shop\n");
  // Rendering this takes hours, and nothing else in its process gets a turn meanwhile.
  writeFileSync(
    join(folder, "project", "models", "m.sql"),
    "{% for a in range(100000) %}{% for b in range(100000) %}{% set c = a * b %}{% endfor %}{% endfor %}select 1",
  );
  const warehouse = await duckdbWarehouse();
  const cloud = await start("shared/standins/dbt-cloud/src/main.ts", join(folder, "state"), {
    DATABRICKS_HOST: warehouse.host,
    DATABRICKS_TOKEN: "t",
    DATABRICKS_WAREHOUSE_ID: "w",
  });
  try {
    const call = async (path: string, body: unknown) => {
      const answer = await fetch(`${cloud.variables.DBT_CLOUD_ACCESS_URL}/api/${path}`, {
        method: "POST",
        headers: { authorization: "Token token-of-the-test", "content-type": "application/json" },
        body: JSON.stringify(body),
      });
      return ((await answer.json()) as { data: { id: number } }).data.id;
    };
    const repository = await call("v3/accounts/1/projects/101/repositories/", { remote_url: `file://${folder}/project` });
    await call("v3/accounts/1/projects/101/", { repository_id: repository });
    const job = await call("v2/accounts/1/jobs/", {
      name: "j",
      project_id: 101,
      environment_id: 201,
      execute_steps: ["dbt build"],
    });
    await call(`v2/accounts/1/jobs/${job}/run/`, { cause: "test" });
    const children = () =>
      readFileSync(`/proc/${cloud.pid}/task/${cloud.pid}/children`, "utf8").split(" ").filter(Boolean).map(Number);
    while (!/Invoke dbt/.test(await steps(cloud.variables.DBT_CLOUD_ACCESS_URL!)))
      await new Promise((resolve) => setTimeout(resolve, 50));
    const [child] = children();
    cloud.kill();
    await cloud.exit;
    while (alive(child!)) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(alive(child!)).toBe(false);
  } finally {
    cloud.kill();
    await warehouse.close();
    rmSync(folder, { recursive: true, force: true });
  }
});

async function steps(origin: string): Promise<string> {
  const answer = await fetch(`${origin}/api/v2/accounts/1/runs/70001/?include_related=["run_steps"]`, {
    headers: { authorization: "Token token-of-the-test" },
  });
  return answer.text();
}
