import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Benchmark, NotMeasured } from "../benchmark.ts";
import { withoutVendors } from "../platform.ts";
import { startStandin } from "../standin.ts";
import { writeWorkspace } from "../workspace.ts";

export const faults: Benchmark = {
  name: "faults",
  summary: "A random workload under random kills, on SQLite and on PostgreSQL: what does not come out right (--seconds, --seed)",
  bar: "0 problems",
  unit: "problems",
  async run({ root, folder, seconds, seed, note }) {
    if (process.platform !== "linux") throw new NotMeasured("processes are found in /proc, which this machine lacks");
    const { faultLocations, faultSettings, runFaults } = await import("@kc/host/faults");
    const { cutConnections, openPostgres } = await import("@kc/storage/postgres");
    const { openSqlite } = await import("@kc/storage/sqlite");
    const server = await startStandin(root, "local_postgres", join(folder, "server"));
    const v = server.variables;
    const url = `postgres://${v.LOCAL_POSTGRES_USER}:${encodeURIComponent(v.LOCAL_POSTGRES_PASSWORD!)}@${v.LOCAL_POSTGRES_HOST}:${v.LOCAL_POSTGRES_PORT}/${v.LOCAL_POSTGRES_DATABASE}`;
    const storages = [
      { name: "SQLite", env: {}, open: async (home: string) => openSqlite(join(home, "instance.db")) },
      { name: "PostgreSQL", env: { DATABASE_URL: url }, open: () => openPostgres(url), cut: () => cutConnections(url) },
    ];
    try {
      const measured = [];
      for (const [index, { name, env, open, cut }] of storages.entries()) {
        const place = join(folder, name);
        const home = join(place, "home");
        mkdirSync(home, { recursive: true });
        const workspace = writeWorkspace(root, place, { locations: faultLocations, settings: faultSettings(index > 0) });
        note(`${name}: ${seconds} s with seed ${seed + index}`);
        const report = await runFaults({
          root: workspace,
          home,
          seed: seed + index,
          seconds,
          env: { ...withoutVendors(), ...env },
          open: () => open(home),
          ...(cut ? { cut } : {}),
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
