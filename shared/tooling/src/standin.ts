import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

/** A stand-in of this repository, started as the host starts it: as a program of its own, in a temporary state folder. */
export interface Standin {
  variables: Record<string, string>;
  token: string;
  stop(): Promise<void>;
}

/** @param name Folder below shared/standins. */
export async function startStandin(name: string): Promise<Standin> {
  const state = await mkdtemp(join(tmpdir(), `kc-${name}-`));
  const program = fileURLToPath(new URL(`../../standins/${name}/src/main.ts`, import.meta.url));
  const token = "standin-token-of-the-tests";
  const child = spawn(process.execPath, [program], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], KC_STANDIN_STATE: state, KC_STANDIN_TOKEN: token },
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  let stderr = "";
  child.stderr.on("data", (chunk) => {
    stderr = (stderr + String(chunk)).slice(-5_000);
  });
  const variables = await new Promise<Record<string, string>>((resolve, reject) => {
    createInterface(child.stdout).once("line", (line) =>
      resolve((JSON.parse(line) as { variables: Record<string, string> }).variables),
    );
    void exited.then(() => reject(new Error(`stand-in ${name} did not start: ${stderr}`)));
  });
  return {
    variables,
    token,
    async stop() {
      child.stdin.end();
      await exited;
      await rm(state, { recursive: true, force: true });
    },
  };
}
