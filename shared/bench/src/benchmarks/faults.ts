import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Benchmark, NotMeasured } from "../benchmark.ts";
import { withoutVendors } from "../platform.ts";
import { startStandin } from "../standin.ts";
import { writeWorkspace } from "../workspace.ts";

export const faults: Benchmark = {
  name: "faults",
  summary:
    "A random workload under random kills, on SQLite, on PostgreSQL, and of two hosts: what does not come out right (--seconds, --seed)",
  bar: "0 problems",
  unit: "problems",
  async run({ root, folder, seconds, seed, note }) {
    if (process.platform !== "linux") throw new NotMeasured("processes are found in /proc, which this machine lacks");
    const { faultLocations, faultSettings, runFaults } = await import("@kc/host/faults");
    const { cutConnections, openPostgres } = await import("@kc/storage/postgres");
    const { openSqlite } = await import("@kc/storage/sqlite");
    const startServer = () => startStandin(root, "local_postgres", join(folder, "server"));
    let server = await startServer();
    const v = server.variables;
    const url = `postgres://${v.LOCAL_POSTGRES_USER}:${encodeURIComponent(v.LOCAL_POSTGRES_PASSWORD!)}@${v.LOCAL_POSTGRES_HOST}:${v.LOCAL_POSTGRES_PORT}/${v.LOCAL_POSTGRES_DATABASE}`;
    const database = {
      cut: () => cutConnections(url),
      async restart(awayMs: number) {
        await server.stop();
        await wait(awayMs);
        server = await startServer();
      },
    };
    // A schema each: what one workload leaves is not the other's.
    const onServer = (schema: string) => ({
      schema,
      env: { DATABASE_URL: url },
      open: () => openPostgres(url, { schema }),
      database,
    });
    const cases = [
      { name: "SQLite", env: {}, schema: undefined, open: async (home: string) => openSqlite(join(home, "instance.db")) },
      { name: "PostgreSQL", ...onServer("one_host") },
      { name: "two hosts", ...onServer("two_hosts"), hosts: 2 },
    ];
    try {
      const measured = [];
      for (const [index, { name, env, schema, open, ...more }] of cases.entries()) {
        const place = join(folder, `case-${index}`);
        const home = join(place, "home");
        mkdirSync(home, { recursive: true });
        const workspace = writeWorkspace(root, place, { locations: faultLocations, settings: faultSettings(schema) });
        note(`${name}: ${seconds} s with seed ${seed + index}`);
        const report = await runFaults({
          root: workspace,
          home,
          seed: seed + index,
          seconds,
          env: { ...withoutVendors(), ...env },
          open: () => open(home),
          ...more,
        });
        note(`${name}: ${JSON.stringify(report.counts)}`);
        if (report.problems.length > 0) for (const line of [...report.actions, ...report.problems]) note(line);
        measured.push({
          what: `${name}, seed ${seed + index}, ${report.counts.runs} runs`,
          unit: "problems",
          samples: [report.problems.length],
          bar: { atMost: 0 },
        });
      }
      return measured;
    } finally {
      await server.stop();
    }
  },
};
