import type { ApiClient } from "@kc/host/client";
import { type Command, type CommandContext, duration, jsonOption, noMore, requireVerb, text, UsageError } from "../command.ts";
import { changedInstanceFile, withHost } from "../host.ts";
import { ago, table } from "../table.ts";

const verbs = ["list", "test", "mute", "unmute"];

export const command: Command = {
  summary: "Show alert rules and open alerts, test channels, and mute.",
  usage: "<list | test [CHANNEL…] | mute RULE|SELECTION --for TIME | unmute RULE|SELECTION>",
  verbs,
  defaultVerb: "list",
  options: {
    ...jsonOption,
    for: { type: "string", value: "TIME", of: ["mute"], description: "How long (30m, 2h, 1d)" },
  },
  examples: [
    ["kc alerts list", "rules, channels, what is open, what was sent lately"],
    ["kc alerts test slack", "a real message, and what the service says"],
    ["kc alerts mute 'group:staging' --for 2h", "while it is mended; unmute ends it"],
  ],
  async run({ values, positionals, context }) {
    const [verb = "list", ...names] = positionals;
    requireVerb("alerts", verb, verbs);
    if (verb === "list") noMore(names);
    const length = text(values, "for");
    if (verb === "mute" && (names.length !== 1 || !length))
      throw new UsageError("mute what, and how long? As in: kc alerts mute nightly --for 2h");
    await duration(values, "for");
    if (verb === "unmute" && names.length !== 1) throw new UsageError("unmute what? kc alerts list shows what is muted");
    return withHost(context, async ({ api }) => {
      if (verb === "test") return test(api, context, names, values.json === true);
      if (verb === "list") return list(api, context, values.json === true);
      await api.settled();
      if (verb === "mute") {
        const mute = await api.mute({ what: names[0]!, for: length! });
        context.print(
          values.json ? JSON.stringify(mute) : `${mute.rule ? "rule" : "selection"} ${names[0]} is muted until ${mute.until}`,
        );
      } else {
        const { ended } = await api.unmute(names[0]!);
        context.print(values.json ? JSON.stringify({ ended }) : `${ended} ${ended === 1 ? "mute" : "mutes"} ended`);
      }
      return 0;
    });
  },
};

async function test(api: ApiClient, context: CommandContext, names: readonly string[], json: boolean): Promise<number> {
  const answers = await api.testAlerts(names.length > 0 ? names : undefined);
  if (json) context.print(JSON.stringify(answers, null, 2));
  else if (answers.length === 0) context.print("kc.yaml has no alert channels: alerts.channels names them");
  else
    context.print(
      table(
        ["channel", "", "the service said"],
        answers.map(({ channel, taken, answer }) => [channel, taken ? "sent" : "FAILED", answer]),
        context.interactive ? process.stdout.columns : undefined,
      ),
    );
  return answers.every((one) => one.taken) ? 0 : 1;
}

async function list(api: ApiClient, context: CommandContext, json: boolean): Promise<number> {
  await api.settled();
  const { channels, rules, open, mutes, deliveries } = await api.alerts();
  const changed = changedInstanceFile(context);
  if (changed) context.warn(`kc: ${changed}`);
  if (json) {
    context.print(JSON.stringify({ channels, rules, open, mutes, deliveries }, null, 2));
    return 0;
  }
  const { formatDuration } = await import("@kc/host/duration");
  const atMost = ({ max, perMs }: { max: number; perMs: number }) => `${max} in ${formatDuration(perMs)}`;
  const width = context.interactive ? process.stdout.columns : undefined;
  const show = (head: string[], rows: string[][]) => {
    if (rows.length > 0) context.print(`${table(head, rows, width)}\n`);
  };
  if (rules.length === 0) context.print("kc.yaml has no alert rules: alerts.rules names them\n");
  show(
    ["rule", "on", "of", "channels", ""],
    rules.map((rule) => [
      rule.name,
      rule.on.join(", "),
      rule.select ?? rule.locations?.join(", ") ?? "everything",
      rule.channels.join(", ") +
        (rule.owners ? " + owners" : "") +
        (rule.rateLimit ? ` (at most ${atMost(rule.rateLimit)})` : ""),
      rule.problem ?? (rule.mutedUntil ? `muted until ${rule.mutedUntil}` : ""),
    ]),
  );
  show(
    ["channel", "type", "leads to", "at most", ""],
    channels.map((one) => [one.name, one.type, one.target, atMost(one.rateLimit), one.failing ? `FAILING: ${one.failing}` : ""]),
  );
  show(
    ["open alert", "rule", "since", "times"],
    open.map((alert) => [
      alert.title,
      alert.rule,
      ago(alert.openedAt),
      alert.toldAt ? String(alert.count) : `${alert.count} (muted)`,
    ]),
  );
  show(
    ["muted", "until"],
    mutes.map((mute) => [mute.rule ?? mute.selection ?? "", mute.until]),
  );
  show(
    ["last deliveries", "channel", "status", "when", "answer"],
    deliveries.slice(0, 20).map((one) => [one.title, one.channel, one.status, ago(one.createdAt), one.answer ?? ""]),
  );
  return 0;
}
