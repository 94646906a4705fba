import { type Command, jsonOption, noMore, number, text, UsageError } from "../command.ts";
import { withHost } from "../host.ts";
import { ago, table } from "../table.ts";

export const command: Command = {
  summary: "Show the partitions of an asset with their status; add and delete keys of dynamic ones.",
  usage: "ASSET [--status STATUS] [--limit N]\nlist\nadd NAME KEY…\ndelete NAME KEY…",
  verbs: ["list", "add", "delete"],
  options: {
    ...jsonOption,
    status: {
      type: "string",
      value: "STATUS",
      of: [""],
      description: "Only these: materialized, failed, in_progress or missing",
    },
    limit: { type: "string", short: "n", value: "N", of: [""], description: "So many keys, the newest first (default 20)" },
  },
  examples: [
    ["kc partitions daily_orders", "how many are made, which are missing, the newest in detail"],
    ["kc partitions daily_orders --status failed", "the failed ones"],
    ["kc partitions list", "dynamic partitions and their keys"],
    ["kc partitions add customers acme globex", "two more keys"],
  ],
  async run({ values, positionals, context }) {
    const [first, name, ...keys] = positionals;
    if (!first) throw new UsageError("of which asset? As in: kc partitions daily_orders");
    if (first === "list") noMore(positionals.slice(1));
    const limit = number(values, "limit") ?? 20;
    return withHost(context, async ({ api }) => {
      await api.settled();
      if (first === "list") {
        const all = await api.dynamicPartitions();
        if (values.json) context.print(JSON.stringify(all, null, 2));
        else if (all.length === 0) context.print("no asset has dynamic partitions");
        else
          context.print(
            table(
              ["name", "keys", "assets", ""],
              all.map((one) => [one.name, one.keys.length, one.assets.join(", "), one.keys.slice(-5).join(", ")]),
            ),
          );
        return 0;
      }
      if (first === "add" || first === "delete") {
        if (!name || keys.length === 0) throw new UsageError(`which keys? As in: kc partitions ${first} customers acme`);
        const { added, deleted } = await api.changeDynamicPartitions(name, { [first]: keys });
        const changed = first === "add" ? added : deleted;
        if (values.json) context.print(JSON.stringify({ added, deleted }, null, 2));
        else
          context.print(
            changed.length === 0
              ? `nothing to ${first}: ${first === "add" ? "they are there already" : "there are none of these"}`
              : `${first === "add" ? "added" : "deleted"} ${changed.join(", ")}`,
          );
        return 0;
      }
      noMore(positionals.slice(1));
      const status = text(values, "status");
      const one = await api.partitions(first, { newest: true, limit, ...(status ? { status } : {}) });
      if (values.json) {
        context.print(JSON.stringify(one, null, 2));
        return 0;
      }
      const { total, materialized, failed, inProgress, missing } = one.counts;
      context.print(
        `${one.key}: ${one.description}, ${total} partitions: ${materialized} made, ${failed} failed, ${inProgress} in progress, ${missing} missing`,
      );
      for (const [what, ranges] of [
        ["failed", one.ranges.failed],
        ["missing", one.ranges.missing],
      ] as const)
        if (ranges.length > 0)
          context.print(`  ${what}: ${ranges.slice(0, 5).join(", ")}${ranges.length > 5 ? `, … (${ranges.length} ranges)` : ""}`);
      context.print(
        table(
          ["partition", "status", "made", "run"],
          one.partitions.map((row) => [row.key, row.status.replace("_", " "), row.at ? ago(row.at) : "", row.runId]),
        ),
      );
      return 0;
    });
  },
};
