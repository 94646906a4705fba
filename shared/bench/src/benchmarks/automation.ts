import type { Benchmark } from "../benchmark.ts";
import { times } from "../command.ts";
import { layeredLocations } from "../graph.ts";

const count = 10_000;

export const automation: Benchmark = {
  name: "automation",
  summary: `Automation evaluation over ${count.toLocaleString("en")} assets`,
  bar: "one event <= 50 ms, full <= 1 s",
  unit: "ms",
  async run() {
    const { anyDepsUpdated, buildGraph, eager, evaluateAutomation, workspacePartitions } = await import("@kc/runtime/internal");
    const rows = [];
    for (const [name, condition] of [
      ["any_deps_updated", anyDepsUpdated()],
      ["eager", eager()],
    ] as const) {
      const { graph } = buildGraph(layeredLocations(count, condition));
      const [updated = ""] = graph.order;
      const evaluate = (updates: string[], cursor: Parameters<typeof evaluateAutomation>[0]["cursor"]) =>
        evaluateAutomation({
          graph,
          partitions: workspacePartitions(graph, { now: cursor.at + 1, dynamicKeys: () => [] }),
          enabled: () => true,
          updates: updates.map((key) => ({ key, targets: new Set<string>() })),
          touched: [],
          materializedAt: () => 1,
          inProgress: () => undefined,
          cursor,
          eventId: cursor.eventId + 1,
          now: cursor.at + 1,
        });
      const fresh = { eventId: 0, at: 0, assets: {} };
      let cursor = evaluate([], fresh).cursor;
      const timedOnce = (work: () => unknown) => {
        const began = performance.now();
        work();
        return performance.now() - began;
      };
      const full = await times(7, async () => timedOnce(() => evaluate([], fresh)));
      const leaf = graph.order.at(-101)!;
      const one = await times(20, async () =>
        timedOnce(() => {
          cursor = evaluate([leaf], cursor).cursor;
        }),
      );
      const cascade = await times(5, async () => timedOnce(() => evaluate([updated], cursor)));
      rows.push(
        { what: `${name}: one event, last layer but one`, unit: "ms", samples: one, bar: { atMost: 50 } },
        { what: `${name}: one event that reaches all layers`, unit: "ms", samples: cascade },
        { what: `${name}: full evaluation`, unit: "ms", samples: full, bar: { atMost: 1_000 } },
      );
    }
    return rows;
  },
};
