import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import pg from "pg";

const main = fileURLToPath(new URL("../src/main.ts", import.meta.url));

export interface Program {
  child: ChildProcess;
  variables: Record<string, string>;
  exited: Promise<number | null>;
  /** Ends its standard input, as the host does, and waits for the end. */
  end(): Promise<number | null>;
}

export async function tempDir(): Promise<string> {
  return realpath(await mkdtemp(join(tmpdir(), "kc-pg-test-")));
}
export const remove = (path: string) => rm(path, { recursive: true, force: true });

/** Starts the stand-in program and waits for its line; rejects with what it wrote to stderr when it ends first. */
export async function startProgram(
  stateDir: string,
  options: { env?: Record<string, string>; uid?: number } = {},
): Promise<Program> {
  const child = spawn(process.execPath, [main], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], KC_STANDIN_STATE: stateDir, KC_STANDIN_TOKEN: "t", ...options.env },
    cwd: "/",
    ...(options.uid ? { uid: options.uid, gid: options.uid } : {}),
  });
  const exited = new Promise<number | null>((resolve) => child.once("exit", resolve));
  let stderr = "";
  child.stderr!.on("data", (chunk) => {
    stderr += chunk;
  });
  const line = await new Promise<string>((resolve, reject) => {
    let out = "";
    child.stdout!.on("data", (chunk) => {
      out += chunk;
      if (out.includes("\n")) resolve(out);
    });
    void exited.then(() => reject(new Error(stderr)));
  });
  const ready = JSON.parse(line) as { ready: boolean; variables: Record<string, string> };
  return {
    child,
    variables: ready.variables,
    exited,
    end: () => {
      child.stdin!.end();
      return exited;
    },
  };
}

/** Runs SQL with the variables that a location gets. */
export async function query(variables: Record<string, string>, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({
    host: variables["LOCAL_POSTGRES_HOST"],
    port: Number(variables["LOCAL_POSTGRES_PORT"]),
    user: variables["LOCAL_POSTGRES_USER"],
    password: variables["LOCAL_POSTGRES_PASSWORD"],
    database: variables["LOCAL_POSTGRES_DATABASE"],
  });
  client.on("error", () => undefined);
  await client.connect();
  try {
    return (await client.query(sql)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

/** Waits until the condition holds; the test's own time limit is the only deadline. */
export async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await wait(25);
}
