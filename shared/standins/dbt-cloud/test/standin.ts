import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { startDbtCloud } from "../src/index.ts";
import { duckdbWarehouse } from "./duckdb-warehouse.ts";

export const token = "secret-of-the-test";

export interface Answer<T = Record<string, unknown>> {
  code: number;
  data: T;
  raw: string;
  extra: { pagination: { count: number; total_count: number } };
}

/** A stand-in over a DuckDB warehouse, in a temporary folder. */
export async function standin(files: Record<string, string>) {
  const folder = mkdtempSync(join(tmpdir(), "kc-dbt-cloud-"));
  const project = join(folder, "project");
  const write = (file: string, text: string) => {
    mkdirSync(dirname(join(project, file)), { recursive: true });
    writeFileSync(join(project, file), text);
  };
  for (const [file, text] of Object.entries({ "dbt_project.yml": "name: shop\nversion: '1.0'\n", ...files })) write(file, text);
  const warehouse = await duckdbWarehouse();
  const options = {
    stateFolder: join(folder, "state"),
    token,
    databricks: { host: warehouse.host, token: "warehouse-token", warehouseId: "w", catalog: "test", schema: "main" },
  };
  let server = await startDbtCloud(options);
  const base = () => `${server.variables.DBT_CLOUD_ACCESS_URL}/api`;
  async function call<T = Record<string, unknown>>(
    method: string,
    path: string,
    body?: unknown,
    authorization = `Token ${token}`,
  ): Promise<Answer<T>> {
    const response = await fetch(`${base()}${path}`, {
      method,
      headers: { authorization, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const raw = await response.text();
    const parsed = (raw.startsWith("{") ? JSON.parse(raw) : {}) as { data: T; extra: Answer["extra"] };
    return { code: response.status, data: parsed.data, raw, extra: parsed.extra };
  }
  const projectId = Number(server.variables.DBT_CLOUD_PROJECT_ID);
  const environmentId = Number(server.variables.DBT_CLOUD_ENVIRONMENT_ID);
  const repository = await call("POST", `/v3/accounts/1/projects/${projectId}/repositories/`, {
    remote_url: `file://${project}`,
  });
  await call("POST", `/v3/accounts/1/projects/${projectId}/`, { repository_id: repository.data.id });
  return {
    folder,
    projectId,
    environmentId,
    warehouse,
    call,
    write,
    get variables() {
      return server.variables;
    },
    async job(steps: string[], more: Record<string, unknown> = {}): Promise<number> {
      const made = await call("POST", "/v2/accounts/1/jobs/", {
        name: "job",
        project_id: projectId,
        environment_id: environmentId,
        execute_steps: steps,
        ...more,
      });
      return made.data.id as number;
    },
    async trigger(job: number, more: Record<string, unknown> = {}): Promise<number> {
      return (await call("POST", `/v2/accounts/1/jobs/${job}/run/`, { cause: "test", ...more })).data.id as number;
    },
    /** The run, once the condition holds. */
    async until(run: number, condition: (run: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
      for (;;) {
        const { data } = await call("GET", `/v2/accounts/1/runs/${run}/?include_related=["run_steps"]`);
        if (condition(data)) return data;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async restart() {
      await server.close();
      server = await startDbtCloud(options);
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await warehouse.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const ended = (run: Record<string, unknown>): boolean => run.is_complete === true;
