import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import type { CommandContext } from "./command.ts";

/** turbo's own binary: its npm shim would cost one more Node start. */
export function turboBinary(root: string): string {
  const scopes = [join(root, "node_modules", "@turbo"), ...pnpmScopes(root)];
  for (const scope of scopes)
    for (const name of existsSync(scope) ? readdirSync(scope) : []) {
      const file = join(scope, name, "bin", process.platform === "win32" ? "turbo.exe" : "turbo");
      if (name.includes("-") && existsSync(file)) return file;
    }
  return join(root, "node_modules", ".bin", "turbo");
}

function pnpmScopes(root: string): string[] {
  const store = join(root, "node_modules", ".pnpm");
  if (!existsSync(store)) return [];
  return readdirSync(store)
    .filter((name) => name.startsWith("@turbo+"))
    .map((name) => join(store, name, "node_modules", "@turbo"));
}

/** Runs turbo with its output on ours; answers its exit code. */
export const turbo = (context: CommandContext, args: readonly string[]): Promise<number> => run(context, args);

/** Runs turbo and keeps the end of its output. */
export async function turboQuiet(context: CommandContext, args: readonly string[]): Promise<{ code: number; output: string }> {
  let output = "";
  const code = await run(context, args, (chunk) => {
    output = (output + chunk).slice(-200_000);
  });
  return { code, output };
}

/** What tasks themselves wrote, without what turbo says around it: `package:task: line`. */
export const taskLines = (output: string): string[] =>
  output
    .split("\n")
    .filter((line) => /^(@|\/\/)\S*:\w+: /.test(line) && !/: (cache (hit|miss|bypass)|\$ |.*ELIFECYCLE)/.test(line));

function run(context: CommandContext, args: readonly string[], hear?: (chunk: string) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(turboBinary(context.root), [...args], {
      cwd: context.root,
      stdio: hear ? ["ignore", "pipe", "pipe"] : "inherit",
      env: { ...context.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" },
    });
    for (const stream of [child.stdout, child.stderr]) stream?.setEncoding("utf8").on("data", hear!);
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    process.on("SIGINT", pass).on("SIGTERM", pass);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", pass).off("SIGTERM", pass);
      resolve(code ?? (signal ? 130 : 1));
    });
  });
}
