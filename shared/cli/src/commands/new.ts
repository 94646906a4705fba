import type { Command } from "../command.ts";

export const command: Command = { summary: "", usage: "", examples: [["", ""]], run: async () => 2 };
