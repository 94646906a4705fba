import { join } from "node:path";
import type { Benchmark } from "../benchmark.ts";
import { timed } from "../command.ts";

export const launcher: Benchmark = {
  name: "launcher",
  summary: "./kc with nothing to set up, beside an empty Node program",
  bar: "<= 80 ms",
  unit: "ms",
  async run({ root }) {
    const kc: number[] = [];
    const node: number[] = [];
    // The first call fills the compile cache.
    await timed(join(root, "kc"), []);
    for (let index = 0; index < 15; index++) {
      kc.push((await timed(join(root, "kc"), [])).ms);
      node.push((await timed(process.execPath, ["-e", "0"])).ms);
    }
    return [
      { what: "./kc (overview)", unit: "ms", samples: kc, bar: { atMost: 80 }, compared: { to: "node -e 0", samples: node } },
    ];
  },
};
