import { join } from "node:path";
import type { Benchmark } from "../benchmark.ts";
import { times } from "../command.ts";
import { layeredKeys, layeredLocations } from "../graph.ts";
import { startPlatform } from "../platform.ts";
import { writeWorkspace } from "../workspace.ts";

const count = 10_000;

export const graph: Benchmark = {
  name: "graph",
  summary: `A workspace of ${count} assets: load it, plan all of it, list it`,
  bar: "<= 2 s together, linear",
  unit: "ms",
  async run({ root, folder, note }) {
    note(`${count / 2} assets`);
    const half = await measure(root, join(folder, "half"), count / 2);
    note(`${count} assets`);
    const whole = await measure(root, join(folder, "whole"), count);
    const together = (one: typeof whole) => one.load.map((ms, index) => ms + one.plan[index]! + one.list[index]!);
    return [
      {
        what: `${count} assets: load + plan + list`,
        unit: "ms",
        samples: together(whole),
        bar: { atMost: 2_000 },
        compared: { to: `${count / 2} assets`, samples: together(half) },
      },
      {
        what: "load (code server, snapshot, graph)",
        unit: "ms",
        samples: whole.load,
        compared: { to: "half", samples: half.load },
      },
      { what: "plan all of them", unit: "ms", samples: whole.plan, compared: { to: "half", samples: half.plan } },
      { what: "list (API)", unit: "ms", samples: whole.list, compared: { to: "half", samples: half.list } },
    ];
  },
};

async function measure(root: string, folder: string, assets: number) {
  const { buildGraph, planRuns, select, anyDepsUpdated } = await import("@kc/runtime/internal");
  const text = `import { asset, defineLocation } from "@kc/runtime";

const keys = ${JSON.stringify(layeredKeys(assets))};
export default defineLocation({ name: "team", assets: keys.map((one) => asset({ ...one, materialize: () => ({}) })) });
`;
  const at = writeWorkspace(root, folder, { locations: { team: text } });
  const platform = await startPlatform({ root: at, home: join(folder, "home") });
  try {
    const { api } = platform;
    const timedOnce = async (work: () => unknown) => {
      const began = performance.now();
      await work();
      return performance.now() - began;
    };
    const { graph } = buildGraph(layeredLocations(assets, anyDepsUpdated()));
    const load = await times(5, () => timedOnce(() => api.reload("team")));
    const plan = await times(5, () => timedOnce(() => planRuns(graph, select(graph, "*"))));
    const list = await times(5, () =>
      timedOnce(async () => {
        const found = await api.assets();
        if (found.length !== assets) throw new Error(`${found.length} of ${assets} assets are listed`);
      }),
    );
    return { load, plan, list };
  } finally {
    await platform.stop();
  }
}
