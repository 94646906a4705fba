import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { startPostgres } from "@kc/standin-postgres";
import { cutConnections, openPostgres } from "@kc/storage/postgres";
import { openSqlite } from "@kc/storage/sqlite";
import { expect, test } from "vitest";
import { type FaultReport, faultLocations, faultSettings, runFaults } from "../src/faults/index.ts";
import { makeWorkspace } from "./workspace.ts";

// A random workload under random kills. The same in every run of the suite, so that a change is to blame when it fails;
// KC_FAULT_SEED tries others, KC_FAULT_SECONDS makes it last, and `kc bench faults` does both for as long as is wanted.
const seed = Number(process.env.KC_FAULT_SEED ?? 5);
const seconds = Number(process.env.KC_FAULT_SECONDS ?? 12);
const timeout = (seconds + 150) * 1_000;

function told(report: FaultReport): void {
  console.log(`KC_FAULT_SEED=${report.seed}: ${JSON.stringify(report.counts)}`);
  if (report.problems.length > 0) console.log(report.actions.join("\n"));
  expect(report.problems).toEqual([]);
}

test.skipIf(process.platform !== "linux")(
  "whatever is killed, SQLite has what was acknowledged and what its events prove",
  { timeout },
  async () => {
    const workspace = makeWorkspace(faultLocations, faultSettings());
    const home = mkdtempSync(join(tmpdir(), "kc-faults-"));
    try {
      told(
        await runFaults({
          root: workspace.root,
          home,
          seed,
          seconds,
          env: {},
          open: async () => openSqlite(join(home, "instance.db")),
        }),
      );
    } finally {
      workspace.remove();
      rmSync(home, { recursive: true, force: true });
    }
  },
);

test.skipIf(process.platform !== "linux").each([
  { hosts: 1, what: "whatever is killed, PostgreSQL has what was acknowledged and what its events prove", offset: 1 },
  { hosts: 2, what: "two hosts on one PostgreSQL: whoever is killed, paused or cut off, the storage proves the same", offset: 2 },
])("$what", { timeout }, async ({ hosts, offset }) => {
  const workspace = makeWorkspace(faultLocations, faultSettings("kc"));
  const home = mkdtempSync(join(tmpdir(), "kc-faults-"));
  let server = await startPostgres({ stateDir: join(home, "pg") });
  const { url } = server;
  try {
    told(
      await runFaults({
        root: workspace.root,
        home,
        hosts,
        seed: seed + offset,
        seconds,
        env: { DATABASE_URL: url },
        open: () => openPostgres(url),
        database: {
          cut: () => cutConnections(url),
          async restart(awayMs) {
            await server.stop();
            await wait(awayMs);
            server = await startPostgres({ stateDir: join(home, "pg"), port: Number(new URL(url).port) });
          },
        },
      }),
    );
  } finally {
    await server.stop();
    workspace.remove();
    rmSync(home, { recursive: true, force: true });
  }
});
