import { type Command, text, UsageError } from "../command.ts";
import { followRequest } from "../follow.ts";
import { withHost } from "../host.ts";
import { runConfig, tagsOf } from "../request.ts";

export const command: Command = {
  summary: "Make assets: plans the runs over all locations and follows them to their end.",
  usage: "<selection…> [--partition KEY] [--config FILE] [--tag NAME=VALUE]",
  options: {
    partition: { type: "string", value: "KEY", description: "Partition of the partitioned assets" },
    config: { type: "string", value: "FILE", description: "Run config by step name, YAML or JSON" },
    tag: { type: "string", multiple: true, value: "NAME=VALUE", description: "Tag of the runs; may be repeated" },
    verbose: { type: "boolean", short: "v", description: "Show everything the steps print" },
    detach: { type: "boolean", description: "Request the runs and return at once" },
    json: { type: "boolean", description: "Print the outcome as JSON" },
  },
  examples: [
    ["kc materialize orders", "one asset"],
    ["kc materialize '+downstream/fact_virtual_count'", "an asset and everything it needs"],
    ["kc materialize daily_orders --partition 2026-01-31", "one partition; kc backfill makes many"],
    ["kc materialize 'group:staging and not tag:slow'", "by group and tag"],
  ],
  async run({ values, positionals, context }) {
    if (positionals.length === 0) throw new UsageError("which assets? Give a selection, as in: kc materialize '+orders'");
    const selection = positionals.length === 1 ? positionals[0]! : positionals.map((one) => `(${one})`).join(" or ");
    const scoped = context.location ? `(${selection})` : selection;
    return withHost(context, async ({ api }) => {
      await api.settled();
      const partition = text(values, "partition");
      const submitted = await api.submit({
        selection: scoped,
        config: await runConfig(context, text(values, "config")),
        tags: tagsOf(values.tag),
        ...(partition ? { partition } : {}),
      });
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
