import type { Run, RunRetryPolicy, ScheduleSnapshot, SensorSnapshot, StoredEvent, TagLimit, Tick } from "@kc/runtime/internal";
import type { AlertsSettings } from "../alerts/settings.ts";
import { patienceMs } from "../locations/workspace.ts";
import type { RunLauncher } from "../runs/launcher.ts";
import type { Pools } from "../runs/pools.ts";
import type { Rerunner } from "../runs/rerun.ts";
import type { OpenLineageSettings } from "../telemetry/settings.ts";
import { alertLoops } from "./alert-loops.ts";
import { type Evaluations, tickAutomation } from "./automation.ts";
import { tickBackfills } from "./backfills.ts";
import type { DaemonContext, TickSettings } from "./context.ts";
import { tickFreshness } from "./freshness.ts";
import type { Instigator } from "./instigators.ts";
import { lastTicks } from "./last-ticks.ts";
import { lineageLoops } from "./lineage.ts";
import { type Loop, startLoop } from "./loop.ts";
import { observedStorage, type StorageListener } from "./observed-storage.ts";
import { type Pulse, startPulse } from "./pulse.ts";
import { tickQueue } from "./queue.ts";
import { type Retention, tickRetention } from "./retention.ts";
import { tickRunRetries } from "./run-retries.ts";
import { type SchedulesInFlight, tickSchedules } from "./schedules.ts";
import { type SensorsInFlight, tickSensors } from "./sensors.ts";
import { tickNow } from "./tick-now.ts";
import { type LoopName, wokenBy } from "./wakes.ts";

export interface Daemon {
  loops: readonly Loop[];
  pulse: Pulse;
  evaluations: Evaluations;
  /** What each queued run waits for. */
  waiting(): ReadonlyMap<string, string>;
  readonly ticks: TickSettings;
  /** Makes a tick of a schedule or sensor now. */
  tickNow(instigator: Instigator<ScheduleSnapshot | SensorSnapshot>): Promise<Tick>;
  /** Wakes the loops that look at definitions and settings: after a reload, or when a schedule is turned on. */
  wake(): void;
  /** Wakes the queue: a limit has changed. */
  wakeQueue(): void;
  /** The runs that go on here. */
  going(): readonly Run[];
  stop(): Promise<void>;
}

/** Starts the loops. Events wake those that depend on them; time wakes the rest. */
export function startDaemon(
  given: DaemonContext,
  launcher: RunLauncher,
  options: {
    maxConcurrentRuns: number;
    tagLimits: readonly TagLimit[];
    pools: Pools;
    retries: RunRetryPolicy;
    rerun: Rerunner;
    decides(): boolean;
    retention: Retention;
    alerts: AlertsSettings;
    openlineage: OpenLineageSettings | undefined;
    observers: readonly StorageListener[];
    /** Called with each heartbeat. */
    beaten(): void;
  },
): Daemon {
  const last = lastTicks(given.storage);
  const context = {
    ...given,
    storage: observedStorage(given.storage, ...options.observers, last, { ended: () => alerts.wake() }),
  };
  const evaluations: Evaluations = new Map();
  const launched = new Map<Run["id"], Run>();
  const queued = new Map<Run["id"], Run>();
  const inFlight: SensorsInFlight = new Set();
  let waiting: ReadonlyMap<string, string> = new Map();
  // What has happened is judged by all that there is: an update of an asset whose dependants are still loading would else be
  // passed over for good.
  let begun = false;
  const beginning = new AbortController();
  const settled = context.workspace.settled();
  void Promise.race([settled, context.clock.sleep(patienceMs, beginning.signal)]).then(() => {
    begun = true;
    for (const loop of loops) loop.wake();
  });
  void settled.then(() => beginning.abort());
  const start = (name: string, tick: () => Promise<number | undefined>) =>
    startLoop(
      name,
      context.clock,
      async () => (begun ? tick() : undefined),
      (error) => context.report(`daemon ${name}: ${error.stack ?? error.message}`),
    );
  const queue: Loop = start("queue", async () => {
    waiting = await tickQueue(context, launcher, { ...options, launched, queued, wake: () => queue.wake() });
    return undefined;
  });
  /** Runs that are asked for are carried out in any case; to decide about new ones a command must want it. */
  const deciding = (tick: () => Promise<number | undefined>) => async () => (options.decides() ? tick() : undefined);
  const automation = start(
    "automation",
    deciding(() => tickAutomation(context, evaluations)),
  );
  const schedulesInFlight: SchedulesInFlight = new Set();
  const schedules: Loop = start(
    "schedules",
    deciding(() => tickSchedules(context, schedulesInFlight, () => schedules.wake())),
  );
  const sensors: Loop = start(
    "sensors",
    deciding(() => tickSensors(context, inFlight, () => sensors.wake())),
  );
  const backfills = start("backfills", () => tickBackfills(context, launcher, options.retries));
  const freshness = start("freshness", () => tickFreshness(context));
  const retention = start("retention", () => tickRetention(context, options.retention));
  const runRetries = start("run-retries", () => tickRunRetries(context, { policy: options.retries, rerun: options.rerun }));
  const { alerts, deliveries } = alertLoops({
    context,
    settings: options.alerts,
    retries: options.retries,
    start,
    deciding,
    loops: () => loops,
    lastTicks: last.all,
  });
  const loops = [
    queue,
    runRetries,
    automation,
    schedules,
    sensors,
    freshness,
    backfills,
    retention,
    alerts,
    deliveries,
    ...lineageLoops(context, options.openlineage, start),
  ];
  const stopListening = context.log.listen((events: readonly StoredEvent[]) => {
    const woken = wokenBy(events);
    for (const loop of loops) if (woken.has(loop.name as LoopName)) loop.wake();
  });
  const stopWatching = context.workspace.onChange(wokenOnce(context, () => wake()));
  function wake(): void {
    for (const loop of [queue, automation, schedules, sensors, freshness, backfills, alerts]) loop.wake();
  }
  const pulse = startPulse(context.clock, () => loops, options.beaten);
  return {
    loops,
    pulse,
    evaluations,
    waiting: () => waiting,
    ticks: context.ticks,
    async tickNow(instigator) {
      const schedule = "cron" in instigator.definition;
      const tick = await tickNow(context, instigator as never, schedule ? schedulesInFlight : inFlight);
      (schedule ? schedules : sensors).wake();
      return tick;
    },
    wake,
    wakeQueue: () => queue.wake(),
    going: () => [...launched.values()],
    async stop() {
      beginning.abort();
      pulse.stop();
      stopListening();
      stopWatching();
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/** How long (ms) a change of one location may wait for others that load with it. */
const togetherMs = 500;

/** One call for many locations that load at once: each would build the lineage of all anew. One that takes long holds nobody back. */
function wokenOnce({ workspace, clock }: Pick<DaemonContext, "workspace" | "clock">, wake: () => void): () => void {
  let due = false;
  return () => {
    if (due) return;
    due = true;
    const settled = new AbortController();
    void Promise.race([workspace.settled(), clock.sleep(togetherMs, settled.signal)]).then(() => {
      settled.abort();
      due = false;
      wake();
    });
  };
}
