import { dueTick, type RunRequest, type ScheduleSnapshot, type Tick } from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { type Instigator, instigators } from "./instigators.ts";

/** Schedules whose tick goes on: one whose function is slow delays only itself. */
export type SchedulesInFlight = Set<string>;

/**
 * One look at all schedules: redoes ticks that a kill interrupted, then makes every tick that is due. Ticks run beside
 * each other, one at a time for each schedule; the answer is when the next one is due.
 */
export async function tickSchedules(
  context: DaemonContext,
  inFlight: SchedulesInFlight,
  wake: () => void,
): Promise<number | undefined> {
  const { workspace, storage, clock } = context;
  let next: number | undefined;
  for (const schedule of await instigators(workspace, storage, "schedule")) {
    const { state, definition, location } = schedule;
    const name = `${location.entry.name}/${definition.name}`;
    if (!schedule.running || location.status === "loading" || inFlight.has(name)) continue;
    const now = clock.now();
    const identity = { location: location.entry.name, name: definition.name, type: "schedule" as const };
    // Turned on now: ticks of the past do not count.
    if (state?.lastTickAt == null) await storage.setInstigator({ ...identity, lastTickAt: now });
    else {
      const unfinished = (await storage.listTicks({ ...identity, limit: 1 })).find((tick) => tick.status === "started");
      const { due } = dueTick(definition, state.lastTickAt, now);
      if (unfinished || due !== undefined) {
        inFlight.add(name);
        const ticks = async () => {
          if (unfinished) await runTick(context, schedule, unfinished);
          if (due !== undefined) await runTick(context, schedule, await storage.startTick({ ...identity, at: due }));
        };
        void ticks()
          .catch((error) => context.report(`schedule ${name}: ${(error as Error).message}`))
          .finally(() => {
            inFlight.delete(name);
            wake();
          });
        continue;
      }
    }
    const upcoming = dueTick(definition, now, now).next;
    if (upcoming !== undefined && (next === undefined || upcoming < next)) next = upcoming;
  }
  return next;
}

async function runTick(
  context: DaemonContext,
  { definition, location }: Instigator<ScheduleSnapshot>,
  tick: Tick,
): Promise<void> {
  const { storage, clock, requests, tickTimeoutMs } = context;
  const name = location.entry.name;
  try {
    let runs: RunRequest[] = [{}];
    let skip: string | undefined;
    if (definition.decides) {
      if (!location.process) throw new Error(`location ${name} does not load: ${location.error?.message ?? ""}`);
      const { result } = await location.process.evaluateTick(
        { type: "schedule", name: definition.name, now: tick.at, cursor: undefined, events: [] },
        tickTimeoutMs,
      );
      runs = result.runs ?? [];
      skip = result.skip;
    }
    if (runs.length === 0) {
      await storage.endTick(tick.id, { status: "skipped", endedAt: clock.now(), skip: skip ?? "the schedule asked for no run" });
      return;
    }
    const requestIds: string[] = [];
    for (const [index, run] of runs.entries()) {
      const selection = `(${run.selection ?? definition.target}) and location:"${name}"`;
      const submitted = await requests.submit({
        selection,
        tags: {
          ...definition.tags,
          ...run.tags,
          "kc/schedule": definition.name,
          "kc/scheduled_at": new Date(tick.at).toISOString(),
        },
        ...(run.config ? { config: run.config } : {}),
        // The key makes a tick that is redone after a kill find the run it had made.
        runKey: `schedule:${name}/${definition.name}:${run.runKey ?? `${tick.at}:${index}`}`,
      });
      requestIds.push(submitted.requestId);
    }
    await storage.endTick(tick.id, { status: "success", endedAt: clock.now(), requestIds });
  } catch (error) {
    await storage.endTick(tick.id, { status: "failed", endedAt: clock.now(), error: (error as Error).message });
    context.report(`schedule ${name}/${definition.name}: ${(error as Error).message}`);
  }
}
