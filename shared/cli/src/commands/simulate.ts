import type { AlertsInfo } from "@kc/host/client";
import type { SimulateOptions } from "@kc/host/simulate";
import { type Command, jsonOption, text, UsageError } from "../command.ts";
import { withHost } from "../host.ts";
import { table } from "../table.ts";

export const command: Command = {
  summary:
    "What will happen: runs the daemon's decisions on a virtual clock, with every asset materialized when it is asked for. Nothing is launched or stored.",
  usage: "[selection] [--from INSTANT] [--to INSTANT | +DURATION]",
  options: {
    ...jsonOption,
    from: { type: "string", value: "INSTANT", description: "Default: now" },
    to: { type: "string", value: "INSTANT", description: "An instant, or a span after --from: +1d, +6h (default +1d)" },
    unchanged: { type: "string", value: "SELECTION", description: "Assets that find nothing to do" },
    fail: { type: "string", value: "SELECTION", description: "Assets that fail" },
  },
  examples: [
    ["kc simulate", "the next 24 hours"],
    ["kc simulate 'location:dbt' --to +7d", "a week, only runs that make these assets"],
    ["kc simulate --unchanged 'csv_*' --fail orders", "when the files do not change and orders fails"],
  ],
  async run({ values, positionals, context }) {
    return withHost(context, async ({ api }) => {
      await api.settled();
      const [{ simulate }, { durationMs, formatDuration }] = await Promise.all([
        import("@kc/host/simulate"),
        import("@kc/host/duration"),
      ]);
      const locations = (await api.definitions()) as SimulateOptions["locations"];
      const keys = async (selection: string | undefined) =>
        new Set(selection ? (await api.assets(selection)).map((asset) => asset.key) : []);
      const wanted = positionals.length > 0 ? await keys(positionals.join(" ")) : undefined;
      const [unchanged, failing] = [await keys(text(values, "unchanged")), await keys(text(values, "fail"))];
      const from = new Date(text(values, "from") ?? Date.now());
      if (Number.isNaN(from.getTime()))
        throw new UsageError(`--from "${text(values, "from")}" is no instant: write it as 2026-01-31T00:00:00Z`);
      const span = text(values, "to") ?? "+1d";
      const to = span.startsWith("+") ? new Date(from.getTime() + durationMs(span.slice(1), "--to")) : new Date(span);
      if (Number.isNaN(to.getTime()))
        throw new UsageError(`--to "${span}" is no instant: write it as 2026-01-31T00:00:00Z or as +1d`);
      const outcome: NonNullable<SimulateOptions["outcome"]> = (asset) =>
        failing.has(asset) ? "failed" : unchanged.has(asset) ? "unchanged" : "materialized";
      const result = await simulate({ locations, from, to, outcome, alerts: alertsOf(await api.alerts()) });
      const runs = result.runs.filter((run) => !wanted || run.plan.assets.some((asset) => wanted.has(asset)));
      if (values.json) {
        context.print(JSON.stringify(runs, null, 2));
        return 0;
      }
      const cause = (tags: Record<string, string>) =>
        tags["kc/schedule"] ?? (tags["kc/automation"] ? "automation" : (tags["kc/sensor"] ?? ""));
      context.print(
        table(
          ["at", "location", "cause", "assets", "outcome"],
          runs.map((run) => [
            new Date(run.createdAt).toISOString().replace(".000Z", "Z"),
            run.location,
            cause(run.tags),
            run.plan.assets.length > 2 ? `${run.plan.assets.length} assets` : run.plan.assets.join(" "),
            run.status,
          ]),
          context.interactive ? process.stdout.columns : undefined,
        ),
      );
      context.print(`\n${runs.length} runs in ${formatDuration(to.getTime() - from.getTime())}`);
      if (result.alerts.length > 0)
        context.print(
          `\n${table(
            ["alert at", "channel", "", "rule"],
            result.alerts.map(({ channel, message }) => [message.at.replace(".000Z", "Z"), channel, message.title, message.rule]),
            context.interactive ? process.stdout.columns : undefined,
          )}`,
        );
      for (const line of result.reports) context.warn(line);
      return 0;
    });
  },
};

/** The alert rules of kc.yaml as a simulation takes them: nothing is sent, so that a channel is only its name. */
function alertsOf({ channels, rules }: AlertsInfo) {
  return {
    channels: Object.fromEntries(channels.map(({ name }) => [name, { type: "webhook", url: "http://simulated.invalid/" }])),
    rules: rules.map((rule) => ({
      name: rule.name,
      on: rule.on,
      severity: rule.severity,
      channels: rule.channels,
      recovered: rule.recovered,
      ...(rule.select ? { select: rule.select } : {}),
      ...(rule.locations ? { locations: rule.locations } : {}),
      ...(rule.remindEveryMs ? { remind_every: `${rule.remindEveryMs}ms` } : {}),
    })),
  };
}
