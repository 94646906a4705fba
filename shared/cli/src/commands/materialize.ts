import { type Command, selectionOf, selectOption, text, UsageError } from "../command.ts";
import { followRequest } from "../follow.ts";
import { withHost } from "../host.ts";
import { planText } from "../plan-text.ts";
import { configOf, requestOptions, tagsOf } from "../request.ts";

export const command: Command = {
  summary: "Make assets: plans the runs over all locations and follows them to their end.",
  usage: "<selection…> [--partition KEY] [--config FILE] [--tag NAME=VALUE] [--dry-run]",
  options: {
    ...selectOption,
    partition: { type: "string", value: "KEY", description: "Partition of the partitioned assets" },
    ...requestOptions,
    "dry-run": { type: "boolean", description: "Show the runs that it would take and start nothing" },
    verbose: { type: "boolean", short: "v", description: "Show everything the steps print" },
    detach: { type: "boolean", description: "Request the runs and return at once" },
    json: { type: "boolean", description: "Print the outcome as JSON" },
  },
  examples: [
    ["kc materialize orders", "one asset"],
    ["kc materialize '+downstream/fact_virtual_count'", "an asset and everything it needs"],
    ["kc materialize daily_orders --partition 2026-01-31", "one partition; kc backfill makes many"],
    ["kc materialize 'group:staging and not tag:slow'", "by group and tag"],
    ["kc materialize '+orders' --dry-run", "which runs that takes, in which locations"],
  ],
  async run({ values, positionals, context }) {
    const selection = selectionOf(values, positionals);
    if (!selection) throw new UsageError("which assets? Give a selection, as in: kc materialize '+orders'");
    const config = await configOf(context, values);
    const tags = tagsOf(values.tag);
    return withHost(context, async ({ api }) => {
      await api.settled();
      const partition = text(values, "partition");
      const request = { selection, config, tags, ...(partition ? { partition } : {}) };
      if (values["dry-run"]) {
        const plan = await api.plan(request);
        context.print(values.json ? JSON.stringify(plan, null, 2) : planText(plan));
        return 0;
      }
      const submitted = await api.submit(request);
      if (values.detach) {
        for (const run of submitted.runs) context.print(run.id);
        return 0;
      }
      const quiet = values.json ? { ...context, interactive: false, print: () => {} } : context;
      const good = await followRequest(api, submitted, quiet, { verbose: values.verbose === true });
      if (values.json) context.print(JSON.stringify(await Promise.all(submitted.runs.map((run) => api.run(run.id))), null, 2));
      return good ? 0 : 1;
    });
  },
};
