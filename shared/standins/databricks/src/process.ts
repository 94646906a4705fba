import { startServer } from "./server.ts";
import { readSettings } from "./settings.ts";
import { closeWorkspace, openWorkspace } from "./workspace.ts";

const log = (message: string) => process.stderr.write(`databricks: ${message}\n`);

/** Serves the workspace until SIGTERM, SIGINT or the end of stdin; then prints nothing more and ends at once. */
export async function main(): Promise<void> {
  try {
    const settings = readSettings(process.env);
    const workspace = await openWorkspace(settings, log);
    const server = await startServer(workspace);
    const end = () => {
      server.closeAllConnections();
      server.close();
      closeWorkspace(workspace);
      process.exit(0);
    };
    process.on("SIGTERM", end).on("SIGINT", end);
    process.stdin.on("end", end).on("close", end).resume();
    const variables = {
      DATABRICKS_HOST: workspace.url,
      DATABRICKS_TOKEN: settings.token,
      DATABRICKS_WAREHOUSE_ID: settings.warehouseId,
      DATABRICKS_CATALOG: settings.catalog,
      DATABRICKS_SCHEMA: settings.schema,
    };
    process.stdout.write(`${JSON.stringify({ ready: true, variables })}\n`);
    log(`serving ${workspace.url}`);
  } catch (error) {
    log(`cannot start: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(1);
  }
}
