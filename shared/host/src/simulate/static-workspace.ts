import { buildGraph, type LocationSnapshot, UserError } from "@kc/runtime/internal";
import type { TickAnswer, TickQuestion } from "../code-server/tick.ts";
import type { CodeProcess } from "../locations/code-process.ts";
import type { LocationState, Workspace } from "../locations/workspace.ts";

/** Asks a function of a schedule or sensor in a simulation: by location, with the question of the tick. */
export type SimulatedFunction = (location: string, question: TickQuestion) => Promise<SimulatedAnswer> | SimulatedAnswer;

/** What the function of a run-status sensor threw stands in `failures`. */
type SimulatedAnswer = TickAnswer["result"] & Pick<TickAnswer, "failures">;

/** Definitions that stay as they are, without any process behind them. */
export function staticWorkspace(snapshots: readonly LocationSnapshot[], functions: SimulatedFunction): Workspace {
  const states = new Map(
    snapshots.map((snapshot): [string, LocationState] => {
      const process = {
        evaluateTick: async (question: TickQuestion): Promise<TickAnswer> => {
          const { failures = [], ...result } = await functions(snapshot.name, question);
          return { result, logs: [], failures };
        },
        configure: async ({ config, job }: { config: Record<string, unknown>; job?: string }) => {
          if (job)
            throw new UserError(`job "${job}" has a config of its own, and its code does not run in a simulation`, {
              hint: "Give run config by step name with a selection instead.",
            });
          return config;
        },
      };
      const entry = {
        name: snapshot.name,
        folder: "",
        entry: "",
        loader: "node" as const,
        connections: [],
        watch: [],
        where: "",
      };
      return [
        snapshot.name,
        {
          entry,
          status: "loaded",
          snapshot,
          error: undefined,
          generation: 1,
          process: process as unknown as CodeProcess,
          loadedAt: undefined,
          loadMs: undefined,
        },
      ];
    }),
  );
  const { graph, problems } = buildGraph(snapshots);
  const none = () => {
    throw new Error("a simulation has no processes");
  };
  return {
    locations: () => [...states.values()],
    location: (name) => states.get(name),
    names: () => [...states.keys()],
    graph: () => graph,
    problems: () => problems,
    reload: none,
    add: none,
    startWorker: none,
    onChange: () => () => {},
    settled: async () => {},
    stop: async () => {},
  };
}
