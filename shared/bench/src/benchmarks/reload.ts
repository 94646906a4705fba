import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Benchmark } from "../benchmark.ts";
import { timed, times } from "../command.ts";
import { startPlatform } from "../platform.ts";
import { definitionsFile, trivialLocation, trivialLocations, writeWorkspace } from "../workspace.ts";

export const reload: Benchmark = {
  name: "reload",
  summary: "From saving a file to the new definitions serving",
  bar: "<= 500 ms",
  unit: "ms",
  async run({ root, folder }) {
    const at = writeWorkspace(root, folder, { locations: trivialLocations(3) });
    const file = definitionsFile(at, "team_1");
    const { api, stop } = await startPlatform({ root: at, home: join(folder, "home"), watch: true });
    try {
      const save = async (index: number) => {
        const key = `team_1/version_${index}`;
        // The watcher may have no news of the save before: one at a time.
        await wait(200);
        const began = performance.now();
        writeFileSync(file, trivialLocation("team_1", key));
        while (!(await api.assets(`location:team_1`)).some((asset) => asset.key === key)) {
          if (performance.now() - began > 20_000) throw new Error("the location did not reload within 20 s");
          await wait(4);
        }
        return performance.now() - began;
      };
      await save(-1);
      const samples = await times(10, save);
      const bare = await times(10, async () => (await timed(process.execPath, [file])).ms);
      return [
        {
          what: "save -> new definitions serve",
          unit: "ms",
          samples,
          bar: { atMost: 500 },
          compared: { to: "node definitions.ts", samples: bare },
        },
      ];
    } finally {
      await stop();
    }
  },
};
