import type { Pause } from "@kc/host/client";
import { type Command, duration, jsonOption, noMore, selectionOf, selectOption, text, UsageError } from "../command.ts";
import { withHost } from "../host.ts";
import { table } from "../table.ts";

export const command: Command = {
  summary: "Pause the automation of assets for a while; evaluation goes on, and what became due is requested after.",
  usage: "<selection…> [--for TIME] [--reason TEXT] [--all]\nlist",
  verbs: ["list"],
  options: {
    ...jsonOption,
    select: { ...selectOption.select, of: [""] },
    for: { type: "string", value: "TIME", of: [""], description: "How long (2h, 2d); without it until kc resume" },
    reason: { type: "string", value: "TEXT", of: [""], description: "Why; shown with the assets" },
    all: { type: "boolean", of: [""], description: "Schedules and sensors do not request them either" },
  },
  examples: [
    ["kc pause 'group:finance' --for 2d --reason 'month end'", "automation requests none of them until then"],
    ["kc pause list", "what is paused, until when and why"],
    ["kc resume 'group:finance'", "what became due meanwhile is requested now"],
  ],
  async run({ values, positionals, context }) {
    const lists = positionals[0] === "list";
    if (lists) noMore(positionals.slice(1));
    const selection = lists ? undefined : selectionOf(values, positionals);
    if (!lists && !selection) throw new UsageError("pause what? As in: kc pause 'group:finance' --for 2d");
    await duration(values, "for");
    return withHost(context, async ({ api }) => {
      await api.settled();
      const length = text(values, "for");
      const reason = text(values, "reason");
      const pauses = selection
        ? [
            await api.pause({
              selection,
              ...(length === undefined ? {} : { for: length }),
              ...(reason === undefined ? {} : { reason }),
              ...(values.all === true ? { all: true } : {}),
            }),
          ]
        : await api.pauses();
      if (values.json) context.print(JSON.stringify(pauses, null, 2));
      else context.print(pauses.length > 0 ? listed(pauses) : "nothing is paused");
      return 0;
    });
  },
};

const listed = (pauses: readonly Pause[]): string =>
  table(
    ["paused", "assets", "until", "what", "reason"],
    pauses.map((pause) => [
      pause.selection,
      pause.assets,
      pause.until ?? "kc resume",
      pause.all ? "automation, schedules, sensors" : "automation",
      pause.reason ?? "",
    ]),
  );
