import type { AlertsInfo } from "@kc/host/client";
import type { SimulateOptions } from "@kc/host/simulate";
import { type Command, jsonOption, selectionOf, text, UsageError } from "../command.ts";
import { withHost } from "../host.ts";
import { type SimulatedOutcomes, simulationHeadings, simulationRows, simulationSummary } from "../simulation-text.ts";
import { table } from "../table.ts";

export const command: Command = {
  summary:
    "What will happen: runs the daemon's decisions on a virtual clock, with every asset materialized when it is asked for. Nothing is launched or stored.",
  usage: "[selection | --select SELECTION] [--from INSTANT] [--to INSTANT | +DURATION]",
  options: {
    ...jsonOption,
    from: { type: "string", value: "INSTANT", description: "Default: now" },
    to: { type: "string", value: "INSTANT", description: "An instant, or a span after --from: +1d, +6h (default +1d)" },
    select: { type: "string", value: "SELECTION", description: "Only runs that make these assets, as the words" },
    unchanged: {
      type: "string",
      value: "SELECTION",
      description: "Assets that find nothing to do: nothing comes of them downstream",
    },
    fail: { type: "string", value: "SELECTION", description: "Assets that fail" },
  },
  examples: [
    ["kc simulate", "the next 24 hours"],
    ["kc simulate 'location:dbt' --to +7d", "a week, only runs that make these assets"],
    ["kc simulate --unchanged 'csv_*' --fail orders", "when the files do not change and orders fails"],
  ],
  async run({ values, positionals, context }) {
    const selection = selectionOf(values, positionals);
    return withHost(context, async ({ api }) => {
      await api.settled();
      const [{ simulate }, { durationMs, formatDuration }] = await Promise.all([
        import("@kc/host/simulate"),
        import("@kc/host/duration"),
      ]);
      const locations = (await api.definitions()) as SimulateOptions["locations"];
      const keys = async (selection: string | undefined) =>
        new Set(selection ? (await api.assets(selection)).map((asset) => asset.key) : []);
      const wanted = selection === undefined ? undefined : await keys(selection);
      const [unchanged, failing] = [await keys(text(values, "unchanged")), await keys(text(values, "fail"))];
      const from = new Date(text(values, "from") ?? Date.now());
      if (Number.isNaN(from.getTime()))
        throw new UsageError(`--from "${text(values, "from")}" is no instant: write it as 2026-01-31T00:00:00Z`);
      const span = text(values, "to") ?? "+1d";
      const to = span.startsWith("+") ? new Date(from.getTime() + durationMs(span.slice(1), "--to")) : new Date(span);
      if (Number.isNaN(to.getTime()))
        throw new UsageError(`--to "${span}" is no instant: write it as 2026-01-31T00:00:00Z or as +1d`);
      const outcome: SimulatedOutcomes = (asset) =>
        failing.has(asset) ? "failed" : unchanged.has(asset) ? "unchanged" : "materialized";
      const result = await simulate({ locations, from, to, outcome, alerts: alertsOf(await api.alerts()) });
      const runs = result.runs.filter((run) => !wanted || run.plan.assets.some((asset) => wanted.has(asset)));
      if (values.json) {
        context.print(JSON.stringify(runs, null, 2));
        return 0;
      }
      const mine = wanted && new Set(runs.map((run) => run.location));
      const shown = { ...result, runs, ticks: result.ticks.filter((tick) => !mine || mine.has(tick.location)) };
      const width = context.interactive ? process.stdout.columns : undefined;
      context.print(table(simulationHeadings, simulationRows(shown), width));
      context.print(`\n${simulationSummary(shown, formatDuration(to.getTime() - from.getTime()))}`);
      if (unchanged.size === 0 && runs.length > 0)
        context.print("every asset counts as changed each time; --unchanged 'group:raw' says which find nothing to do");
      if (result.alerts.length > 0)
        context.print(
          `\n${table(
            ["alert at", "channel", "", "rule"],
            result.alerts.map(({ channel, message }) => [message.at.replace(".000Z", "Z"), channel, message.title, message.rule]),
            width,
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
