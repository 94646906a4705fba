import { join } from "node:path";
import type { RunEvent } from "@kc/host/client";
import type { Benchmark, Measurement } from "../benchmark.ts";
import { times } from "../command.ts";
import { startPlatform } from "../platform.ts";
import { writeWorkspace } from "../workspace.ts";

const count = 200;

const location = `import { asset, defineLocation } from "@kc/runtime";

const wide = Array.from({ length: ${count} }, (_, index) => asset({ key: \`wide/a\${index}\`, materialize: () => ({}) }));
const chain = Array.from({ length: ${count} }, (_, index) =>
  asset({ key: \`chain/a\${index}\`, deps: index > 0 ? [\`chain/a\${index - 1}\`] : [], materialize: () => ({}) }));
export default defineLocation({ name: "team", assets: [...wide, ...chain] });
`;

export const step: Benchmark = {
  name: "step",
  summary: `What a step costs beside its own work, in runs of ${count} empty steps`,
  bar: "<= 3 ms",
  unit: "ms",
  async run({ root, folder }) {
    const at = writeWorkspace(root, folder, { locations: { team: location } });
    const platform = await startPlatform({ root: at, home: join(folder, "home") });
    try {
      const rows: Measurement[] = [];
      for (const [name, shape] of [
        ["wide", "side by side"],
        ["chain", "one after the other"],
      ]) {
        await platform.request({ selection: `key:"${name}/*"` });
        const samples = await times(5, async () => duration(await platform.request({ selection: `key:"${name}/*"` })) / count);
        rows.push({ what: `a step, ${count} ${shape}`, unit: "ms", samples, bar: { atMost: 3 } });
      }
      return rows;
    } finally {
      await platform.stop();
    }
  },
};

function duration(events: readonly RunEvent[]): number {
  const at = (type: string) => Date.parse(events.find((event) => event.type === type)!.at);
  return at("run_succeeded") - at("run_started");
}
