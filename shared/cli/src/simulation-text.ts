import type { SimulateOptions } from "@kc/host/simulate";
import { causeOf } from "./run-cause.ts";

type Simulation = Awaited<ReturnType<typeof import("@kc/host/simulate").simulate>>;
type Simulated = Pick<Simulation, "runs" | "ticks" | "events" | "alerts">;
export type SimulatedOutcomes = NonNullable<SimulateOptions["outcome"]>;

export const simulationHeadings = ["at", "location", "cause", "what", "outcome"];

/** What happened, a row each, oldest first: runs, ticks that asked for nothing or failed, checks that did not pass. */
export function simulationRows({ runs, ticks, events }: Omit<Simulated, "alerts">): string[][] {
  const places = new Map(runs.map((run) => [run.id, run.location]));
  const rows: [number, string[]][] = [
    ...runs.map((run): [number, string[]] => [
      run.createdAt,
      [
        run.location,
        causeOf(run.tags),
        run.plan.assets.length > 2 ? `${run.plan.assets.length} assets` : run.plan.assets.join(" "),
        run.status,
      ],
    ]),
    ...ticks
      .filter((tick) => tick.status === "skipped" || tick.status === "failed")
      .map((tick): [number, string[]] => [
        tick.at,
        [tick.location, `${tick.type} ${tick.name}`, "tick", `${tick.status}${told(tick.error ?? tick.skip)}`],
      ]),
    ...events
      .filter((event) => event.check && !event.check.passed && (!event.runId || places.has(event.runId)))
      .map((event): [number, string[]] => [
        event.at,
        [
          places.get(event.runId ?? "") ?? "",
          "check",
          `${event.asset}:${event.check!.name}`,
          event.check!.severity === "WARN" ? "warned" : "failed",
        ],
      ]),
  ];
  return rows.sort(([a], [b]) => a - b).map(([at, cells]) => [new Date(at).toISOString().replace(".000Z", "Z"), ...cells]);
}

const told = (text: string | null): string => (text ? `: ${text.split("\n")[0]}` : "");

/** `12 runs in 1d (dbt 8, ingestion 4), 30 ticks (2 skipped), 1 alert`. */
export function simulationSummary({ runs, ticks, alerts }: Omit<Simulated, "events">, span: string): string {
  const counts = (of: readonly string[]) => {
    const sums = new Map<string, number>();
    for (const one of of) sums.set(one, (sums.get(one) ?? 0) + 1);
    return sums.size === 0 ? "" : ` (${[...sums].map(([name, count]) => `${name} ${count}`).join(", ")})`;
  };
  const many = (count: number, what: string) => `${count} ${what}${count === 1 ? "" : "s"}`;
  return [
    `${many(runs.length, "run")} in ${span}${counts(runs.map((run) => run.location).sort())}`,
    `${many(ticks.length, "tick")}${counts(ticks.map((tick) => tick.status).sort())}`,
    many(alerts.length, "alert"),
  ].join(", ");
}
