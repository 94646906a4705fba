import { type Command, jsonOption, noMore, selectionOf, selectOption, UsageError } from "../command.ts";
import { withHost } from "../host.ts";

export const command: Command = {
  summary: "End pauses of automation; what became due meanwhile is requested now.",
  usage: "<SELECTION | ID | '*'>",
  options: {
    ...jsonOption,
    select: { ...selectOption.select, description: "The selection that was paused, as the words" },
  },
  examples: [
    ["kc resume 'group:finance'", "by the selection that was paused"],
    ["kc resume '*'", "everything"],
  ],
  async run({ values, positionals, context }) {
    noMore(positionals.slice(1));
    const what = selectionOf(values, positionals);
    if (!what) throw new UsageError("resume what? kc pause list shows what is paused");
    return withHost(context, async ({ api }) => {
      await api.settled();
      const ended = await api.resume(what);
      if (values.json) context.print(JSON.stringify(ended, null, 2));
      else for (const pause of ended) context.print(`${pause.selection} goes on`);
      return 0;
    });
  },
};
