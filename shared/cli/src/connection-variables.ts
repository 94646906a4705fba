import { readFileSync } from "node:fs";
import { join } from "node:path";
import { connections } from "@kc/connections";
import type { CommandContext } from "./command.ts";
import { UserError } from "./user-error.ts";

/**
 * Variables of a connection as the running host resolved them: the vendor's, or those of the stand-in that it holds.
 * @throws UserError when no location of the workspace uses the connection.
 */
export async function connectionVariables(context: CommandContext, name: string): Promise<Record<string, string>> {
  const connection = connections.find((one) => one.name === name)!;
  const home = context.env.KC_HOME ?? join(context.root, ".kc");
  const all = JSON.parse(readFileSync(join(home, "variables.json"), "utf8")) as Record<string, string>;
  const missing = connection.variables.filter((variable) => variable.required && !all[variable.name]);
  if (missing.length > 0)
    throw new UserError(
      `no loaded location uses connection ${name}`,
      'A location names it under "kc": { "connections": [...] } of its package.json.',
    );
  return all;
}
