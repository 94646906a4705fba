import type { Clock, Run } from "@kc/runtime/internal";
import type { EventLog } from "../log.ts";
import type { RunLauncher } from "../runs/launcher.ts";
import { type SimulatedAnswers, simulatedEvents } from "./simulated-run.ts";

export interface SimulatedLauncher extends RunLauncher {
  /** Instant at which the next run ends, while any goes on. */
  nextEnd(): number | undefined;
  /** Ends the runs whose time has come. */
  endDue(): Promise<void>;
}

/** Instead of workers: every run takes its time on the virtual clock and its assets end as they are told to. */
export function simulatedLauncher(
  params: SimulatedAnswers & { clock: Clock; log: EventLog; durationMs(run: Run): number },
): SimulatedLauncher {
  const { clock, log } = params;
  const going = new Map<string, { run: Run; endsAt: number; done(): void; cancelled: boolean }>();

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
        await log.append(
          entry.cancelled ? [{ type: "run_cancelled", at: now, runId: entry.run.id }] : simulatedEvents(entry.run, now, params),
        );
        entry.done();
      }
    },
    cancel(runId) {
      const entry = going.get(runId);
      if (entry) entry.cancelled = true;
      return entry !== undefined;
    },
    active: () => going.size,
    abandon: async () => {},
    recover: async () => {},
    stop: async () => {},
  };
}
