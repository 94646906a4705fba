import { spawn, spawnSync } from "node:child_process";

/** Runs a program to its end and answers the milliseconds it took. @throws Error with the end of its output when it fails. */
export function timed(
  command: string,
  args: readonly string[],
  options: { cwd?: string; env?: NodeJS.ProcessEnv; input?: string } = {},
): Promise<{ ms: number; stdout: string }> {
  const began = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...args], { ...options, stdio: ["pipe", "pipe", "pipe"] });
    let stdout = "";
    let end = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk) => {
        end = (end + chunk).slice(-2_000);
      });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      const ms = performance.now() - began;
      if (code === 0) resolve({ ms, stdout });
      else reject(new Error(`${command} ${args.join(" ")} ended with ${signal ?? code}: ${end}`));
    });
    child.stdin.end(options.input ?? "");
  });
}

/** Whether a program can be started. */
export const installed = (command: string): boolean => spawnSync(command, ["--version"], { stdio: "ignore" }).status === 0;

/** Runs `work` a number of times, one after the other, and keeps what it answers. */
export async function times<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = [];
  for (let index = 0; index < count; index++) results.push(await work(index));
  return results;
}
