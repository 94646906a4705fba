import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Command, type CommandContext, text } from "../command.ts";
import { connectionVariables } from "../connection-variables.ts";
import { withHost } from "../host.ts";
import { readStatements } from "../lines.ts";
import { table } from "../table.ts";

export const command: Command = {
  summary: "psql on the PostgreSQL connection; a small line client where there is no psql.",
  usage: "[-c SQL] [-- psql arguments]",
  options: { command: { type: "string", short: "c", value: "SQL", description: "Run one statement and end" } },
  examples: [
    ["kc pg", "a prompt on the embedded PostgreSQL (or yours)"],
    ["kc pg -c 'select count(*) from fact_virtual'", "one statement"],
  ],
  async run({ values, positionals, context }) {
    return withHost(context, async () => {
      const env = await connectionVariables(context, "local_postgres");
      const sql = text(values, "command");
      const psql = onPath("psql", context.env);
      if (psql) return runPsql(psql, [...(sql ? ["-c", sql] : []), ...positionals], context, env);
      return lineClient(context, env, sql);
    });
  },
};

function onPath(name: string, env: NodeJS.ProcessEnv): string | undefined {
  for (const folder of (env.PATH ?? "").split(delimiter)) {
    const file = join(folder, name);
    try {
      accessSync(file, constants.X_OK);
      return file;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

function runPsql(psql: string, args: string[], context: CommandContext, env: Record<string, string>): Promise<number> {
  const connection = {
    PGHOST: env.LOCAL_POSTGRES_HOST,
    PGPORT: env.LOCAL_POSTGRES_PORT ?? "5432",
    PGUSER: env.LOCAL_POSTGRES_USER,
    PGPASSWORD: env.LOCAL_POSTGRES_PASSWORD,
    PGDATABASE: env.LOCAL_POSTGRES_DATABASE ?? "postgres",
  };
  return new Promise((resolve, reject) => {
    // psql handles Ctrl-C itself: it cancels the statement, not the session.
    process.on("SIGINT", () => {});
    const child = spawn(psql, args, { stdio: "inherit", env: { ...context.env, ...connection } });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
  });
}

async function lineClient(context: CommandContext, env: Record<string, string>, sql: string | undefined): Promise<number> {
  const { postgresClient } = await import("@kc/connector-postgres");
  const client = postgresClient({
    host: env.LOCAL_POSTGRES_HOST!,
    port: Number(env.LOCAL_POSTGRES_PORT ?? 5432),
    user: env.LOCAL_POSTGRES_USER!,
    password: env.LOCAL_POSTGRES_PASSWORD!,
    database: env.LOCAL_POSTGRES_DATABASE ?? "postgres",
    applicationName: "kc pg",
  });
  const execute = async (statement: string) => {
    const { rows, rowCount } = await client.query(statement);
    const headings = Object.keys(rows[0] ?? {});
    if (headings.length > 0)
      context.print(
        table(
          headings,
          rows.map((row) =>
            headings.map((name) =>
              row[name] === null ? "" : typeof row[name] === "object" ? JSON.stringify(row[name]) : String(row[name]),
            ),
          ),
        ),
      );
    context.print(`(${rowCount} ${rowCount === 1 ? "row" : "rows"})`);
  };
  try {
    if (!sql) return await readStatements(context, "kc pg> ", execute);
    await execute(sql);
    return 0;
  } catch (error) {
    context.warn(`kc pg: ${(error as Error).message}`);
    return 1;
  } finally {
    await client.close();
  }
}
