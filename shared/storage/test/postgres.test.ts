import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { newRun, runEvent, storageContract } from "@kc/runtime/testing";
import { startPostgres } from "@kc/standin-postgres";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { migrationsOf } from "../src/migrations.ts";
import { openPostgres, placeOf } from "../src/postgres.ts";

const folder = mkdtempSync(join(tmpdir(), "kc-storage-"));
let server: Awaited<ReturnType<typeof startPostgres>>;
const urlOf = (variables: Record<string, string>) =>
  `postgres://${variables.LOCAL_POSTGRES_USER}:${encodeURIComponent(variables.LOCAL_POSTGRES_PASSWORD!)}@${variables.LOCAL_POSTGRES_HOST}:${variables.LOCAL_POSTGRES_PORT}/${variables.LOCAL_POSTGRES_DATABASE}`;
const url = () => urlOf(server.variables as unknown as Record<string, string>);

beforeAll(async () => {
  server = await startPostgres({ stateDir: folder });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

storageContract("PostgreSQL", () => openPostgres(url(), { schema: `t${randomUUID().replaceAll("-", "").slice(0, 12)}` }));

describe("PostgreSQL", () => {
  test("two programs that start at once migrate once", async () => {
    const newest = migrationsOf("postgres").at(-1)!.version;
    const storages = await Promise.all([1, 2, 3].map(() => openPostgres(url(), { schema: "together" })));
    expect(await Promise.all(storages.map(async (one) => (await one.info()).schemaVersion))).toEqual([newest, newest, newest]);
    for (const one of storages) await one.close();
  });

  test("a database of a newer kc is refused, with what to do", async () => {
    await (await openPostgres(url(), { schema: "newer" })).close();
    const client = new pg.Client({ connectionString: url() });
    await client.connect();
    await client.query("update newer.schema_version set version = 999");
    await client.end();
    await expect(openPostgres(url(), { schema: "newer" })).rejects.toThrow(/schema 999.*a newer kc wrote it/s);
  });

  test("a server that is not there is told by host and port, without the password", async () => {
    const error = await openPostgres("postgres://u:hunter22@127.0.0.1:9/db").catch((thrown: Error) => thrown);
    expect((error as Error).message).toMatch(/127\.0\.0\.1:9\/db cannot be reached/);
    expect((error as Error).message).not.toContain("hunter22");
    expect(placeOf("postgres://u:p@h/db")).toBe("h:5432/db");
  });

  test("connections that the server ends in between cost no event", async () => {
    const storage = await openPostgres(url(), { schema: "cut" });
    await storage.createRuns([newRun("r")], [runEvent("r", "run_queued")]);
    const client = new pg.Client({ connectionString: url() });
    await client.connect();
    let acknowledged = 0;
    for (let seq = 1; seq <= 60; seq++) {
      const write = storage.appendEvents([runEvent("r", "log", { seq, message: String(seq) })]);
      if (seq % 10 === 0)
        await client.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'kc'");
      acknowledged += (await write).length;
    }
    await client.end();
    const stored = await storage.readEvents({ runId: "r", types: ["log"], limit: 1_000 });
    expect(stored.map((event) => event.seq)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
    // A commit whose answer was cut off is found again, not written twice.
    expect(acknowledged).toBeLessThanOrEqual(60);
    await storage.close();
  });
});
