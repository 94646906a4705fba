import { type Command, jsonOption, UsageError } from "../command.ts";
import { withHost } from "../host.ts";
import { table } from "../table.ts";

export const command: Command = {
  summary: "Look at the instance's database.",
  usage: "info",
  options: jsonOption,
  examples: [["kc storage info", "dialect, schema version, rows, size"]],
  async run({ values, positionals, context }) {
    if ((positionals[0] ?? "info") !== "info") throw new UsageError(`there is no "kc storage ${positionals[0]}"; there is info`);
    return withHost(context, async ({ api }) => {
      const info = await api.storage();
      if (values.json) context.print(JSON.stringify(info, null, 2));
      else
        context.print(
          table(
            ["storage", ""],
            [
              ["dialect", info.dialect],
              ["schema version", info.schemaVersion],
              ["size", `${(info.bytes / 1e6).toFixed(1)} MB`],
              ...Object.entries(info.counts),
            ],
          ),
        );
      return 0;
    });
  },
};
