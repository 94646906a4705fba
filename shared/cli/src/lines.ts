import { createInterface } from "node:readline";
import type { CommandContext } from "./command.ts";

/**
 * Reads statements ended by `;` from standard input and hands each to `execute`, until the input ends or a line says
 * `\q`. At a terminal a statement that fails is told and the next is read; from a pipe it ends with exit code 1.
 */
export async function readStatements(
  context: CommandContext,
  prompt: string,
  execute: (sql: string) => Promise<void>,
): Promise<number> {
  const terminal = Boolean(process.stdin.isTTY);
  const input = createInterface({ input: process.stdin, output: terminal ? process.stdout : undefined, terminal, prompt });
  let statement = "";
  let code = 0;
  const run = async (sql: string): Promise<boolean> => {
    try {
      await execute(sql);
      return true;
    } catch (error) {
      context.warn((error as Error).message);
      code = 1;
      return terminal;
    }
  };
  if (terminal) input.prompt();
  for await (const line of input) {
    if (/^\s*(\\q|exit|quit)\s*$/i.test(line)) break;
    statement += `${line}\n`;
    if (/;\s*$/.test(line)) {
      const sql = statement.trim().replace(/;$/, "");
      statement = "";
      if (sql && !(await run(sql))) return 1;
    }
    if (terminal) input.setPrompt(statement.trim() ? `${" ".repeat(Math.max(0, prompt.length - 2))}> ` : prompt);
    if (terminal) input.prompt();
  }
  input.close();
  if (statement.trim()) await run(statement.trim());
  return terminal ? 0 : code;
}
