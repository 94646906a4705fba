import { join } from "node:path";
import type { Benchmark, Measurement } from "../benchmark.ts";
import { times } from "../command.ts";
import { startPlatform } from "../platform.ts";
import { median } from "../statistics.ts";
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
      // From the request to the last event in the log, over what a run of one step takes.
      const run = async (name: string, selection: string, steps: number) => {
        const began = performance.now();
        const events = await platform.request({ selection });
        const ms = performance.now() - began;
        const done = events.filter((event) => event.type === "step_succeeded").length;
        if (done !== steps) throw new Error(`${done} of ${steps} steps of ${name} succeeded`);
        return ms;
      };
      const rows: Measurement[] = [];
      for (const [name, shape] of [
        ["wide", "side by side"],
        ["chain", "one after the other"],
      ]) {
        const whole = () => run(name!, `key:"${name}/*"`, count);
        const one = () => run(name!, `${name}/a0`, 1);
        await whole();
        const base = median(await times(9, one));
        const samples = (await times(9, whole)).map((ms) => (ms - base) / (count - 1));
        rows.push({ what: `a step, ${count} ${shape}`, unit: "ms", samples, bar: { atMost: 3 } });
      }
      return rows;
    } finally {
      await platform.stop();
    }
  },
};
