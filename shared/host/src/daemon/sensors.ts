import { calledOnceForEach, pollDue, type RunRequest, type SensorSnapshot, type Tick } from "@kc/runtime/internal";
import { Unreachable } from "../locations/ask-tick.ts";
import type { Planned } from "../runs/submit.ts";
import { asWarning, pausedRun } from "./automation-pauses.ts";
import type { DaemonContext } from "./context.ts";
import { type Instigator, identityOf, instigators, reconcileInstigators } from "./instigators.ts";
import { applyPartitions } from "./partition-requests.ts";
import { passOver, type SensorInput, sensorInput } from "./sensor-input.ts";
import {
  ask,
  endGone,
  failureOfTick,
  reachable,
  refuseSelfTrigger,
  reportedEvents,
  requestOf,
  retryMs,
  unreachableMs,
} from "./ticks.ts";

/** Sensors whose tick goes on: a slow one delays only itself. */
export type SensorsInFlight = Set<string>;

/** Kinds that ask a function of the location; automation and freshness have loops of their own. */
const asked = new Set<SensorSnapshot["type"]>(["poll", "asset", "multi_asset", "run_status", "freshness_change"]);

/**
 * A sensor without a function tells of what was asked for already, in a tick that begins and ends at once. One that is open
 * for longer (ms) was left by a kill.
 */
const toldMs = 10_000;
const interrupted: Tick["logs"][number] = {
  level: "info",
  message: "kc ended before it wrote down which requests these were; they stand among the runs",
};

/** One look at all sensors with a function. Ticks run beside each other; the answer is when to look again. */
export async function tickSensors(
  context: DaemonContext,
  inFlight: SensorsInFlight,
  wake: () => void,
): Promise<number | undefined> {
  const { workspace, storage, clock } = context;
  await reconcileInstigators(context);
  const open = new Map(
    (await storage.listTicks({ type: "sensor", status: "started", limit: 100_000 })).map((tick) => [
      `${tick.location}/${tick.name}`,
      tick,
    ]),
  );
  let next: number | undefined;
  for (const sensor of await instigators(workspace, storage, "sensor")) {
    const { definition, location, state, running } = sensor;
    const identity = identityOf(sensor);
    const name = `${identity.location}/${identity.name}`;
    const unfinished = open.get(name);
    open.delete(name);
    if (unfinished && !asked.has(definition.type)) {
      const at = unfinished.at + toldMs;
      if (at > clock.now()) next = Math.min(next ?? at, at);
      else await storage.endTick(unfinished.id, { status: "success", endedAt: clock.now(), logs: [interrupted] });
    }
    // A tick that was begun is finished, also once its sensor was turned off.
    if ((!running && !unfinished) || !asked.has(definition.type) || inFlight.has(name)) continue;
    const now = clock.now();
    const input = await sensorInput(context, sensor);
    if (running) await passOver(context, sensor, input);
    // What happens while its location does not load is kept for it.
    if (!reachable(location)) continue;
    if (!input.due) {
      if (unfinished)
        await storage.endTick(unfinished.id, { status: "skipped", endedAt: now, skip: "nothing is left to look at" });
      continue;
    }
    const due =
      unfinished?.retryAt ??
      (definition.type === "poll"
        ? pollDue(definition.intervalMs, state?.lastTickAt, now)
        : await afterFailure(context, sensor, now));
    if (due > now) {
      if (next === undefined || due < next) next = due;
      continue;
    }
    inFlight.add(name);
    const tick = unfinished ?? (await storage.startTick({ ...identity, at: now, startedAt: now }));
    void runSensorTick(context, sensor, tick, input)
      .catch((error) => context.report(`sensor ${name}: ${(error as Error).message}`))
      .finally(() => {
        inFlight.delete(name);
        wake();
      });
  }
  await endGone(context, open.values());
  return next;
}

/** Events whose tick failed come again, but not at once: what failed will mostly fail again. */
async function afterFailure({ storage }: DaemonContext, sensor: Instigator<SensorSnapshot>, now: number): Promise<number> {
  if (calledOnceForEach(sensor.definition.type)) return now;
  const latest = (await storage.listTicks({ ...identityOf(sensor), limit: 1 }))[0];
  return latest?.status === "failed" ? Math.min(latest.endedAt!, now) + retryMs : now;
}

/** Makes one tick that is stored as begun. Answers false when it stays open to be tried again. */
export async function runSensorTick(
  context: DaemonContext,
  sensor: Instigator<SensorSnapshot>,
  tick: Tick,
  input: SensorInput,
): Promise<boolean> {
  const { storage, clock, requests, log } = context;
  const { definition, location } = sensor;
  const name = `${location.entry.name}/${definition.name}`;
  const onceForEach = calledOnceForEach(definition.type);
  const requestIds: string[] = [];
  let logs: Tick["logs"] = [];
  try {
    const answer = await ask(context, location, definition, {
      type: "sensor",
      name: definition.name,
      now: tick.at,
      cursor: input.cursor,
      events: input.events,
      runs: input.runs,
      changes: input.changes,
    });
    const { result, failures = [] } = answer;
    logs = answer.logs;
    const submit = async (run: RunRequest, index: number, planned: Planned) => {
      const runKey = run.runKey ? `sensor:${name}:${run.runKey}` : `tick:${tick.id}:${index}`;
      return (await requests.submit({ ...requestOf(sensor, run, tick), runKey }, planned)).requestId;
    };
    const runs = result.runs ?? [];
    for (const run of runs) refuseSelfTrigger(context, sensor, requestOf(sensor, run, tick));
    logs = [...logs, ...(await applyPartitions(context, result.partitions ?? []))];
    // Of a partition that it has just added too.
    const reported = reportedEvents(context, result.events, { at: clock.now(), by: name });
    // All or nothing: a tick that fails keeps its cursor, and what it had asked for would be asked for again and again. The
    // cursor of a sensor that is told of each thing once moves in any case: there what cannot be asked for holds up none of the
    // others.
    const refused: string[] = [];
    const planned: (Planned | undefined)[] = [];
    for (const run of runs)
      planned.push(
        await requests.plan(requestOf(sensor, run, tick)).catch((error) => {
          if (!onceForEach) throw error;
          refused.push(failureOfTick(error).error);
          return undefined;
        }),
      );
    let paused: string | undefined;
    for (const [index, run] of runs.entries()) {
      const plan = planned[index];
      if (!plan) continue;
      const reason = await pausedRun(context, requestOf(sensor, run, tick));
      if (reason) logs = [...logs, asWarning(reason)];
      else requestIds.push(await submit(run, index, plan));
      paused ??= reason;
    }
    if (reported.length > 0) await log.append(reported);
    const wrong = [...failures.map(({ of, message }) => `${of}: ${message}`), ...refused];
    if (wrong.length > 0) throw new Error(wrong.join("; "));
    const idle = requestIds.length === 0 && !result.events?.length && !result.partitions?.length;
    // A sensor that is told of each run or change has done what it does: to ask for nothing is success unless it says otherwise.
    const skipped = idle && (!onceForEach || result.skip !== undefined);
    await storage.endTick(
      tick.id,
      {
        status: skipped ? "skipped" : "success",
        endedAt: clock.now(),
        requestIds,
        logs,
        ...(skipped ? { skip: paused ?? result.skip ?? "nothing new" } : {}),
      },
      input.after(result.cursor ?? input.cursor, !idle),
    );
    return true;
  } catch (error) {
    const failure = failureOfTick(error);
    const { attempts } = tick;
    // One of these whose code dies during the tick is asked once more: it may be the one that kills it.
    if (error instanceof Unreachable && (!onceForEach || attempts === 0)) {
      await storage.retryTick(tick.id, {
        attempts: attempts + 1,
        retryAt: clock.now() + unreachableMs,
        error: `waits: ${failure.error}`,
      });
      return false;
    }
    // What such a sensor did for a run or change is never done again.
    const more = { error: failure.error, logs: [...logs, ...failure.logs], moveCursor: onceForEach };
    await storage.endTick(
      tick.id,
      { status: "failed", endedAt: clock.now(), requestIds, ...more },
      input.after(input.cursor, true),
    );
    context.report(`sensor ${name}: ${failure.error}`);
    return true;
  }
}
