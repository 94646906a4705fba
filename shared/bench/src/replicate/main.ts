import { createReadStream } from "node:fs";
import { databricksClient } from "@kc/connector-databricks";
import { postgresClient } from "@kc/connector-postgres";
import { slingReplication } from "@kc/connector-replication";
import { type MaterializeResult, type StepContext, valueResource } from "@kc/runtime";

// The loading process of the data benchmarks: a process of its own, so that its peak memory is that of one load.
// Takes one argument of JSON and prints one line of JSON.

export type Work =
  | { action: "copy"; csv: string; create: string; copy: string }
  /** Runs the streams of a replication file, as a step does. */
  | { action: "replicate"; file: string; folder: string };

export interface Done {
  ms: number;
  peakBytes: number;
  rows: number;
}

const work = JSON.parse(process.argv[2]!) as Work;
const env = process.env as Record<string, string>;
const db = postgresClient({
  host: env["LOCAL_POSTGRES_HOST"]!,
  port: Number(env["LOCAL_POSTGRES_PORT"]),
  user: env["LOCAL_POSTGRES_USER"]!,
  password: env["LOCAL_POSTGRES_PASSWORD"]!,
  database: env["LOCAL_POSTGRES_DATABASE"] ?? "postgres",
});

const done = work.action === "copy" ? await copy(work) : await replicate(work);
await db.close();
console.log(JSON.stringify({ ...done, peakBytes: process.resourceUsage().maxRSS * 1024 } satisfies Done));

async function copy({ csv, create, copy }: Extract<Work, { action: "copy" }>) {
  return db.transaction(async (session) => {
    await session.query(create);
    const began = performance.now();
    const rows = await session.copyIn(copy, createReadStream(csv, { highWaterMark: 1 << 20 }));
    return { ms: performance.now() - began, rows };
  });
}

async function replicate({ file, folder }: Extract<Work, { action: "replicate" }>) {
  const databricks = env["DATABRICKS_HOST"]
    ? databricksClient({
        host: env["DATABRICKS_HOST"],
        token: env["DATABRICKS_TOKEN"]!,
        warehouseId: env["DATABRICKS_WAREHOUSE_ID"]!,
        catalog: "test",
        schema: "main",
      })
    : undefined;
  await databricks?.unityCatalog.ensureCatalog("test");
  await databricks?.unityCatalog.ensureSchema("test", "main");
  const clients: Record<string, unknown> = { local_postgres: db, databricks };
  const steps = slingReplication({
    file,
    connections: {
      LOCAL_POSTGRES: { type: "postgres", resource: valueResource(db) },
      ...(databricks ? { DATABRICKS: { type: "databricks", resource: valueResource(databricks) } } : {}),
    },
  });
  const silent = () => {};
  const log = { debug: silent, info: silent, warn: silent, error: (line: string) => console.error(line) };
  let rows = 0;
  const began = performance.now();
  for (const step of steps)
    await step.run!({
      resources: Object.fromEntries(Object.keys(step.resources).map((name) => [name, clients[name]])),
      config: {},
      upstream: [],
      log,
      signal: new AbortController().signal,
      run: { id: "benchmark", requestId: "benchmark", tags: {} },
      partition: undefined,
      location: { name: "bench", projectRoot: folder, workspaceRoot: folder, stateDir: folder },
      env,
      attempt: 1,
      selected: step.specs.map(({ key }) => key),
      upstreamOf: () => [],
      checked: silent,
      materialized(_key: string, { metadata, unchanged }: MaterializeResult = {}) {
        if (unchanged) throw new Error("the load found nothing to do: it measures nothing");
        rows += Number(metadata?.["rows"]);
      },
    } as unknown as StepContext & Parameters<NonNullable<typeof step.run>>[0]);
  const ms = performance.now() - began;
  await databricks?.close();
  return { ms, rows };
}
