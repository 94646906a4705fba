import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

export const token = "dapi-test-token";

/** The stand-in as the host runs it: a process of its own on a directory of its own. */
export interface Standin {
  url: string;
  state: string;
  variables: Record<string, string>;
  process: ChildProcess;
  call: (
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
    // biome-ignore lint/suspicious/noExplicitAny: bodies of a wire protocol under test
  ) => Promise<{ status: number; body: any; headers: Headers }>;
  sql: (statement: string, more?: Record<string, unknown>) => Promise<(string | null)[][]>;
  stop: (signal?: NodeJS.Signals) => Promise<void>;
}

export function newState(): string {
  return mkdtempSync(join(tmpdir(), "kc-databricks-"));
}

export const removeState = (state: string) => rmSync(state, { recursive: true, force: true });

export async function startStandin(state: string, env: Record<string, string> = {}): Promise<Standin> {
  const program = fileURLToPath(new URL("../src/main.ts", import.meta.url));
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH ?? "", KC_STANDIN_STATE: state, KC_STANDIN_TOKEN: token, ...env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let errors = "";
  child.stderr.on("data", (data) => {
    errors += data;
  });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const variables = await new Promise<Record<string, string>>((resolve, reject) => {
    createInterface({ input: child.stdout }).once("line", (line) => resolve(JSON.parse(line).variables));
    void exited.then(() => reject(new Error(`the stand-in ended: ${errors}`)));
  });
  const url = variables.DATABRICKS_HOST ?? "";
  const call: Standin["call"] = async (method, path, body, headers = {}) => {
    const raw = typeof body === "string" || body instanceof Uint8Array;
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...(body === undefined ? {} : { body: raw ? (body as string) : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get("content-type")?.includes("json");
    return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
  };
  const sql: Standin["sql"] = async (statement, more = {}) => {
    const { body } = await call("POST", "/api/2.0/sql/statements", {
      statement,
      warehouse_id: variables.DATABRICKS_WAREHOUSE_ID,
      wait_timeout: "50s",
      ...more,
    });
    if (body.status?.state !== "SUCCEEDED")
      throw new Error(`${statement}: ${body.status?.error?.message ?? JSON.stringify(body)}`);
    return body.result.data_array ?? [];
  };
  const stop = async (signal: NodeJS.Signals = "SIGTERM") => {
    child.kill(signal);
    await exited;
  };
  return { url, state, variables, process: child, call, sql, stop };
}
