import { type Command, text, UsageError } from "../command.ts";
import { followRequest } from "../follow.ts";
import { withHost } from "../host.ts";
import { planText } from "../plan-text.ts";
import { configOf, requestOptions, tagsOf } from "../request.ts";

export const command: Command = {
  summary: "Launch a job and follow its runs.",
  usage: "<job | location/job> [--partition KEY] [--config FILE | --config-json JSON] [--tag NAME=VALUE] [--dry-run]",
  options: {
    partition: { type: "string", value: "KEY", description: "Partition of the job's assets" },
    ...requestOptions,
    config: {
      ...requestOptions.config,
      description: "The job's config, YAML or JSON; of a job without one, run config by step name",
    },
    "dry-run": { type: "boolean", description: "Show the runs that it would take and start nothing" },
    verbose: { type: "boolean", short: "v", description: "Show everything the steps print" },
    detach: { type: "boolean", description: "Request the runs and return at once" },
    json: { type: "boolean", description: "Print the outcome as JSON" },
  },
  examples: [
    ["kc launch ingestion/load_shop", "a job of one location"],
    [`kc launch ingestion/load_shop --config-json '{"day":"2026-01-31"}'`, "with the job's own config"],
    ["kc list jobs", "the jobs there are"],
  ],
  async run({ values, positionals, context }) {
    const [job, ...more] = positionals;
    if (!job || more.length > 0) throw new UsageError("name one job, as in: kc launch ingestion/load_shop");
    const config = await configOf(context, values);
    const tags = tagsOf(values.tag);
    const partition = text(values, "partition");
    const request = { job, config, tags, ...(partition ? { partition } : {}) };
    return withHost(context, async ({ api }) => {
      await api.settled();
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
