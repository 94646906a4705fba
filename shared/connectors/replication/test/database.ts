import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Postgres, postgresClient } from "@kc/connector-postgres";
import type { Logger } from "@kc/runtime";
import { type Standin, startStandin } from "@kc/tooling/standin";
import type { LoadContext, LoadPlan } from "../src/load/load.ts";

export interface TestDatabase {
  db: Postgres;
  variables: Record<string, string>;
  folder: string;
  log: string[];
  context: LoadContext;
  stop(): Promise<void>;
}

/** A PostgreSQL stand-in, a client of it and a folder for files. */
export async function testDatabase(): Promise<TestDatabase> {
  const server: Standin = await startStandin("postgres");
  const { variables } = server;
  const db = postgresClient({
    host: variables["LOCAL_POSTGRES_HOST"]!,
    port: Number(variables["LOCAL_POSTGRES_PORT"]),
    user: variables["LOCAL_POSTGRES_USER"]!,
    password: variables["LOCAL_POSTGRES_PASSWORD"]!,
    database: "postgres",
  });
  const folder = await mkdtemp(join(tmpdir(), "kc-replication-"));
  const log: string[] = [];
  return {
    db,
    variables,
    folder,
    log,
    context: { log: collecting(log), tempDir: folder },
    async stop() {
      await db.close();
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

export function collecting(lines: string[]): Logger {
  const add = (message: string) => void lines.push(message);
  return { debug: add, info: add, warn: add, error: add };
}

export const plan = (change: Partial<LoadPlan> = {}): LoadPlan => ({
  stream: "s",
  mode: "full-refresh",
  primaryKey: [],
  configHash: "c",
  ...change,
});
