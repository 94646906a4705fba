import { createInterface } from "node:readline/promises";
import { type CommandContext, UsageError } from "./command.ts";

/**
 * Asks on a terminal whether to do what cannot be undone.
 * @throws UsageError where nobody can be asked: `--yes` is the answer there.
 */
export async function confirmed(context: CommandContext, question: string, otherwise: string): Promise<boolean> {
  if (!context.interactive || !process.stdin.isTTY) throw new UsageError(`${otherwise} without being asked, give --yes`);
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await lines.question(`${question} [y/N] `);
  lines.close();
  return /^y(es)?$/i.test(answer.trim());
}
