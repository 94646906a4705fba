import { type Command, selectionOf, selectOption, text, UsageError } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { withHost } from "../host.ts";

export const command: Command = {
  summary: "Forget what kc knows of assets: materializations, failures, check results. Their data is not touched.",
  usage: "<selection…> [--partition KEY] [--yes]",
  options: {
    ...selectOption,
    partition: {
      type: "string",
      value: "KEY",
      description: "Only these partitions: keys and ranges first...last, joined by commas",
    },
    yes: { type: "boolean", short: "y", description: "Do not ask" },
    json: { type: "boolean", description: "Print what was forgotten as JSON" },
  },
  examples: [
    ["kc wipe orders", "asks first; the log keeps what was"],
    ["kc wipe daily_orders --partition 2026-01-01...2026-01-31 --yes", "a month of partitions"],
  ],
  async run({ values, positionals, context }) {
    const selection = selectionOf(values, positionals);
    if (!selection) throw new UsageError("which assets? Give a selection, as in: kc wipe orders");
    const partition = text(values, "partition");
    return withHost(context, async ({ api }) => {
      await api.settled();
      const request = { selection, ...(partition ? { partition } : {}) };
      if (!values.yes) {
        // What cannot be forgotten is told before anybody is asked.
        const { assets: names } = await api.wipe({ ...request, dryRun: true });
        const what = `${names.slice(0, 5).join(", ")}${names.length > 5 ? ` and ${names.length - 5} more` : ""}${partition ? `, partition ${partition}` : ""}`;
        if (!(await confirmed(context, `Forget what is known of ${what}?`, `to forget ${what}`))) return 1;
      }
      const wiped = await api.wipe(request);
      if (values.json) context.print(JSON.stringify(wiped, null, 2));
      else for (const key of wiped.assets) context.print(`${key} is forgotten${partition ? `: ${partition}` : ""}`);
      return 0;
    });
  },
};
