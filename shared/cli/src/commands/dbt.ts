import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";
import { type Command, type CommandContext, UsageError } from "../command.ts";
import { connectionVariables } from "../connection-variables.ts";
import { withHost } from "../host.ts";
import { UserError } from "../user-error.ts";

export const command: Command = {
  summary:
    "Run a dbt command on the dbt project of a location: by the embedded runner on the Databricks connection, or by the real dbt where the project has a profiles.yml.",
  usage: "<build | run | test | seed | compile | parse | ls | docs generate> [dbt options] [--project DIR] [--real]",
  passesOptions: true,
  options: {
    select: {
      type: "string",
      short: "s",
      value: "SEL…",
      passed: true,
      description: "Nodes to take, in dbt's selection language",
    },
    exclude: { type: "string", value: "SEL…", passed: true, description: "Nodes to leave out" },
    "resource-type": {
      type: "string",
      value: "TYPE…",
      passed: true,
      description: "Only nodes of these types: model, seed, test, source, exposure",
    },
    output: {
      type: "string",
      value: "FORM",
      passed: true,
      description: "How ls names nodes: selector (default), name, path or json",
    },
    vars: { type: "string", value: "YAML", passed: true, description: "Variables of the project" },
    "full-refresh": { type: "boolean", short: "f", passed: true, description: "Build incremental models anew" },
    "fail-fast": { type: "boolean", short: "x", passed: true, description: "Stop at the first failure" },
    threads: { type: "string", value: "N", passed: true, description: "Nodes at one time" },
    real: { type: "boolean", description: "Run the real dbt of PATH, with the project's own profiles.yml" },
    project: { type: "string", value: "DIR", description: "Folder of dbt_project.yml (default: the only one of locations/*)" },
  },
  examples: [
    ["kc dbt build --select +customer_orders", "a model and what it needs"],
    ["kc dbt ls --select tag:mart", "what a selection means; each line can be selected again"],
    ["kc dbt test --select customer_orders order_payments", "options are dbt's own"],
  ],
  async run({ values, positionals, context }) {
    const project = typeof values.project === "string" ? join(context.cwd, values.project) : await onlyProject(context);
    if (positionals.length === 0) throw new UsageError("which dbt command? As in: kc dbt build");
    const args = positionals;
    return withHost(context, async () => {
      const env = await connectionVariables(context, "databricks");
      if (values.real || existsSync(join(project, "profiles.yml"))) return realDbt(project, args, { ...context.env, ...env });
      const [{ invokeDbt }, { databricksClient }] = await Promise.all([
        import("@kc/dbt"),
        import("@kc/connector-databricks/client"),
      ]);
      const catalog = env.DATABRICKS_CATALOG ?? "test";
      const schema = env.DATABRICKS_SCHEMA ?? "main";
      const client = databricksClient({
        host: env.DATABRICKS_HOST!,
        token: env.DATABRICKS_TOKEN!,
        warehouseId: env.DATABRICKS_WAREHOUSE_ID!,
        catalog,
        schema,
      });
      const abort = new AbortController();
      process.once("SIGINT", () => abort.abort());
      // What ls lists goes into pipes: nothing else stands on standard output.
      const lists = /^(ls|list)$/.test(args[0]!);
      const said: string[] = [];
      try {
        const { exitCode, listed } = await invokeDbt(args, {
          projectDir: project,
          target: { name: "dev", database: catalog, schema, threads: 4 },
          executor: {
            execute: async (sql, options) => {
              const result = await client.statements.execute(sql, options ?? {});
              return {
                columns: result.columns.map((column) => ({ name: column.name, type: column.typeText })),
                rows: result.rows,
              };
            },
          },
          env: { ...context.env, ...env },
          signal: abort.signal,
          log: (line) => (lists ? said.push(line) : context.print(line)),
        });
        if (lists) for (const line of said) if (exitCode !== 0 || line.includes("[WARNING]")) context.warn(line);
        for (const line of listed) context.print(line);
        return exitCode;
      } finally {
        await client.close();
      }
    });
  },
};

async function onlyProject(context: CommandContext): Promise<string> {
  const root = join(context.root, "locations");
  const found = readdirSync(root)
    .filter((name) => !context.location || name === context.location)
    .flatMap((name) => [join(root, name), ...subfolders(join(root, name))])
    .filter((folder) => existsSync(join(folder, "dbt_project.yml")));
  if (found.length === 1) return found[0]!;
  throw new UserError(
    found.length === 0
      ? "there is no dbt_project.yml in any location"
      : `several locations have a dbt project: ${found.map((one) => relative(context.root, one)).join(", ")}`,
    "Name one with --project DIR.",
  );
}

const subfolders = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== "node_modules")
    .map((entry) => join(folder, entry.name));

async function realDbt(project: string, args: string[], env: NodeJS.ProcessEnv): Promise<number> {
  const { findRealDbt } = await import("@kc/dbt");
  const dbt = await findRealDbt(env);
  return new Promise((resolve, reject) => {
    const child = spawn(dbt.path, args, { cwd: project, stdio: "inherit", env });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}
