import { join } from "node:path";
import type { Benchmark } from "../benchmark.ts";
import { times } from "../command.ts";
import { layeredKeys } from "../graph.ts";
import { startPlatform } from "../platform.ts";
import { writeWorkspace } from "../workspace.ts";

const assets = 10_000;
const jobs = 1_000;
const locations = 20;

/** One location's share of the assets, in layers, and of the jobs. */
const definitions = (name: string): string => `import { asset, defineLocation, job } from "@kc/runtime";

const keys = ${JSON.stringify(layeredKeys(assets / locations))};
const own = (key) => "${name}/" + key;
export default defineLocation({
  name: "${name}",
  assets: keys.map(({ key, deps }) => asset({ key: own(key), deps: deps.map(own), materialize: () => ({}) })),
  jobs: Array.from({ length: ${jobs / locations} }, (_, index) => job({ name: "job_" + index, selection: own(keys[index].key) + "+" })),
});
`;

export const workspaceLoad: Benchmark = {
  name: "workspace-load",
  summary: `A workspace of ${assets} assets and ${jobs} jobs in ${locations} locations: load all of them at once`,
  bar: "<= 2 s",
  unit: "s",
  async run({ root, folder, note }) {
    const names = Array.from({ length: locations }, (_, index) => `team_${index}`);
    const at = writeWorkspace(root, folder, { locations: Object.fromEntries(names.map((name) => [name, definitions(name)])) });
    const platform = await startPlatform({ root: at, home: join(folder, "home") });
    try {
      const { api } = platform;
      note("loads all locations anew");
      const load = await times(5, async () => {
        const began = performance.now();
        await Promise.all(names.map((name) => api.reload(name)));
        const { problems } = await api.settled();
        if (problems.length > 0) throw new Error(`the benchmark's lineage has ${problems.length} problems`);
        return (performance.now() - began) / 1_000;
      });
      const list = await times(5, async () => {
        const began = performance.now();
        const [found, all] = await Promise.all([api.assets(), api.jobs()]);
        if (found.length !== assets || all.length !== jobs) throw new Error(`${found.length} assets, ${all.length} jobs`);
        return (performance.now() - began) / 1_000;
      });
      return [
        { what: `${locations} processes, ${assets} assets, ${jobs} jobs: loaded`, unit: "s", samples: load, bar: { atMost: 2 } },
        { what: "listed (API)", unit: "s", samples: list },
      ];
    } finally {
      await platform.stop();
    }
  },
};
