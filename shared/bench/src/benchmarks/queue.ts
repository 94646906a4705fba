import { join } from "node:path";
import type { Benchmark } from "../benchmark.ts";
import { times } from "../command.ts";
import { startPlatform } from "../platform.ts";
import { writeWorkspace } from "../workspace.ts";

const runs = 300;
const steps = 1_000;

const location = `import { asset, defineLocation } from "@kc/runtime";

const wide = Array.from({ length: ${steps} }, (_, index) => asset({ key: \`wide/a\${index}\`, materialize: () => ({}) }));
export default defineLocation({ name: "team", assets: [asset({ key: "one", materialize: () => ({}) }), ...wide] });
`;

export const queue: Benchmark = {
  name: "queue",
  summary: `${runs} no-op runs through the queue, and a run with ${steps} trivial steps`,
  bar: "<= 10 s and <= 3 s",
  unit: "s",
  async run({ root, folder, note }) {
    const at = writeWorkspace(root, folder, { locations: { team: location } });
    const platform = await startPlatform({ root: at, home: join(folder, "home") });
    try {
      await platform.request({ selection: "one" });
      const seconds = async (work: () => Promise<unknown>) => {
        const began = performance.now();
        await work();
        return (performance.now() - began) / 1_000;
      };
      note(`${runs} runs of one step each`);
      const queued = await times(3, () =>
        seconds(() => Promise.all(Array.from({ length: runs }, () => platform.request({ selection: "one" })))),
      );
      note(`a run of ${steps} steps`);
      const wide = await times(5, () => seconds(() => platform.request({ selection: 'key:"wide/*"' })));
      return [
        { what: `${runs} no-op runs, requested at once`, unit: "s", samples: queued, bar: { atMost: 10 } },
        { what: `a run with ${steps} trivial steps`, unit: "s", samples: wide, bar: { atMost: 3 } },
      ];
    } finally {
      await platform.stop();
    }
  },
};
