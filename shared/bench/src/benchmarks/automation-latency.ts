import { join } from "node:path";
import type { RunEvent } from "@kc/host/client";
import type { Benchmark } from "../benchmark.ts";
import { startPlatform } from "../platform.ts";
import { trivialLocation, writeWorkspace } from "../workspace.ts";

const dependent = `import { anyDepsUpdated, asset, automationSensor, defineLocation } from "@kc/runtime";

const one = asset({ key: "after/one", deps: ["before/one"], automation: anyDepsUpdated(), materialize: () => ({}) });
export default defineLocation({
  name: "after",
  assets: [one],
  sensors: [automationSensor({ name: "default_automation_sensor", defaultStatus: "running" })],
});
`;

export const automationLatency: Benchmark = {
  name: "automation-latency",
  summary: "From an asset's event to the start of the run of what depends on it, in another location",
  bar: "<= 200 ms",
  unit: "ms",
  async run({ root, folder }) {
    const at = writeWorkspace(root, folder, { locations: { before: trivialLocation("before"), after: dependent } });
    const { api, stop } = await startPlatform({ root: at, home: join(folder, "home"), daemon: true });
    const abort = new AbortController();
    try {
      const follow = api.events({}, abort.signal)[Symbol.asyncIterator]();
      const next = async (wanted: (event: RunEvent) => boolean): Promise<RunEvent> => {
        for (;;) {
          const { value, done } = await follow.next();
          if (done) throw new Error("the host ended while the benchmark waited for an event");
          if (value.type === "run_failed") throw new Error(`a run of the benchmark failed: ${value.message}`);
          if (wanted(value)) return value;
        }
      };
      const samples: number[] = [];
      for (let index = 0; index < 20; index++) {
        await api.submit({ selection: "before/one" });
        const event = await next(({ type, asset }) => type === "materialization" && asset === "before/one");
        const seen = new Set<string>();
        const started = await next(({ type, runId }) => {
          if (type === "run_queued" && runId) seen.add(runId);
          return type === "run_started" && runId !== event.runId && seen.has(runId ?? "");
        });
        await next(({ type, runId }) => type === "run_succeeded" && runId === started.runId);
        if (index >= 2) samples.push(Date.parse(started.at) - Date.parse(event.at));
      }
      return [{ what: "event -> dependent run starts", unit: "ms", samples, bar: { atMost: 200 } }];
    } finally {
      abort.abort();
      await stop();
    }
  },
};
