import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Benchmark, type Measurement, NotMeasured } from "../benchmark.ts";
import { startPlatform } from "../platform.ts";
import { treeMemory } from "../processes.ts";
import { trivialLocations, writeWorkspace } from "../workspace.ts";

const real = ["ingestion", "dbt", "downstream"];

export const memory: Benchmark = {
  name: "memory",
  summary: "Memory of an idle platform (PSS of the host and all below it, stand-ins and warm workers included)",
  bar: "<= 1.2 GB with 12 locations",
  unit: "MB",
  async run({ root, folder, note }) {
    if (!existsSync("/proc/self/smaps_rollup")) throw new NotMeasured("PSS is read from /proc, which this machine lacks");
    const rows: Measurement[] = [];
    for (const locations of [3, 12]) {
      note(`${locations} locations`);
      const at =
        locations === real.length
          ? root
          : writeWorkspace(root, folder, { locations: trivialLocations(locations - real.length), real });
      const options = { root: at, home: join(folder, `home-${locations}`), watch: true, daemon: true };
      const start = () => startPlatform({ ...options, ...(at === root ? { only: real } : {}) });
      // The first start compiles; every later one, like this second, takes its code from the compile cache.
      await (await start()).stop();
      const platform = await start();
      try {
        const samples: number[] = [];
        let processes = 0;
        // Workers warm up after the locations have loaded.
        await wait(5_000);
        for (let look = 0; look < 5; look++) {
          await wait(500);
          const found = treeMemory(platform.pid);
          if (found.hidden > 0) throw new NotMeasured(`the memory of ${found.hidden} processes of another user cannot be read`);
          processes = found.processes;
          samples.push(found.bytes / 1e6);
        }
        rows.push({
          what: `idle, ${locations} locations (${processes} processes)`,
          unit: "MB",
          samples,
          ...(locations === 12 ? { bar: { atMost: 1_200 } } : {}),
        });
      } finally {
        await platform.stop();
      }
    }
    return rows;
  },
};
