import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { connections } from "@kc/connections";

export const root = new URL("../../../..", import.meta.url).pathname.replace(/\/$/, "");

const program = (name: string) => connections.find((connection) => connection.name === name)!.standin;

/** The local Databricks and dbt Cloud, each a process of its own as the host starts them. */
export async function standins() {
  const folder = mkdtempSync(join(tmpdir(), "kc-connector-dbt-"));
  const children: ChildProcess[] = [];
  async function start(name: string, env: Record<string, string>): Promise<Record<string, string>> {
    const child = spawn(process.execPath, [join(root, program(name).program)], {
      stdio: ["pipe", "pipe", "pipe"],
      env: { PATH: process.env.PATH ?? "", KC_STANDIN_STATE: join(folder, name), KC_STANDIN_TOKEN: `token-of-${name}`, ...env },
    });
    children.push(child);
    let stderr = "";
    child.stderr.on("data", (data: Buffer) => {
      stderr += data.toString();
    });
    for await (const line of createInterface({ input: child.stdout }))
      return (JSON.parse(line) as { variables: Record<string, string> }).variables;
    throw new Error(`${name} did not start: ${stderr}`);
  }
  async function close(): Promise<void> {
    await Promise.all(
      children.map((child) => {
        const gone = new Promise((resolve) => (child.exitCode === null ? child.once("exit", resolve) : resolve(undefined)));
        child.stdin?.end();
        child.kill("SIGTERM");
        return gone;
      }),
    );
    rmSync(folder, { recursive: true, force: true });
  }
  try {
    const databricks = await start("databricks", {});
    const dbtCloud = await start("dbt_cloud", databricks);
    return { folder, variables: { ...databricks, ...dbtCloud }, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Runs one SQL statement on the local Databricks. */
export async function sql(variables: Record<string, string>, statement: string): Promise<(string | null)[][]> {
  const response = await fetch(`${variables.DATABRICKS_HOST}/api/2.0/sql/statements`, {
    method: "POST",
    headers: { authorization: `Bearer ${variables.DATABRICKS_TOKEN}`, "content-type": "application/json" },
    body: JSON.stringify({ statement, warehouse_id: variables.DATABRICKS_WAREHOUSE_ID, wait_timeout: "30s" }),
  });
  const answer = (await response.json()) as {
    status?: { state: string; error?: { message: string } };
    result?: { data_array?: (string | null)[][] };
  };
  if (answer.status?.state !== "SUCCEEDED") throw new Error(answer.status?.error?.message ?? JSON.stringify(answer));
  return answer.result?.data_array ?? [];
}

/** Runs the provision program of dbt Cloud as the host does. */
export async function provisioned(
  variables: Record<string, string>,
  spec: unknown,
): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [join(root, program("dbt_cloud").provision!)], {
    stdio: ["pipe", "pipe", "pipe"],
    env: { PATH: process.env.PATH ?? "", ...variables },
  });
  child.stdin.end(JSON.stringify({ spec, root, location_dir: join(root, "locations/dbt") }));
  let [out, err] = ["", ""];
  child.stdout.on("data", (data: Buffer) => {
    out += data.toString();
  });
  child.stderr.on("data", (data: Buffer) => {
    err += data.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, err };
}
