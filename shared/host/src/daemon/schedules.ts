import { dueTick, type RunRequest, type ScheduleSnapshot, type Tick } from "@kc/runtime/internal";
import type { DaemonContext } from "./context.ts";
import { type Instigator, instigators } from "./instigators.ts";

/**
 * One look at all schedules: redoes ticks that a kill interrupted, then makes every tick that is due. Answers when the
 * next one is due.
 */
export async function tickSchedules(context: DaemonContext): Promise<number | undefined> {
  const { workspace, storage, clock } = context;
  const all = await instigators(workspace, storage, "schedule");
  let next: number | undefined;
  for (const schedule of all) {
    if (!schedule.running || schedule.location.status === "loading") continue;
    const now = clock.now();
    const { state, definition, location } = schedule;
    const identity = { location: location.entry.name, name: definition.name, type: "schedule" as const };
    if (state?.lastTickAt == null) {
      // Turned on now: ticks of the past do not count.
      await storage.setInstigator({ ...identity, lastTickAt: now });
    } else {
      const unfinished = (await storage.listTicks({ ...identity, limit: 1 })).find((tick) => tick.status === "started");
      if (unfinished) await runTick(context, schedule, unfinished);
      const { due } = dueTick(definition, state.lastTickAt, now);
      if (due !== undefined) await runTick(context, schedule, await storage.startTick({ ...identity, at: due }));
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
