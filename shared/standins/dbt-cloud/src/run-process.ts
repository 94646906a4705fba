import { cpSync, rmSync } from "node:fs";
import { basename } from "node:path";
import { Worker } from "node:worker_threads";
import { databricksClient } from "@kc/connector-databricks/client";
import { invokeDbt, type SqlExecutor } from "@kc/dbt";

/** What a run's process is told. The connection's secrets travel here, not through the command line. */
export interface RunOrder {
  projectFolder: string;
  workFolder: string;
  commands: string[];
  threads: number;
  targetName: string;
  catalog: string;
  schema: string;
  connection: { host: string; token: string; warehouseId: string };
  /** Environment that templates see: the run's own DBT_CLOUD_* and the place of the connection. */
  env: Record<string, string>;
}

/** What it reports. */
export type RunReport =
  | { type: "step"; index: number; name: string }
  | { type: "log"; index: number; line: string }
  | { type: "artifact"; index: number; path: string; body: string }
  | { type: "stepEnd"; index: number; ok: boolean }
  | { type: "end"; ok: boolean; message: string | null };

const watchdog = new Worker(new URL("./watchdog.ts", import.meta.url), {
  workerData: { server: Number(process.env.KC_SERVER_PID) },
});
// Nothing runs before it watches: once a template loops, its thread could not start any more.
const watching = new Promise((resolve) => watchdog.once("message", resolve)).then(() => watchdog.unref());

const abort = new AbortController();
// The server is gone: nobody could cancel this run any more.
process.on("disconnect", () => process.exit(1));
process.on("message", (message: { type: "start"; order: RunOrder } | { type: "cancel" }) => {
  if (message.type === "cancel") abort.abort(new Error("cancelled"));
  else void perform(message.order);
});

const report = (message: RunReport): Promise<void> =>
  new Promise((resolve) => (process.connected ? process.send!(message, () => resolve()) : resolve()));

async function perform(order: RunOrder): Promise<void> {
  await watching;
  const { host, token, warehouseId } = order.connection;
  const client = databricksClient({ host, token, warehouseId, catalog: order.catalog, schema: order.schema });
  const executor: SqlExecutor = {
    async execute(sql, options) {
      const { statementId, columns, rows } = await client.statements.execute(sql, {
        ...(options?.signal ? { signal: options.signal } : {}),
        ...(repeatable.test(sql) ? { idempotent: true } : {}),
      });
      return { columns: columns.map(({ name, typeText }) => ({ name, type: typeText })), rows, queryId: statementId };
    },
  };
  let end: RunReport & { type: "end" };
  try {
    end = await steps(order, executor);
  } catch (error) {
    end = { type: "end", ok: false, message: (error as Error).message.replaceAll(token, "***") };
  } finally {
    rmSync(order.workFolder, { recursive: true, force: true });
    await client.close().catch(() => {});
  }
  await report(end);
  if (process.connected) process.disconnect?.();
}

/** Statements that leave the same state when they run twice, so that the client may repeat them after a lost answer. */
const repeatable = /^\s*(create\s+or\s+replace|create\s+schema\s+if\s+not\s+exists|drop\s+\w+\s+if\s+exists)\b/i;

async function steps(order: RunOrder, executor: SqlExecutor): Promise<RunReport & { type: "end" }> {
  let index = 1;
  await report({ type: "step", index, name: "Clone git repository" });
  // A copy, so that a run sees one state of the project from its first command to its last.
  cpSync(order.projectFolder, order.workFolder, {
    recursive: true,
    dereference: false,
    filter: (path) =>
      !["target", "logs", ".git", "node_modules", "dbt_packages"].includes(basename(path)) || path === order.projectFolder,
  });
  await report({ type: "log", index, line: `Copied ${order.projectFolder}` });
  await report({ type: "stepEnd", index, ok: true });
  index++;
  await report({ type: "step", index, name: "Create profile from connection Databricks" });
  await report({
    type: "log",
    index,
    line: `Databricks at ${order.connection.host}, warehouse ${order.connection.warehouseId}, ${order.catalog}.${order.schema}`,
  });
  await report({ type: "stepEnd", index, ok: true });
  for (const command of order.commands) {
    index++;
    const at = index;
    await report({ type: "step", index, name: `Invoke dbt with \`${command}\`` });
    const log = (line: string) => void report({ type: "log", index: at, line: line.replaceAll(order.connection.token, "***") });
    const target = { name: order.targetName, database: order.catalog, schema: order.schema, threads: order.threads };
    const result = await invokeDbt(command, {
      projectDir: order.workFolder,
      target,
      executor,
      env: order.env,
      signal: abort.signal,
      log,
    });
    for (const [path, artifact] of [
      ["manifest.json", result.manifest],
      ["run_results.json", result.runResults],
      ["catalog.json", result.catalog],
    ] as const)
      if (artifact) await report({ type: "artifact", index, path, body: JSON.stringify(artifact) });
    await report({ type: "stepEnd", index, ok: result.exitCode === 0 });
    // Like the vendor: the first command that fails ends the run.
    if (result.exitCode !== 0)
      return { type: "end", ok: false, message: result.error ? result.error.toString() : `\`${command}\` failed` };
  }
  return { type: "end", ok: true, message: null };
}
