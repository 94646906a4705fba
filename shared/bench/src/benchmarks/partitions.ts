import { join } from "node:path";
import type { ApiClient } from "@kc/host/client";
import type { Benchmark } from "../benchmark.ts";
import { times } from "../command.ts";
import { startPlatform } from "../platform.ts";
import { percentile } from "../statistics.ts";
import { writeWorkspace } from "../workspace.ts";

const count = 100_000;

const location = `import { asset, dailyPartitions, defineLocation, hourlyPartitions, staticPartitions } from "@kc/runtime";

const start = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000 - ${count} * 3_600_000).toISOString();
const hours = hourlyPartitions({ start });
export default defineLocation({
  name: "team",
  assets: [
    asset({ key: "hours", partitions: hours, backfill: "single", materialize: () => ({}) }),
    asset({ key: "more_hours", deps: ["hours"], partitions: hours, materialize: () => ({}) }),
    asset({ key: "keys", partitions: staticPartitions(Array.from({ length: ${count} }, (_, at) => "k" + at)), materialize: () => ({}) }),
    asset({ key: "days", deps: ["more_hours"], partitions: dailyPartitions({ start: start.slice(0, 10) }), materialize: () => ({}) }),
  ],
});
`;

export const partitions: Benchmark = {
  name: "partitions",
  summary: `An asset of ${count} partitions: status, list, backfill planning, and what single events leave`,
  bar: "<= 1 s each",
  unit: "ms",
  async run({ root, folder, note }) {
    const at = writeWorkspace(root, folder, { locations: { team: location } });
    const platform = await startPlatform({ root: at, home: join(folder, "home") });
    try {
      const { api } = platform;
      const timed = (work: () => Promise<unknown>) =>
        times(5, async () => {
          const began = performance.now();
          await work();
          return performance.now() - began;
        });
      const bar = { atMost: 1_000 };
      const plan = await timed(() => api.planBackfill({ selection: "hours+", scope: "all" }));
      note("one run over all of them");
      const { id } = await api.startBackfill({ selection: "hours", scope: "all" });
      const began = performance.now();
      while (!(await api.backfill(id)).endedAt) await new Promise((done) => setTimeout(done, 5));
      const single = [performance.now() - began];
      const status = await timed(() => api.partitions("hours"));
      const list = await timed(() => api.partitions("hours", { limit: 10_000, newest: true }));
      note("a run for each of as many keys that are no time");
      const health = await meanwhile(api);
      note("a row for each of them");
      const rows = await rowByRow();
      return [
        { what: "backfill planning over three assets", unit: "ms", samples: plan, bar },
        { what: "one run that makes all of them", unit: "ms", samples: single, bar },
        { what: "status of all (API)", unit: "ms", samples: status, bar },
        { what: "10,000 of them listed (API)", unit: "ms", samples: list, bar },
        { what: "an answer while each of as many keys is backfilled, p95", unit: "ms", samples: [health], bar: { atMost: 100 } },
        { what: "status from a row for each", unit: "ms", samples: rows, bar },
      ];
    } finally {
      await platform.stop();
    }
  },
};

/** How long the host takes to answer (ms, p95) while a backfill makes a run for each of many keys. */
async function meanwhile(api: ApiClient): Promise<number> {
  const { id } = await api.startBackfill({ selection: "keys", scope: "all" });
  const samples: number[] = [];
  for (const end = performance.now() + 10_000; performance.now() < end; ) {
    const began = performance.now();
    await api.health();
    samples.push(performance.now() - began);
    await new Promise((done) => setTimeout(done, 20));
  }
  await api.controlBackfill(id, "cancel");
  while (!(await api.backfill(id)).endedAt) await new Promise((done) => setTimeout(done, 20));
  return percentile(samples, 0.95);
}

/** The status of partitions that were made one by one: read from storage and joined. */
async function rowByRow(): Promise<number[]> {
  const { hourlyPartitions, partitionSpace, partitionStatus } = await import("@kc/runtime/internal");
  const { openSqlite } = await import("@kc/storage/sqlite");
  const storage = openSqlite(":memory:");
  const now = Date.parse("2026-06-01T00:00:00Z");
  const space = partitionSpace(hourlyPartitions({ start: "2014-12-01" }), { now, dynamicKeys: () => [] });
  const keys = space.keys(space.all(), { limit: count });
  await storage.appendEvents(keys.map((partition) => ({ type: "materialization", at: now, asset: "hours", partition })));
  const samples = await times(5, async () => {
    const began = performance.now();
    const { materialized } = partitionStatus(space, await storage.partitionRows("hours"));
    if (space.count(materialized) !== keys.length) throw new Error("partitions were lost");
    return performance.now() - began;
  });
  await storage.close();
  return samples;
}
