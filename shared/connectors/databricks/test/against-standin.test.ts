import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { type Standin, startStandin } from "@kc/tooling/standin";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DatabricksClient, DatabricksSqlError, databricksClient, isMissing, runSucceeded } from "../src/client.ts";

let standin: Standin;
let client: DatabricksClient;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "kc-databricks-"));
  standin = await startStandin("databricks");
  const {
    DATABRICKS_HOST: host = "",
    DATABRICKS_TOKEN: token = "",
    DATABRICKS_WAREHOUSE_ID: warehouseId = "",
  } = standin.variables;
  client = databricksClient({ host, token, warehouseId, catalog: "test", schema: "main" });
  await Promise.all([client.unityCatalog.ensureCatalog("test"), client.unityCatalog.ensureCatalog("test")]);
  await client.unityCatalog.ensureSchema("test", "main");
});
afterAll(async () => {
  await client?.close();
  await standin?.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Runs the provision program as the host does. */
async function provision(section: unknown): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [fileURLToPath(new URL("../src/provision.ts", import.meta.url))], {
    env: { ...process.env, ...standin.variables },
  });
  child.stdin.end(JSON.stringify({ spec: section, root: folder, location_dir: folder }));
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once("exit", resolve)),
  ]);
  return { code, out, err };
}

describe("against the local workspace", () => {
  test("statements with parameters, errors with SQL state", async () => {
    const { columns, rows } = await client.statements.execute("SELECT CAST(:n AS BIGINT) + 1 AS n, :text AS t, NULL AS nothing", {
      parameters: { n: 41, text: "it's" },
    });
    expect(columns.map(({ name }) => name)).toEqual(["n", "t", "nothing"]);
    expect(rows).toEqual([["42", "it's", null]]);
    const error = await client.statements.execute("SELECT * FROM test.main.nowhere").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DatabricksSqlError);
    expect((error as DatabricksSqlError).message).toContain("nowhere");
  });

  test("tables appear in Unity Catalog, missing ones are missing", async () => {
    await client.statements.execute("CREATE OR REPLACE TABLE test.main.seen AS SELECT 1 AS id");
    expect(await client.unityCatalog.tables.exists("test.main.seen")).toBe(true);
    expect(await client.unityCatalog.tables.exists("test.main.unseen")).toBe(false);
    expect((await client.unityCatalog.tables.list("test", "main")).map(({ name }) => name)).toContain("seen");
    expect(isMissing(await client.unityCatalog.schemas.get("test.nope").catch((e: unknown) => e))).toBe(true);
  });

  test("files of a volume come back byte for byte, under any name", async () => {
    await client.unityCatalog.ensureVolume("test", "main", "v");
    const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 256));
    const file = join(folder, "up.bin");
    await writeFile(file, bytes);
    const path = "/Volumes/test/main/v/a b/ü%#?.bin";
    await client.files.mkdir("/Volumes/test/main/v/a b");
    await client.files.upload(path, { file });
    const chunks: Buffer[] = [];
    for await (const chunk of await client.files.download(path)) chunks.push(chunk as Buffer);
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect(await client.files.list("/Volumes/test/main/v/a b")).toEqual([
      { path, name: "ü%#?.bin", isDirectory: false, size: 300_000 },
    ]);
    await client.files.delete(path);
    await client.files.delete(path);
    expect(await client.files.list("/Volumes/test/main/v/a b")).toEqual([]);
  });

  test("a wrong token is refused", async () => {
    const other = databricksClient({ host: client.origin, token: "wrong", warehouseId: "w" });
    await expect(other.statements.execute("SELECT 1")).rejects.toThrow(/DATABRICKS_TOKEN/);
    await other.close();
  });
});

describe("the provision program", () => {
  test("makes catalogs, notebooks and jobs once, and the job runs", async () => {
    await writeFile(
      join(folder, "ingest.sql"),
      "-- Databricks notebook source\nCREATE OR REPLACE TABLE test.provisioned.days AS SELECT :start_date AS day\n",
    );
    const section = {
      catalogs: [{ name: "test", schemas: [{ name: "provisioned", volumes: ["landing"] }] }],
      notebooks: [{ path: "/Shared/kc/ingest", file: "ingest.sql" }],
      jobs: [
        {
          name: "ingest",
          variable: "DATABRICKS_NOTEBOOK_JOB_ID",
          settings: {
            parameters: [{ name: "start_date", default: "2026-01-01" }],
            tasks: [
              {
                task_key: "ingest",
                notebook_task: {
                  notebook_path: "/Shared/kc/ingest",
                  source: "WORKSPACE",
                  warehouse_id: standin.variables["DATABRICKS_WAREHOUSE_ID"],
                },
              },
            ],
          },
        },
      ],
    };
    const first = await provision(section);
    expect(first.err).toBe("");
    const again = await provision(section);
    expect(again.out).toBe(first.out);
    const jobId = Number(
      (JSON.parse(first.out) as { variables: Record<string, string> }).variables["DATABRICKS_NOTEBOOK_JOB_ID"],
    );
    const states: string[] = [];
    const runId = await client.jobs.runNow(jobId, { parameters: { start_date: "2026-02-03" }, idempotencyToken: "once" });
    expect(await client.jobs.runNow(jobId, { parameters: { start_date: "2026-02-03" }, idempotencyToken: "once" })).toBe(runId);
    const run = await client.jobs.waitForRun(runId, { onState: ({ state }) => states.push(state.life_cycle_state) });
    expect(runSucceeded(run)).toBe(true);
    expect(states.at(-1)).toBe("TERMINATED");
    expect((await client.statements.execute("SELECT day FROM test.provisioned.days")).rows).toEqual([["2026-02-03"]]);
  });

  test("says what is wrong with a section and ends with 1", async () => {
    expect(await provision({ job: [] })).toMatchObject({ code: 1, out: "", err: expect.stringContaining("job") });
  });
});
