import { join } from "node:path";
import type { ApiClient } from "@kc/host/client";
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
      const queued = await times(3, () => seconds(() => throughQueue(platform.api)));
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

/** Requests all runs at once and follows one stream until the last has ended. */
async function throughQueue(api: ApiClient): Promise<void> {
  const submitted = await Promise.all(Array.from({ length: runs }, () => api.submit({ selection: "one" })));
  const open = new Set(submitted.flatMap((one) => one.runs.map((run) => run.id)));
  const abort = new AbortController();
  const first = (await api.runEvents(submitted[0]!.runs[0]!.id, { limit: 1 }))[0]!;
  for await (const event of api.events({ after: first.id - 1 }, abort.signal)) {
    if (event.type === "run_failed") throw new Error(`a run of the benchmark failed: ${event.message}`);
    if (event.type === "run_succeeded") open.delete(event.runId!);
    if (open.size === 0) break;
  }
  abort.abort();
}
