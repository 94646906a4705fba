import { join } from "node:path";
import type { RunEvent } from "@kc/host/client";
import type { Benchmark } from "../benchmark.ts";
import { timed, times } from "../command.ts";
import { epoch, type Platform, startPlatform } from "../platform.ts";
import { definitionsFile, trivialLocation, writeWorkspace } from "../workspace.ts";

export const submit: Benchmark = {
  name: "submit",
  summary: "From a run request to the first line of the team's code",
  bar: "warm p95 <= 100 ms, cold <= 400 ms",
  unit: "ms",
  async run({ root, folder }) {
    const locations = { team: trivialLocation("team") };
    const warmRoot = writeWorkspace(root, join(folder, "warm"), { locations });
    const coldRoot = writeWorkspace(root, join(folder, "cold"), { locations, settings: "workers: { max_idle: 0 }\n" });
    const warm = await measure(warmRoot, join(folder, "warm-home"), 60);
    const cold = await measure(coldRoot, join(folder, "cold-home"), 8, lingerMs + 500);
    const bare = await times(10, async () => (await timed(process.execPath, [definitionsFile(coldRoot, "team")])).ms);
    return [
      { what: "submit, warm worker", unit: "ms", samples: warm, figure: "p95", bar: { atMost: 100 } },
      {
        what: "submit, cold worker",
        unit: "ms",
        samples: cold,
        bar: { atMost: 400 },
        compared: { to: "node definitions.ts", samples: bare },
      },
    ];
  },
};

/** How long the host keeps a worker beyond `workers.max_idle`: a cold start comes after it. */
const lingerMs = 2_000;

async function measure(root: string, home: string, count: number, pauseMs = 0): Promise<number[]> {
  const platform = await startPlatform({ root, home });
  try {
    await times(3, () => once(platform));
    return await times(count, async () => {
      await new Promise((done) => setTimeout(done, pauseMs));
      return once(platform);
    });
  } finally {
    await platform.stop();
  }
}

async function once(platform: Platform): Promise<number> {
  const asked = epoch();
  return firstLine(await platform.request({ selection: "team/one" }), "team/one") - asked;
}

/** When an asset's code began, by its own clock. */
export function firstLine(events: readonly RunEvent[], key: string): number {
  const made = events.find((event) => event.type === "materialization" && event.asset === key);
  const at = made?.metadata?.["at"] as { value?: unknown } | number | undefined;
  const value = typeof at === "object" ? at.value : at;
  if (typeof value !== "number") throw new Error(`the run says nothing of when ${key} began`);
  return value;
}
