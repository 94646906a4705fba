import { dueTicks, handledUpTo, type MissedTicks, type RunRequest, type ScheduleSnapshot, type Tick } from "@kc/runtime/internal";
import { Unreachable } from "../locations/ask-tick.ts";
import { asWarning, pausedRun } from "./automation-pauses.ts";
import type { DaemonContext } from "./context.ts";
import { type Instigator, identityOf, instigators, reconcileInstigators } from "./instigators.ts";
import {
  ask,
  endGone,
  failureOfTick,
  reachable,
  requestOf,
  retryMs,
  scheduledRuns,
  unreachableMs,
  whyUnreachable,
} from "./ticks.ts";

/** Schedules whose tick goes on: one whose function is slow delays only itself. */
export type SchedulesInFlight = Set<string>;

/**
 * One look at all schedules: redoes ticks that a kill interrupted or that are tried again, then makes every tick that is
 * due. Ticks run beside each other, one at a time for each schedule; the answer is when to look again.
 */
export async function tickSchedules(
  context: DaemonContext,
  inFlight: SchedulesInFlight,
  wake: () => void,
): Promise<number | undefined> {
  const { workspace, storage, clock } = context;
  await reconcileInstigators(context);
  const open = new Map(
    (await storage.listTicks({ type: "schedule", status: "started", limit: 100_000 })).map((tick) => [
      `${tick.location}/${tick.name}`,
      tick,
    ]),
  );
  let next: number | undefined;
  const lookAt = (at: number | undefined | null) => {
    if (at != null && (next === undefined || at < next)) next = at;
  };
  for (const schedule of await instigators(workspace, storage, "schedule")) {
    const { state, definition, location } = schedule;
    const identity = identityOf(schedule);
    const name = `${identity.location}/${identity.name}`;
    const unfinished = open.get(name);
    open.delete(name);
    if (location.status === "loading" || inFlight.has(name)) continue;
    // A tick that was begun is finished, also once its schedule was turned off.
    if (!schedule.running && !unfinished) continue;
    const now = clock.now();
    const cron = `${definition.cron} ${definition.timezone}`;
    // Seen for the first time, or with other times than before: ticks of the past do not count.
    const changed = state?.cursor != null && state.cursor !== cron;
    const handled = changed ? undefined : handledUpTo(state, now);
    if (!handled || handled.reset)
      await storage.setInstigator({ ...identity, since: now, cursor: cron, ...(handled?.reset ? { lastTickAt: null } : {}) });
    else if (state?.cursor == null) await storage.setInstigator({ ...identity, cursor: cron });
    const missed = missedOf(context, definition);
    const { due, next: upcoming } = schedule.running
      ? dueTicks(definition, handled?.at ?? now, now, missed)
      : { due: [], next: undefined };
    lookAt(upcoming);
    if (!reachable(location)) {
      await waitFor(context, schedule, unfinished, due);
      continue;
    }
    if (unfinished?.retryAt != null && unfinished.retryAt > now) {
      lookAt(unfinished.retryAt);
      continue;
    }
    if (!unfinished && due.length === 0) continue;
    inFlight.add(name);
    void makeTicks(context, schedule, unfinished, due)
      .catch((error) => context.report(`schedule ${name}: ${(error as Error).message}`))
      .finally(() => {
        inFlight.delete(name);
        wake();
      });
  }
  await endGone(context, open.values());
  return next;
}

/**
 * The location's code is not there: the tick stands open until it is, for as long as that takes. Where only the latest
 * tick counts, a newer one takes the place of the one that waits.
 */
async function waitFor(
  context: DaemonContext,
  schedule: Instigator<ScheduleSnapshot>,
  unfinished: Tick | undefined,
  due: readonly number[],
): Promise<void> {
  const { storage, clock } = context;
  const at = catchesUp(context, schedule) ? due[0] : due.at(-1);
  if (at === undefined || (unfinished && !(await superseded(context, schedule, unfinished, due)))) return;
  const tick = await storage.startTick({ ...identityOf(schedule), at, startedAt: clock.now() });
  await storage.retryTick(tick.id, { attempts: 0, retryAt: null, error: `waits: ${whyUnreachable(schedule.location)}` });
}

const missedOf = ({ ticks }: DaemonContext, { missed, partition }: ScheduleSnapshot): MissedTicks =>
  missed ?? (partition ? ticks.missedPartitioned : ticks.missed);

const catchesUp = (context: DaemonContext, { definition }: Instigator<ScheduleSnapshot>): boolean =>
  typeof missedOf(context, definition) === "object";

/** Ends a tick that waits for its location when a newer one is due and counts alone. */
async function superseded(
  context: DaemonContext,
  schedule: Instigator<ScheduleSnapshot>,
  tick: Tick,
  due: readonly number[],
): Promise<boolean> {
  const waits = tick.error !== null && tick.retryAt === null;
  if (!waits || due.length === 0 || catchesUp(context, schedule)) return false;
  const skip = `${tick.error}; the next tick took its place`;
  await context.storage.endTick(tick.id, { status: "skipped", endedAt: context.clock.now(), skip });
  return true;
}

async function makeTicks(
  context: DaemonContext,
  schedule: Instigator<ScheduleSnapshot>,
  unfinished: Tick | undefined,
  due: readonly number[],
): Promise<void> {
  // While one is tried again those after it wait: a schedule's ticks are made one after another.
  if (unfinished && !(await superseded(context, schedule, unfinished, due)))
    if (!(await runScheduleTick(context, schedule, unfinished))) return;
  for (const at of due) {
    const tick = await context.storage.startTick({ ...identityOf(schedule), at, startedAt: context.clock.now() });
    if (!(await runScheduleTick(context, schedule, tick))) return;
  }
}

/** Makes one tick that is stored as begun. Answers false when it stays open to be tried again. */
export async function runScheduleTick(
  context: DaemonContext,
  schedule: Instigator<ScheduleSnapshot>,
  tick: Tick,
): Promise<boolean> {
  const { storage, clock, requests, ticks } = context;
  const { definition, location } = schedule;
  const name = `${location.entry.name}/${definition.name}`;
  const requestIds: string[] = [];
  let logs: Tick["logs"] = [];
  try {
    let runs: RunRequest[] = [{}];
    let skip: string | undefined;
    if (!reachable(location)) throw new Unreachable(whyUnreachable(location));
    if (definition.decides) {
      const answer = await ask(context, location, definition, {
        type: "schedule",
        name: definition.name,
        now: tick.at,
        cursor: undefined,
        events: [],
      });
      runs = answer.result.runs ?? [];
      skip = answer.result.skip;
      logs = answer.logs;
    }
    if (runs.length === 0) {
      await storage.endTick(tick.id, {
        status: "skipped",
        endedAt: clock.now(),
        skip: skip ?? "the schedule asked for no run",
        logs,
      });
      return true;
    }
    runs = scheduledRuns(context, schedule, tick.at, runs);
    if (runs.length === 0) {
      await storage.endTick(tick.id, { status: "skipped", endedAt: clock.now(), skip: "no partition has ended yet", logs });
      return true;
    }
    const failures: string[] = [];
    const pausedRuns: string[] = [];
    for (const [index, run] of runs.entries())
      try {
        const request = requestOf(schedule, run, tick);
        const paused = await pausedRun(context, request);
        if (paused) {
          pausedRuns.push(paused);
          continue;
        }
        const submitted = await requests.submit({
          ...request,
          // The key makes a tick that is redone after a kill find the run it had made.
          runKey: `schedule:${name}:${run.runKey ?? `${tick.at}:${index}`}`,
        });
        requestIds.push(submitted.requestId);
      } catch (error) {
        // What cannot be asked for holds up none of the others.
        if (!reachable(location)) throw new Unreachable(whyUnreachable(location));
        failures.push(failureOfTick(error).error);
      }
    if (failures.length > 0) throw new Error(failures.join("; "));
    const ended = { endedAt: clock.now(), requestIds, logs: [...logs, ...pausedRuns.map(asWarning)] };
    const whole = pausedRuns.length > 0 && requestIds.length === 0;
    await storage.endTick(
      tick.id,
      whole ? { ...ended, status: "skipped", skip: pausedRuns[0]! } : { ...ended, status: "success" },
    );
    return true;
  } catch (error) {
    const failure = failureOfTick(error);
    if (error instanceof Unreachable) {
      await storage.retryTick(tick.id, {
        attempts: tick.attempts,
        retryAt: reachable(location) ? clock.now() + unreachableMs : null,
        error: `waits: ${failure.error}`,
      });
      return false;
    }
    context.report(`schedule ${name}: ${failure.error}`);
    if (tick.attempts < (definition.maxTickRetries ?? ticks.maxRetries)) {
      const attempts = tick.attempts + 1;
      await storage.retryTick(tick.id, { attempts, retryAt: clock.now() + retryMs, error: failure.error });
      return false;
    }
    await storage.endTick(tick.id, {
      status: "failed",
      endedAt: clock.now(),
      requestIds,
      error: failure.error,
      logs: [...logs, ...failure.logs],
    });
    return true;
  }
}
