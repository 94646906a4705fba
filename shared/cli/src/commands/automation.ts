import type { AssetEvaluations } from "@kc/host/client";
import { type Command, jsonOption, number, requireVerb, UsageError } from "../command.ts";
import { withHost } from "../host.ts";
import { UserError } from "../user-error.ts";

export const command: Command = {
  summary: "Show why automation requested an asset, or why it did not.",
  usage: "show ASSET [--limit N]",
  verbs: ["show"],
  options: {
    ...jsonOption,
    limit: { type: "string", short: "n", value: "N", description: "So many evaluations, newest first (default 1)" },
  },
  examples: [
    ["kc automation show orders", "the latest evaluation: every part with ✓ or ✗"],
    ["kc automation show orders --limit 10", "what changed from one to the next"],
  ],
  async run({ values, positionals, context }) {
    const [verb, key, ...more] = positionals;
    if (!verb) throw new UsageError("show what? As in: kc automation show orders");
    requireVerb("automation", verb, ["show"]);
    if (!key || more.length > 0) throw new UsageError("which asset? As in: kc automation show orders");
    const limit = number(values, "limit") ?? 1;
    if (limit > 200) throw new UsageError("--limit is at most 200: no more evaluations are kept");
    return withHost(context, async ({ api }) => {
      await api.settled();
      const found = await api.evaluations(key, { limit }).catch((error) => {
        if ((error as { status?: number }).status !== 404) throw error;
        throw new UserError((error as Error).message, "kc list assets shows all of them.");
      });
      context.print(values.json ? JSON.stringify(found, null, 2) : told(found));
      return 0;
    });
  },
};

type Evaluated = AssetEvaluations["evaluations"][number];

function told({ key, condition, paused, evaluations }: AssetEvaluations): string {
  if (!condition) return `${key} has no automation condition`;
  const lines = [];
  if (paused)
    lines.push(`paused until ${paused.until ?? "kc resume"} (${paused.selection})${paused.reason ? `: ${paused.reason}` : ""}`);
  if (evaluations.length === 0) lines.push(`${key} has not been evaluated yet: is its automation sensor on? kc sensors list`);
  for (const one of evaluations) lines.push(`${one.at}  ${outcome(one)}`, ...tree(one.evaluation, "  "));
  return lines.join("\n");
}

function outcome({ requestId, requested, paused, value }: Evaluated): string {
  const what = requested.length > 0 ? ` (${requested.join(", ")})` : "";
  if (requestId) return `requested${what} as ${requestId}`;
  if (paused) return "due, but paused";
  return value ? "due, but not requested" : "not due";
}

function tree(node: Evaluated["evaluation"], indent: string): string[] {
  const { count, texts } = node.partitions ?? { count: 0, texts: [] };
  const set = count > 0 ? `  ${texts.join(", ")}${count > 1 ? ` (${count})` : ""}` : "";
  return [`${indent}${node.value ? "✓" : "✗"} ${node.label}${set}`, ...node.parts.flatMap((part) => tree(part, `${indent}  `))];
}
