import { mkdirSync, rmSync } from "node:fs";
import type { Server as HttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { createAdaptorServer } from "@hono/node-server";
import { dbtCloudApp } from "./app.ts";
import { instant } from "./envelope.ts";
import { folderOf } from "./routes/project.ts";
import type { RunOrder } from "./run-process.ts";
import { runQueue } from "./run-queue.ts";
import type { Server } from "./server.ts";
import { openStore, type RunRow, type Store } from "./store.ts";

/** The one account of the stand-in. */
const accountId = 1;

export interface StartOptions {
  stateFolder: string;
  token: string;
  port?: number | undefined;
  /** The connection that runs the SQL. */
  databricks: { host: string; token: string; warehouseId: string; catalog: string; schema: string };
}

/** Starts the stand-in on loopback and gives the variables that its clients read. */
export async function startDbtCloud(
  options: StartOptions,
): Promise<{ variables: Record<string, string>; close(): Promise<void> }> {
  const store = openStore(options.stateFolder);
  const { project, environment } = defaults(store);
  const work = join(options.stateFolder, "work");
  // Copies of projects that a killed run left behind.
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  const queue = runQueue(store, { stateFolder: options.stateFolder, order: (run) => orderOf(store, run, work, options) });
  let origin = "";
  const server: Server = { store, queue, accountId, token: options.token, origin: () => origin, now: Date.now };
  const http = createAdaptorServer({ fetch: dbtCloudApp(server).fetch }) as HttpServer;
  const port = await listen(http, options.port ?? 0).catch((error: NodeJS.ErrnoException) =>
    error.code === "EADDRINUSE" && options.port ? listen(http, 0) : Promise.reject(error),
  );
  origin = `http://127.0.0.1:${port}`;
  queue.wake();
  return {
    variables: {
      DBT_CLOUD_TOKEN: options.token,
      DBT_CLOUD_ACCOUNT_ID: String(accountId),
      DBT_CLOUD_PROJECT_ID: String(project),
      DBT_CLOUD_ENVIRONMENT_ID: String(environment),
      DBT_CLOUD_ACCESS_URL: origin,
      DBT_CLOUD_POLLING_INTERVAL: "1",
    },
    async close() {
      http.closeAllConnections();
      await Promise.all([new Promise((resolve) => http.close(resolve)), queue.close()]);
      store.close();
    },
  };
}

function listen(server: HttpServer, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, "127.0.0.1", () => {
      server.off("error", reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

/** A project and an environment exist from the first start, so that the variables are complete at once. */
function defaults(store: Store): { project: number; environment: number } {
  const at = instant(Date.now());
  const project =
    store.list("project")[0] ??
    store.add("project", {
      name: "default",
      account_id: accountId,
      state: 1,
      description: "",
      repository_id: null,
      created_at: at,
      updated_at: at,
    });
  const environment =
    store.list("environment").find((item) => item.project_id === project.id) ??
    store.add("environment", {
      name: "Production",
      account_id: accountId,
      project_id: project.id,
      type: "deployment",
      dbt_version: "latest",
      state: 1,
      created_at: at,
      updated_at: at,
    });
  return { project: project.id, environment: environment.id };
}

function orderOf(
  store: Store,
  run: RunRow,
  work: string,
  { databricks }: StartOptions,
): { order: RunOrder; timeoutSeconds: number } | { refused: string } {
  const job = store.get("job", run.job_id);
  const project = store.get("project", run.project_id);
  if (!job || !project) return { refused: "The job or its project was deleted before the run could start." };
  const repository = typeof project.repository_id === "number" ? store.get("repository", project.repository_id) : undefined;
  if (!repository)
    return {
      refused: `Project ${project.id} ("${String(project.name)}") has no repository. Link it to a folder with a dbt_project.yml: name it in the location's standins.yaml, section dbt_cloud.`,
    };
  let projectFolder: string;
  try {
    projectFolder = join(folderOf(repository.remote_url as string), String(project.dbt_project_subdirectory ?? ""));
  } catch (error) {
    return { refused: (error as Error).message };
  }
  const { trigger } = run;
  const settings = job.settings as { threads: number; target_name: string };
  const env = {
    DBT_CLOUD_ACCOUNT_ID: String(accountId),
    DBT_CLOUD_PROJECT_ID: String(run.project_id),
    DBT_CLOUD_ENVIRONMENT_ID: String(run.environment_id),
    DBT_CLOUD_JOB_ID: String(run.job_id),
    DBT_CLOUD_RUN_ID: String(run.id),
    DBT_CLOUD_RUN_REASON: String(trigger.cause ?? ""),
    DBT_CLOUD_RUN_REASON_CATEGORY: "other",
    DBT_CLOUD_RUN_TRIGGER_CATEGORY: "other",
    DATABRICKS_CATALOG: databricks.catalog,
    DATABRICKS_SCHEMA: databricks.schema,
  };
  return {
    timeoutSeconds: Number(trigger.timeout_seconds_override ?? (job.execution as { timeout_seconds: number }).timeout_seconds),
    order: {
      projectFolder,
      workFolder: join(work, String(run.id)),
      commands: run.commands,
      threads: Number(trigger.threads_override ?? settings.threads),
      targetName: String(trigger.target_name_override ?? settings.target_name),
      catalog: databricks.catalog,
      schema: String(trigger.schema_override ?? databricks.schema),
      connection: { host: databricks.host, token: databricks.token, warehouseId: databricks.warehouseId },
      env,
    },
  };
}
