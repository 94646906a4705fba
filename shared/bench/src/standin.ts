import { spawn } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connections } from "@kc/connections";

export interface Standin {
  /** The variables that the vendor's client reads. */
  variables: Record<string, string>;
  stop(): Promise<void>;
}

/** Starts the stand-in of a connection as the host does: a process of its own, which ends with its standard input. */
export async function startStandin(root: string, connection: string, folder: string): Promise<Standin> {
  const found = connections.find((one) => one.name === connection)!;
  const state = join(folder, connection);
  mkdirSync(state, { recursive: true });
  const child = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", join(root, found.standin.program)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env.PATH, HOME: process.env.HOME, KC_STANDIN_STATE: state, KC_STANDIN_TOKEN: "token-of-the-benchmark" },
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let errors = "";
  child.stderr.on("data", (chunk) => {
    errors = (errors + chunk).slice(-5_000);
  });
  const variables = await new Promise<Record<string, string>>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) =>
      resolve((JSON.parse(line) as { variables: Record<string, string> }).variables),
    );
    void exited.then(() => reject(new Error(`the stand-in of ${connection} did not start: ${errors}`)));
  });
  return {
    variables,
    async stop() {
      child.stdin.end();
      await exited;
    },
  };
}
