import { checkText } from "../check-text.ts";
import { type Command, requireVerb, selectionOf, selectOption, text, UsageError } from "../command.ts";
import { followRequest } from "../follow.ts";
import { withHost } from "../host.ts";
import { ago, table } from "../table.ts";

/** `orders:not_null` names a check; `group:staging` and other filters are selections of assets. */
const filters = /^(key|group|tag|owner|kind|location|code_location)$/;
export const isCheckName = (word: string): boolean => {
  const match = /^([A-Za-z0-9_][\w./-]*):([^\s,()"]+)$/.exec(word);
  return match !== null && !filters.test(match[1]!);
};

const verbs = ["list", "run"];

export const command: Command = {
  summary: "List the checks of assets and run them without making the assets.",
  usage: "list [selection…] [--partition KEY] [--failed]\nrun <selection… | asset:check…> [--partition KEY]",
  verbs,
  options: {
    ...selectOption,
    partition: {
      type: "string",
      value: "KEY",
      description: "Run them for this partition of the partitioned assets (default the whole); list what counts for it",
    },
    failed: { type: "boolean", of: ["list"], description: "Only checks whose latest result is a failure" },
    detach: { type: "boolean", of: ["run"], description: "Request the runs and return at once" },
    verbose: { type: "boolean", short: "v", of: ["run"], description: "Show everything the checks print" },
    json: { type: "boolean", description: "Print JSON" },
  },
  examples: [
    ["kc checks list", "every check with its latest result"],
    ["kc checks list 'group:staging' --failed", "what fails in a group"],
    ["kc checks list orders --partition 2026-01-31", "what counts for one partition"],
    ["kc checks run 'group:staging'", "run the checks of assets, make nothing"],
    ["kc checks run orders:not_null orders:unique", "some checks by name"],
  ],
  async run({ values, positionals, context }) {
    const [action, ...words] = positionals;
    if (!action) throw new UsageError("list or run?");
    requireVerb("checks", action, verbs);
    if (action === "list") {
      const partition = text(values, "partition");
      const selection = selectionOf(values, words) ?? (context.location ? `location:"${context.location}"` : undefined);
      return withHost(context, async ({ api }) => {
        await api.settled();
        const all = await api.checks(selection, partition);
        const shown = values.failed ? all.filter((one) => one.result && !one.result.passed) : all;
        context.print(
          values.json
            ? JSON.stringify(shown, null, 2)
            : table(
                ["check", "kind", "blocking", "result", "when", "says"],
                shown.map((one) => [
                  `${one.asset}:${one.name}`,
                  one.by === "step" ? "by the step" : "code",
                  one.everywhere ? "everywhere" : one.blocking ? "yes" : "no",
                  checkText(partition === undefined ? one : { ...one, partitions: null }),
                  ago(one.result?.at ?? null),
                  one.result?.description ?? null,
                ]),
                context.interactive ? process.stdout.columns : undefined,
              ),
        );
        return 0;
      });
    }
    const checks = words.filter(isCheckName);
    const selection = selectionOf(
      values,
      words.filter((word) => !isCheckName(word)),
    );
    if (checks.length === 0 && !selection)
      throw new UsageError("which checks? Give a selection or key:name, as in: kc checks run orders:not_null");
    const partition = text(values, "partition");
    return withHost(context, async ({ api }) => {
      await api.settled();
      const submitted = await api.submit({
        checksOnly: true,
        ...(checks.length > 0 ? { checks } : {}),
        ...(selection ? { selection } : {}),
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
