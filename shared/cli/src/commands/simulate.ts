import type { AlertsInfo, ApiClient } from "@kc/host/client";
import type { SimulateOptions } from "@kc/host/simulate";
import { type Command, type CommandContext, jsonOption, selectionOf, selectOption, text, UsageError } from "../command.ts";
import { changedInstanceFile, withHost } from "../host.ts";
import { asItIs } from "../simulated-instance.ts";
import { type SimulatedOutcomes, simulationHeadings, simulationRows, simulationSummary } from "../simulation-text.ts";
import { table } from "../table.ts";

export const command: Command = {
  summary:
    "What will happen: runs the daemon's decisions on a virtual clock, from the present state of the platform: what is made, fresh, on, off and paused, and the limits of kc.yaml. Every asset is materialized when it is asked for. Runs and backfills that are queued or going on, and what functions of schedules and sensors decide, do not count. Nothing is launched or stored.",
  usage: "[selection…] [--from INSTANT] [--to INSTANT | +DURATION] [--unchanged SELECTION] [--fail SELECTION] [--clean]",
  options: {
    ...jsonOption,
    from: { type: "string", value: "INSTANT", description: "Where it begins (default now)" },
    to: { type: "string", value: "INSTANT", description: "An instant, or a span after --from: +1d, +6h (default +1d)" },
    select: { ...selectOption.select, description: "Only runs that make these assets, as the words" },
    unchanged: {
      type: "string",
      value: "SELECTION",
      description: "Assets that find nothing to do: nothing comes of them downstream",
    },
    fail: { type: "string", value: "SELECTION", description: "Assets that fail" },
    clean: {
      type: "boolean",
      description: "From nothing instead: no asset made, everything on or off by default, of kc.yaml the alerts only",
    },
  },
  examples: [
    ["kc simulate", "the next 24 hours"],
    ["kc simulate 'location:dbt' --to +7d", "a week, only runs that make these assets"],
    ["kc simulate --unchanged 'csv_*' --fail orders", "when the files do not change and orders fails"],
    ["kc simulate --clean --to +7d", "what the definitions say by themselves"],
  ],
  async run({ values, positionals, context }) {
    const selection = selectionOf(values, positionals);
    const { durationMs, formatDuration } = await import("@kc/host/duration");
    const span = () => spanOf(text(values, "from"), text(values, "to") ?? "+1d", durationMs);
    span();
    return withHost(context, async ({ api }) => {
      await api.settled();
      const { simulate } = await import("@kc/host/simulate");
      const locations = (await api.definitions()) as SimulateOptions["locations"];
      const keys = async (selection: string | undefined) =>
        new Set(selection ? (await api.assets(selection)).map((asset) => asset.key) : []);
      const wanted = selection === undefined ? undefined : await keys(selection);
      const [unchanged, failing] = [await keys(text(values, "unchanged")), await keys(text(values, "fail"))];
      const { from, to } = span();
      const outcome: SimulatedOutcomes = (asset) =>
        failing.has(asset) ? "failed" : unchanged.has(asset) ? "unchanged" : "materialized";
      const changed = values.clean ? undefined : changedInstanceFile(context);
      if (changed) context.warn(`kc: ${changed}`);
      const now = values.clean ? { options: {}, leftOut: 0 } : await asItIs(api, context, locations);
      if (now.leftOut > 0)
        context.warn(`kc simulate: of ${now.leftOut} partitioned assets it is not read what is made: they count as missing`);
      const alerts = alertsOf(await api.alerts());
      const stop = stopped(context, to);
      const result = await simulate({ locations, from, to, outcome, alerts, ...now.options, ...stop }).finally(stop.done);
      const code = stop.signal.aborted ? 130 : 0;
      if (code !== 0) context.warn(`kc simulate: stopped at ${result.until.toISOString()}; what happened until then:`);
      const runs = result.runs.filter((run) => !wanted || run.plan.assets.some((asset) => wanted.has(asset)));
      if (values.json) {
        context.print(JSON.stringify(runs, null, 2));
        return code;
      }
      const mine = wanted && new Set(runs.map((run) => run.location));
      const shown = { ...result, runs, ticks: result.ticks.filter((tick) => !mine || mine.has(tick.location)) };
      const width = context.interactive ? process.stdout.columns : undefined;
      context.print(table(simulationHeadings, simulationRows(shown), width));
      context.print(`\n${simulationSummary(shown, formatDuration(result.until.getTime() - from.getTime()))}`);
      if (unchanged.size === 0 && runs.length > 0)
        context.print("every asset counts as changed each time; --unchanged 'group:raw' says which find nothing to do");
      const silent = await withFunctions(api);
      if (silent.length > 0) context.print(`not asked, because their functions run in the platform only: ${silent.join(", ")}`);
      if (result.alerts.length > 0)
        context.print(
          `\n${table(
            ["alert at", "channel", "", "rule"],
            result.alerts.map(({ channel, message }) => [message.at.replace(".000Z", "Z"), channel, message.title, message.rule]),
            width,
          )}`,
        );
      for (const line of result.reports) context.warn(line);
      return code;
    });
  },
};

const dayMs = 86_400_000;
const longestDays = 366;
const farthestYears = 10;

/**
 * The span that is simulated.
 * @throws UsageError when it is none, over a year, or so far away that laying out every window until then is all there would be.
 */
export function spanOf(
  from: string | undefined,
  span: string,
  durationMs: (text: string) => number,
  now = Date.now(),
): { from: Date; to: Date } {
  const begin = new Date(from ?? now);
  if (Number.isNaN(begin.getTime())) throw new UsageError(`--from "${from}" is no instant: write it as 2026-01-31T00:00:00Z`);
  let end: Date;
  try {
    end = span.startsWith("+") ? new Date(begin.getTime() + durationMs(span.slice(1))) : new Date(span);
  } catch {
    throw new UsageError(`--to "${span}" is no span: write it as +6h or +1d`);
  }
  if (Number.isNaN(end.getTime()) && !span.startsWith("+"))
    throw new UsageError(`--to "${span}" is no instant: write it as 2026-01-31T00:00:00Z or as +1d`);
  if (Math.abs(begin.getTime() - now) > farthestYears * 366 * dayMs)
    throw new UsageError(`--from "${from}" is over ${farthestYears} years away`);
  if (!(end.getTime() - begin.getTime() <= longestDays * dayMs))
    throw new UsageError(`--to "${span}" is over ${longestDays} days after --from: simulate a part of it`);
  return { from: begin, to: end };
}

/** Tells now and then how far a simulation is, and ends it at the first Ctrl-C; the second ends kc. */
function stopped(context: CommandContext, to: Date) {
  const abort = new AbortController();
  const stop = () => abort.abort();
  process.once("SIGINT", stop);
  let told = Date.now();
  return {
    signal: abort.signal,
    progress(at: Date) {
      if (Date.now() - told < 5_000) return;
      told = Date.now();
      context.warn(`kc simulate: at ${at.toISOString()} of ${to.toISOString()}; Ctrl-C shows what happened so far`);
    },
    done: () => void process.off("SIGINT", stop),
  };
}

const limitText = ({ max, perMs }: { max: number; perMs: number }) => ({ max, per: `${perMs}ms` });

/** The alert rules of kc.yaml as a simulation takes them: nothing is sent, so that a channel is only its name. */
function alertsOf({ channels, rules }: AlertsInfo) {
  return {
    channels: Object.fromEntries(
      channels.map(({ name, rateLimit }) => [
        name,
        { type: "webhook", url: "http://simulated.invalid/", rate_limit: limitText(rateLimit) },
      ]),
    ),
    rules: rules.map((rule) => ({
      name: rule.name,
      on: rule.on,
      severity: rule.severity,
      channels: rule.channels,
      recovered: rule.recovered,
      ...(rule.select ? { select: rule.select } : {}),
      ...(rule.locations ? { locations: rule.locations } : {}),
      ...(rule.remindEveryMs ? { remind_every: `${rule.remindEveryMs}ms` } : {}),
      ...(rule.rateLimit ? { rate_limit: limitText(rule.rateLimit) } : {}),
    })),
  };
}

/** Schedules and sensors that are on and decide by a function of their own: a simulation has no process to ask. */
async function withFunctions(api: ApiClient): Promise<string[]> {
  const all = await Promise.all([api.schedules(), api.sensors()]);
  const on = all.flat().filter((item) => item.running && item.kind !== "automation" && item.kind !== "freshness");
  const details = await Promise.all(on.map(({ type, location, name }) => api.instigator(`${type}s`, location, name)));
  return details.filter((item) => item.decides).map((item) => `${item.location}/${item.name}`);
}
