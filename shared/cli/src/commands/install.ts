import type { Command } from "../command.ts";

export const command: Command = {
  summary: "Install every package's dependencies as their lockfiles say.",
  usage: "[--update]",
  options: { update: { type: "boolean", description: "Bring the lockfiles up to the edited package.json files" } },
  examples: [["kc install --update", "after a dependency was added to a package.json"]],
  async run({ context }) {
    // The launcher has installed before any command begins.
    context.print("kc: everything is installed");
    return 0;
  },
};
