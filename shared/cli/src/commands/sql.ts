import { type Command, jsonOption, text, UsageError } from "../command.ts";
import { connectionVariables } from "../connection-variables.ts";
import { withHost } from "../host.ts";
import { readStatements } from "../lines.ts";
import { table } from "../table.ts";

export const command: Command = {
  summary: "Run SQL on the Databricks connection: the local lakehouse, or your workspace when its variables are set.",
  usage: "[SQL | -c SQL]",
  options: {
    command: { type: "string", short: "c", value: "SQL", description: "Run one statement and end, as the words" },
    ...jsonOption,
  },
  examples: [
    ['kc sql "select count(*) from fact_virtual"', "one statement"],
    ["kc sql", "a prompt"],
    ['kc sql "describe history fact_virtual"', "the versions of a Delta table"],
  ],
  async run({ values, positionals, context }) {
    const given = text(values, "command");
    if (given !== undefined && positionals.length > 0) throw new UsageError("give the statement once: as words or by -c");
    const sql = given ?? positionals.join(" ");
    return withHost(context, async () => {
      const env = await connectionVariables(context, "databricks");
      const { databricksClient } = await import("@kc/connector-databricks/client");
      const client = databricksClient({
        host: env.DATABRICKS_HOST!,
        token: env.DATABRICKS_TOKEN!,
        warehouseId: env.DATABRICKS_WAREHOUSE_ID!,
        catalog: env.DATABRICKS_CATALOG ?? "test",
        schema: env.DATABRICKS_SCHEMA ?? "main",
      });
      const execute = async (sql: string) => {
        const { columns, rows } = await client.statements.execute(sql);
        if (values.json)
          context.print(
            JSON.stringify(
              rows.map((row) => Object.fromEntries(columns.map((column, index) => [column.name, row[index]]))),
              null,
              2,
            ),
          );
        else if (columns.length > 0)
          context.print(
            `${table(
              columns.map((column) => column.name),
              rows,
            )}\n(${rows.length} ${rows.length === 1 ? "row" : "rows"})`,
          );
      };
      try {
        if (sql === "") return await readStatements(context, "kc sql> ", execute);
        await execute(sql);
        return 0;
      } catch (error) {
        context.warn(`kc sql: ${(error as Error).message}`);
        return 1;
      } finally {
        await client.close();
      }
    });
  },
};
