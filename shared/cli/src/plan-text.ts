import type { Plan } from "@kc/host/client";
import { table } from "./table.ts";

/** What a request would do, run by run. */
export function planText({ runs, partition }: Plan): string {
  const rows = runs.map(({ location, assets, checks, steps, needs }, index) => [
    index + 1,
    location,
    (checks.length > 0 ? checks : assets).join(", "),
    steps,
    needs.map((need) => need + 1).join(", "),
  ]);
  const count = `${runs.length} run${runs.length === 1 ? "" : "s"}`;
  return `${table(["run", "location", "makes", "steps", "after"], rows)}\n\n${count}${partition ? ` for ${partition}` : ""}; nothing was started`;
}
