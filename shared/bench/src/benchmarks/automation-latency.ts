import { join } from "node:path";
import type { RunEvent } from "@kc/host/client";
import type { Benchmark } from "../benchmark.ts";
import { layeredKeys } from "../graph.ts";
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

const others = 10_000;
const crowd = `import { asset, automationSensor, defineLocation, eager } from "@kc/runtime";

const keys = ${JSON.stringify(layeredKeys(others))};
export default defineLocation({
  name: "crowd",
  assets: keys.map((one) => asset({ ...one, automation: eager(), materialize: () => ({}) })),
  sensors: [automationSensor({ name: "default_automation_sensor", defaultStatus: "running" })],
});
`;

export const automationLatency: Benchmark = {
  name: "automation-latency",
  summary: "From an asset's event to the start of the run of what depends on it, in another location",
  bar: "<= 200 ms",
  unit: "ms",
  async run({ root, folder, note }) {
    const pair = { before: trivialLocation("before"), after: dependent };
    const few = writeWorkspace(root, join(folder, "few"), { locations: pair });
    const many = writeWorkspace(root, join(folder, "many"), { locations: { ...pair, crowd } });
    note("two assets");
    const samples = await measure(few, join(folder, "few-home"));
    note(`${others} more assets with conditions of their own`);
    await materialized(join(folder, "many-home"));
    const crowded = await measure(many, join(folder, "many-home"));
    return [
      { what: "event -> dependent run starts", unit: "ms", samples, bar: { atMost: 200 } },
      { what: `the same among ${others} eager assets`, unit: "ms", samples: crowded, bar: { atMost: 200 } },
    ];
  },
};

/** All of the crowd was made before: the instance holds a state of each. */
async function materialized(home: string): Promise<void> {
  const { openSqlite } = await import("@kc/storage/sqlite");
  const storage = openSqlite(join(home, "instance.db"));
  const metadata = { rows: { type: "number", value: 1 } } as never;
  await storage.appendEvents(layeredKeys(others).map(({ key }) => ({ type: "materialization", at: 1, asset: key, metadata })));
  await storage.close();
}

async function measure(root: string, home: string): Promise<number[]> {
  const { api, stop } = await startPlatform({ root, home, daemon: true });
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
      const started = await next(({ type, runId }) => type === "run_started" && runId !== event.runId);
      await next(({ type, runId }) => type === "run_succeeded" && runId === started.runId);
      if (index >= 2) samples.push(Date.parse(started.at) - Date.parse(event.at));
    }
    return samples;
  } finally {
    abort.abort();
    await stop();
  }
}
