import type { Clock, NewEvent, PlannedStep, Run } from "@kc/runtime/internal";
import type { EventLog } from "../log.ts";
import type { RunLauncher } from "../runs/launcher.ts";

/** How a simulated asset ends. */
export type SimulatedOutcome = "materialized" | "unchanged" | "failed";

export interface SimulatedLauncher extends RunLauncher {
  /** Instant at which the next run ends, while any goes on. */
  nextEnd(): number | undefined;
  /** Ends the runs whose time has come. */
  endDue(): Promise<void>;
}

/** Instead of workers: every run takes its time on the virtual clock and its assets end as they are told to. */
export function simulatedLauncher(params: {
  clock: Clock;
  log: EventLog;
  outcomeOf(asset: string, run: Run): SimulatedOutcome;
  durationMs(run: Run): number;
}): SimulatedLauncher {
  const { clock, log } = params;
  const going = new Map<string, { run: Run; endsAt: number; done(): void; cancelled: boolean }>();

  const eventsOf = (run: Run, at: number): NewEvent[] => {
    const base = { at, runId: run.id };
    const bad = new Set<string>();
    const stepEvents = (step: PlannedStep): NewEvent[] => {
      if (step.needs.some((need) => bad.has(need))) {
        bad.add(step.key);
        return step.assets.map((asset) => ({
          ...base,
          type: "step_skipped",
          step: step.key,
          asset,
          message: "a step that it needs did not succeed",
        }));
      }
      return step.assets.flatMap((asset): NewEvent[] => {
        const outcome = params.outcomeOf(asset, run);
        const about = { ...base, step: step.key, asset, ...(step.partition ? { partition: step.partition } : {}) };
        if (outcome === "failed") {
          bad.add(step.key);
          return [{ ...about, type: "step_failed", error: { message: "failed in the simulation", user: true } }];
        }
        return [
          { ...about, type: outcome === "unchanged" ? "unchanged" : "materialization", metadata: {} },
          { ...about, type: "step_succeeded" },
        ];
      });
    };
    const steps = run.plan.steps.flatMap(stepEvents);
    return [
      ...steps,
      bad.size > 0
        ? { ...base, type: "run_failed", message: `failed: ${[...bad].join(", ")}` }
        : { ...base, type: "run_succeeded" },
    ];
  };

  return {
    async launch(run) {
      const at = clock.now();
      await log.append([
        { type: "run_starting", at, runId: run.id },
        { type: "run_started", at, runId: run.id },
      ]);
      await new Promise<void>((done) => going.set(run.id, { run, endsAt: at + params.durationMs(run), done, cancelled: false }));
    },
    nextEnd: () =>
      [...going.values()].reduce<number | undefined>(
        (next, { endsAt }) => (next === undefined || endsAt < next ? endsAt : next),
        undefined,
      ),
    async endDue() {
      const now = clock.now();
      for (const entry of [...going.values()].filter(({ endsAt }) => endsAt <= now)) {
        going.delete(entry.run.id);
        await log.append(entry.cancelled ? [{ type: "run_cancelled", at: now, runId: entry.run.id }] : eventsOf(entry.run, now));
        entry.done();
      }
    },
    cancel(runId) {
      const entry = going.get(runId);
      if (entry) entry.cancelled = true;
      return entry !== undefined;
    },
    active: () => going.size,
    recover: async () => {},
    stop: async () => {},
  };
}
