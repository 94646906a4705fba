import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";

export const root = new URL("../../../..", import.meta.url).pathname.replace(/\/$/, "");

/** A stand-in as the host starts it: a process that prints one line when it serves and ends when its stdin does. */
export async function start(program: string, state: string, env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [join(root, program)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "", KC_STANDIN_STATE: state, KC_STANDIN_TOKEN: "token-of-the-test", ...env },
  });
  let text = "";
  child.stderr.on("data", (data: Buffer) => {
    text += data.toString();
  });
  const exit = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let variables: Record<string, string> = {};
  for await (const line of createInterface({ input: child.stdout })) {
    variables = (JSON.parse(line) as { variables: Record<string, string> }).variables;
    break;
  }
  return {
    variables,
    exit,
    pid: child.pid!,
    stderr: () => text,
    kill: () => child.kill("SIGKILL"),
    close: (): Promise<number | null> => {
      child.stdin.end();
      return exit;
    },
  };
}
