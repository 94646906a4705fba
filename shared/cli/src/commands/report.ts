import type { ReportedEvent } from "@kc/host/client";
import { type Command, requireVerb, text, UsageError } from "../command.ts";
import { withHost } from "../host.ts";

const verbs = ["materialization", "observation", "check"];

export const command: Command = {
  summary: "Tell kc what happened elsewhere: that an asset was made or seen, or what a check found.",
  usage:
    "<materialization | observation> ASSET [--partition KEY] [--metadata NAME=VALUE]\ncheck ASSET:NAME <--passed | --failed> [--partition KEY] [--severity WARN] [--description TEXT]",
  verbs,
  options: {
    partition: { type: "string", value: "KEY", description: "Which partition: a key or a range first...last" },
    metadata: {
      type: "string",
      multiple: true,
      value: "NAME=VALUE",
      description: "A number, true, false or text; may be repeated",
    },
    passed: { type: "boolean", of: ["check"], description: "It passed" },
    failed: { type: "boolean", of: ["check"], description: "It failed" },
    severity: { type: "string", value: "WARN|ERROR", of: ["check"], description: "How bad a failure is (default ERROR)" },
    description: { type: "string", value: "TEXT", of: ["check"], description: "What it found" },
    json: { type: "boolean", description: "Print the stored event as JSON" },
  },
  examples: [
    ["kc report materialization raw/orders --metadata row_count=1200", "an external system has made it"],
    ["kc report materialization daily_orders --partition 2026-01-31", "one partition; a failure before it is cleared"],
    ["kc report check orders:not_null --passed", "a check that ran elsewhere"],
  ],
  async run({ values, positionals, context }) {
    const [type, target, ...more] = positionals;
    if (!type) throw new UsageError("report what? materialization, observation or check");
    requireVerb("report", type, verbs);
    if (!target || more.length > 0) throw new UsageError("name one asset, as in: kc report materialization raw/orders");
    const event: ReportedEvent = { type: type as ReportedEvent["type"], asset: target, metadata: metadataOf(values.metadata) };
    const partition = text(values, "partition");
    if (partition) event.partition = partition;
    if (type === "check") {
      const at = target.indexOf(":");
      if (at < 1) throw new UsageError(`"${target}" names no check; write ASSET:NAME`);
      if (Boolean(values.passed) === Boolean(values.failed)) throw new UsageError("did it pass? Give --passed or --failed");
      const severity = text(values, "severity")?.toUpperCase();
      if (severity !== undefined && severity !== "WARN" && severity !== "ERROR")
        throw new UsageError(`--severity "${severity}" is neither WARN nor ERROR`);
      event.asset = target.slice(0, at);
      const description = text(values, "description");
      event.check = {
        name: target.slice(at + 1),
        passed: values.passed === true,
        ...(severity ? { severity } : {}),
        ...(description ? { description } : {}),
      };
    }
    return withHost(context, async ({ api }) => {
      await api.settled();
      const stored = await api.report(event);
      context.print(values.json ? JSON.stringify(stored, null, 2) : `${type} of ${target} is in the log as event ${stored.id}`);
      return 0;
    });
  },
};

/** @throws UsageError at an entry without a name or a value. */
function metadataOf(given: unknown): Record<string, string | number | boolean> {
  return Object.fromEntries(
    ((given as string[] | undefined) ?? []).map((entry) => {
      const at = entry.indexOf("=");
      if (at < 1) throw new UsageError(`--metadata "${entry}": write NAME=VALUE`);
      const value = entry.slice(at + 1);
      return [
        entry.slice(0, at),
        /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : value === "true" ? true : value === "false" ? false : value,
      ];
    }),
  );
}
