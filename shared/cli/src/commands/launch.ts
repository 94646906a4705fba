import { type Command, text, UsageError } from "../command.ts";
import { followRequest } from "../follow.ts";
import { withHost } from "../host.ts";
import { inlineConfig, runConfig, tagsOf } from "../request.ts";

export const command: Command = {
  summary: "Launch a job and follow its runs.",
  usage: "<job | location/job> [--partition KEY] [--config FILE | --config-json JSON] [--tag NAME=VALUE]",
  options: {
    config: {
      type: "string",
      value: "FILE",
      description: "The job's config, YAML or JSON; of a job without one, run config by step name",
    },
    partition: { type: "string", value: "KEY", description: "Partition of the job's assets" },
    "config-json": { type: "string", value: "JSON", description: "The same, written out" },
    tag: { type: "string", multiple: true, value: "NAME=VALUE", description: "Tag of the runs; may be repeated" },
    verbose: { type: "boolean", short: "v", description: "Show everything the steps print" },
    detach: { type: "boolean", description: "Request the runs and return at once" },
  },
  examples: [
    ["kc launch ingestion/load_shop", "a job of one location"],
    [`kc launch ingestion/load_shop --config-json '{"day":"2026-01-31"}'`, "with the job's own config"],
    ["kc list jobs", "the jobs there are"],
  ],
  async run({ values, positionals, context }) {
    const [job, ...more] = positionals;
    if (!job || more.length > 0) throw new UsageError("name one job, as in: kc launch ingestion/load_shop");
    return withHost(context, async ({ api }) => {
      await api.settled();
      const inline = text(values, "config-json");
      if (inline !== undefined && values.config) throw new UsageError("give --config or --config-json, not both");
      const submitted = await api.submit({
        job,
        config: inline === undefined ? await runConfig(context, text(values, "config")) : inlineConfig(inline),
        tags: tagsOf(values.tag),
        ...(text(values, "partition") ? { partition: text(values, "partition")! } : {}),
      });
      if (values.detach) {
        for (const run of submitted.runs) context.print(run.id);
        return 0;
      }
      return (await followRequest(api, submitted, context, { verbose: values.verbose === true })) ? 0 : 1;
    });
  },
};
