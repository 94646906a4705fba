import { type Command, duration, jsonOption, noMore, requireVerb, text, UsageError } from "../command.ts";
import { confirmed } from "../confirm.ts";
import { withHost } from "../host.ts";
import { table } from "../table.ts";

const verbs = ["info", "migrate", "prune"];

const age = (what: string) => ({
  type: "string" as const,
  value: "AGE",
  of: ["prune"],
  description: `${what} older than this (30d, 12h)`,
});

export const command: Command = {
  summary: "Look at the instance's database, bring it to this kc's schema, and delete what is old.",
  usage: "<info | migrate>\nprune [--runs AGE] [--ticks AGE] [--logs AGE] [--dry-run] [--yes]",
  verbs,
  defaultVerb: "info",
  options: {
    ...jsonOption,
    runs: age("Ended runs with their events"),
    ticks: age("Ticks of schedules and sensors"),
    logs: age("Log lines of ended runs"),
    "dry-run": { type: "boolean", of: ["prune"], description: "Count what would go and delete nothing" },
    yes: { type: "boolean", short: "y", of: ["prune"], description: "Do not ask" },
  },
  examples: [
    ["kc storage info", "dialect, schema version, rows, size"],
    ["kc storage prune --runs 90d --logs 14d", "by hand, asks first; retention in kc.yaml does it every hour"],
    ["kc storage migrate", "after an update; opening the database does it too"],
  ],
  async run({ values, positionals, context }) {
    const verb = positionals[0] ?? "info";
    requireVerb("storage", verb, verbs);
    noMore(positionals.slice(1));
    const ages = Object.fromEntries(
      ["runs", "ticks", "logs"].flatMap((name) => (text(values, name) ? [[name, text(values, name)!]] : [])),
    );
    if (verb === "prune" && Object.keys(ages).length === 0)
      throw new UsageError("prune what? Give --runs, --ticks or --logs with an age, as in: kc storage prune --runs 90d");
    for (const name of Object.keys(ages)) await duration(values, name);
    const dryRun = values["dry-run"] === true;
    if (verb === "prune" && !values.yes && !dryRun) {
      const what = Object.entries(ages)
        .map(
          ([name, age]) =>
            `${name === "runs" ? "ended runs with their events" : name === "logs" ? "log lines" : name} older than ${age}`,
        )
        .join(", ");
      if (!(await confirmed(context, `Delete ${what}?`, `to delete ${what}`))) return 1;
    }
    return withHost(context, async ({ api }) => {
      if (verb === "prune") {
        const gone = await api.prune(dryRun ? { ...ages, dryRun } : ages);
        context.print(
          values.json
            ? JSON.stringify(gone)
            : `${dryRun ? "would delete" : "deleted"} ${gone.runs} runs, ${gone.events} events, ${gone.ticks} ticks`,
        );
        return 0;
      }
      const info = await api.storage();
      if (values.json) context.print(JSON.stringify(info, null, 2));
      else if (verb === "migrate") context.print(`the ${info.dialect} database has schema ${info.schemaVersion}, this kc's`);
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
