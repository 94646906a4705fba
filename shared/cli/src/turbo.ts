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
export function turbo(context: CommandContext, args: readonly string[]): Promise<number> {
  return new Promise((resolve, reject) => {
    const child = spawn(turboBinary(context.root), [...args], {
      cwd: context.root,
      stdio: "inherit",
      env: { ...context.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" },
    });
    const pass = (signal: NodeJS.Signals) => child.kill(signal);
    process.on("SIGINT", pass).on("SIGTERM", pass);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      process.off("SIGINT", pass).off("SIGTERM", pass);
      resolve(code ?? (signal ? 130 : 1));
    });
  });
}

/** Runs turbo and keeps its output. */
export function turboQuiet(context: CommandContext, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(turboBinary(context.root), [...args], {
      cwd: context.root,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...context.env, TURBO_TELEMETRY_DISABLED: "1", TURBO_NO_UPDATE_NOTIFIER: "1" },
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        output = (output + chunk).slice(-20_000);
      });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
