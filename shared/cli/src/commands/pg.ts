import { spawn } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Command, type CommandContext, text, UsageError } from "../command.ts";
import { connectionVariables } from "../connection-variables.ts";
import { withHost } from "../host.ts";
import { readStatements } from "../lines.ts";
import { table } from "../table.ts";
import { UserError } from "../user-error.ts";

export const command: Command = {
  summary: "psql on the PostgreSQL connection; a small line client where there is no psql.",
  usage: "[SQL | -c SQL] [-- psql arguments]",
  options: {
    command: { type: "string", short: "c", value: "SQL", description: "Run one statement and end, as the words" },
  },
  examples: [
    ["kc pg", "a prompt on the embedded PostgreSQL (or yours)"],
    ["kc pg 'select count(*) from fact_virtual'", "one statement"],
    ["kc pg -- --csv -c 'table fact_virtual'", "arguments of psql, where there is one"],
  ],
  async run({ values, positionals, context }) {
    // One word with spaces in it is a statement; everything else is for psql.
    const word = positionals.length === 1 && /\s/.test(positionals[0]!) ? positionals[0] : undefined;
    const given = text(values, "command");
    if (given !== undefined && word !== undefined) throw new UsageError("give the statement once: as a word or by -c");
    const sql = given ?? word;
    const rest = word === undefined ? positionals : [];
    return withHost(context, async () => {
      const env = await connectionVariables(context, "local_postgres");
      const psql = onPath("psql", context.env);
      if (psql) return runPsql(psql, [...(sql ? ["-c", sql] : []), ...rest], context, env);
      if (rest.length > 0) throw new UserError(`"${rest[0]}" is an argument of psql, and there is none on PATH`);
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
