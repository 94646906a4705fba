import { existsSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { type Benchmark, NotMeasured } from "../benchmark.ts";
import { startPlatform } from "../platform.ts";
import { treeMemory } from "../processes.ts";
import { percentile } from "../statistics.ts";
import { writeWorkspace } from "../workspace.ts";

const everySecond = `import { asset, defineLocation, schedule } from "@kc/runtime";

export default defineLocation({
  name: "soak",
  assets: [asset({ key: "soak/one", materialize: () => ({}) })],
  schedules: [schedule({ name: "each_second", cron: "* * * * * *", target: "soak/one", defaultStatus: "running" })],
});
`;

/** The beginning is not measured: workers start and code is compiled. */
const settleMs = 5_000;

export const soak: Benchmark = {
  name: "soak",
  summary: "A schedule every second with a run each: how late its ticks begin, how memory grows (--soak 1h for an hour)",
  bar: "p99 <= 100 ms, memory within 10 %",
  unit: "ms",
  async run({ root, folder, soakMs, note }) {
    if (!existsSync("/proc/self/smaps_rollup")) throw new NotMeasured("PSS is read from /proc, which this machine lacks");
    const workspace = writeWorkspace(root, folder, { locations: { soak: everySecond } });
    const platform = await startPlatform({ root: workspace, home: join(folder, "home"), daemon: true });
    try {
      await wait(settleMs);
      const lateness: number[] = [];
      const megabytes: number[] = [];
      let seen = (await platform.api.ticks({ limit: 1 }))[0]?.id ?? 0;
      const looks = Math.max(5, Math.min(360, Math.round(soakMs / 10_000)));
      note(`${soakMs / 1000} s`);
      for (let look = 0; look < looks; look++) {
        await wait(soakMs / looks);
        const ticks = (await platform.api.ticks({ name: "each_second", limit: 1_000 })).filter((tick) => tick.id > seen);
        lateness.push(...ticks.flatMap(({ lateMs }) => (lateMs === null ? [] : [lateMs])));
        seen = Math.max(seen, ...ticks.map((tick) => tick.id));
        megabytes.push(treeMemory(platform.pid).bytes / 1e6);
      }
      if (lateness.length < soakMs / 2_000) throw new Error(`only ${lateness.length} ticks in ${soakMs / 1000} s`);
      const fifth = Math.max(1, Math.floor(looks / 5));
      const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
      const growth = (100 * mean(megabytes.slice(-fifth))) / mean(megabytes.slice(0, fifth)) - 100;
      return [
        { what: `lateness of ${lateness.length} ticks`, unit: "ms", samples: lateness },
        { what: "lateness, p99", unit: "ms", samples: [percentile(lateness, 0.99)], bar: { atMost: 100 } },
        { what: "memory, last fifth beside the first", unit: "%", samples: [growth], bar: { atMost: 10 } },
      ];
    } finally {
      await platform.stop();
    }
  },
};
