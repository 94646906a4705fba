import type { Run, RunRetryPolicy, StoredEvent, TagLimit, Tick } from "@kc/runtime/internal";
import { UserError } from "@kc/runtime/internal";
import { openMemory } from "@kc/storage/memory";
import { type Backfills, backfills } from "../backfills.ts";
import { tickAutomation } from "../daemon/automation.ts";
import { tickBackfills } from "../daemon/backfills.ts";
import {
  type AutomationSettings,
  type DaemonContext,
  defaultAutomationSettings,
  defaultTickSettings,
  type TickSettings,
} from "../daemon/context.ts";
import { tickFreshness } from "../daemon/freshness.ts";
import { lastTicks } from "../daemon/last-ticks.ts";
import { observedStorage } from "../daemon/observed-storage.ts";
import { tickQueue } from "../daemon/queue.ts";
import { retryDecision, tickRunRetries } from "../daemon/run-retries.ts";
import { type SchedulesInFlight, tickSchedules } from "../daemon/schedules.ts";
import { type SensorsInFlight, tickSensors } from "../daemon/sensors.ts";
import { type LoopName, wokenBy } from "../daemon/wakes.ts";
import { eventLog } from "../log.ts";
import { livePartitions } from "../partitions.ts";
import { noPools, openPools, type PoolSettings } from "../runs/pools.ts";
import { noRetries, type Rerunner, rerunner } from "../runs/rerun.ts";
import { submitter } from "../runs/submit.ts";
import { type InstanceState, seed } from "./seed.ts";
import { type SimulatedAlert, simulatedAlerts } from "./simulated-alerts.ts";
import { simulatedLauncher } from "./simulated-launcher.ts";
import { type SimulatedLocation, simulatedLocations } from "./simulated-locations.ts";
import type { SimulatedCheck, SimulatedOutcome } from "./simulated-run.ts";
import { type SimulatedFunction, staticWorkspace } from "./static-workspace.ts";
import { virtualClock } from "./virtual-clock.ts";

/** What a simulation lets a test do by hand. */
export type SimulatedPlatform = Pick<DaemonContext, "log" | "requests" | "storage" | "workspace"> & {
  backfills: Backfills;
  rerun: Rerunner;
};

export interface SimulateOptions {
  /** The locations: definitions with their code, or what `loadSnapshots` reads of a repository. */
  locations: readonly SimulatedLocation[];
  from: Date | string;
  to: Date | string;
  /** How each asset ends; default: every one is materialized. */
  outcome?: (asset: string, run: Run) => SimulatedOutcome;
  /** How each check ends; default: every one passes. */
  check?: (asset: string, check: string, run: Run) => SimulatedCheck;
  /** Milliseconds a run takes; default one second. */
  durationMs?: (run: Run) => number;
  /**
   * Answers for schedules and sensors that have functions of their own. Default: those of definitions run, with the
   * variables of `env`; of a repository's locations poll and asset sensors rest, and a schedule with a function skips.
   */
  functions?: SimulatedFunction;
  env?: Readonly<Record<string, string | undefined>>;
  /** Default 10, as in kc.yaml. */
  maxConcurrentRuns?: number;
  tagLimits?: readonly TagLimit[];
  /** Pools as in kc.yaml; those of granularity run hold runs back. A simulated step takes no slots of its own. */
  pools?: PoolSettings;
  /** `alerts:` as kc.yaml has it; addresses and secrets may be anything of the right form, for nothing is sent. */
  alerts?: unknown;
  /** Default as in kc.yaml. */
  ticks?: Partial<Pick<TickSettings, "missed" | "missedPartitioned" | "maxRetries" | "maxRuns">>;
  /** Default as in kc.yaml. */
  automation?: Partial<AutomationSettings>;
  /** Spans in which the daemon does not run: what happens to the ticks it missed. Runs that go on end all the same. */
  down?: readonly { from: Date | string; to: Date | string }[];
  /** How failed runs are run again; default not at all, as in kc.yaml. */
  runRetries?: RunRetryPolicy;
  /** What is made, on, off and paused at the beginning; default: as in a new instance. */
  start?: InstanceState;
  /** Called at the start and at each new instant of the clock: a test can report events or ask for runs then. */
  at?: (instant: Date, platform: SimulatedPlatform) => Promise<void> | void;
  /** Called at each new instant of the clock: how far it is. */
  progress?: (instant: Date) => void;
  /** Ends it where it is; what happened until then is the answer. */
  signal?: AbortSignal;
}

/** What happened, oldest first. */
export interface Simulation {
  runs: Run[];
  ticks: Tick[];
  events: StoredEvent[];
  /** Every message a channel would have got, in order. */
  alerts: SimulatedAlert[];
  /** Lines the daemon would have written to its log: ticks that failed and the like. */
  reports: string[];
  /** How far it came: its end, or where the signal ended it. */
  until: Date;
}

/**
 * Runs the daemon's own decision functions over a span of time: the same schedules, sensors, automation, freshness and
 * queue as in the platform, on a clock that jumps from one instant at which something can happen to the next.
 * @throws UserError when the span is none.
 */
export async function simulate(options: SimulateOptions): Promise<Simulation> {
  const from = instant(options.from, "from");
  const to = instant(options.to, "to");
  if (to < from)
    throw new UserError(`the simulation ends before it begins: ${new Date(from).toISOString()} to ${new Date(to).toISOString()}`);
  const clock = virtualClock(from);
  const memory = openMemory();
  const last = lastTicks(memory);
  const storage = observedStorage(memory, last, { ended: () => woken.add("alerts") });
  const log = eventLog(storage);
  const { locations, functions } = simulatedLocations(options.locations, options);
  const workspace = staticWorkspace(locations, functions);
  const reports: string[] = [];
  const pools = openPools({
    storage,
    clock,
    settings: options.pools ?? noPools,
    used: () => [],
    wake: () => woken.add("queue"),
  });
  const partitions = livePartitions({ workspace, storage, log, clock });
  const requests = submitter({ workspace, log, clock, pools, partitions });
  const started = backfills({ workspace, storage, log, clock, partitions });
  const retries = options.runRetries ?? noRetries;
  const rerun = rerunner({ workspace, storage, log, clock, retryOf: (run) => retryDecision({ storage }, run, retries) });
  const context: DaemonContext = {
    workspace,
    storage,
    log,
    clock,
    requests,
    ticks: { ...defaultTickSettings, ...options.ticks },
    automation: { ...defaultAutomationSettings, ...options.automation },
    partitions,
    report: (line) => reports.push(`${new Date(clock.now()).toISOString()} ${line}`),
  };
  const launcher = simulatedLauncher({
    clock,
    log,
    outcomeOf: options.outcome ?? (() => "materialized"),
    checkOf: options.check ?? (() => "passed"),
    checksOf: (asset) => workspace.graph().assets.get(asset)?.checks ?? [],
    durationMs: options.durationMs ?? (() => 1_000),
  });

  const alerts = simulatedAlerts(context, options.alerts, retries, last.all);
  // Alerts look first: what was before the simulation is no news, and everything in it is.
  const allLoops: readonly LoopName[] = [
    "alerts",
    "queue",
    "automation",
    "schedules",
    "sensors",
    "freshness",
    "run-retries",
    "backfills",
  ];
  const woken = new Set<LoopName>(allLoops);
  const down = (options.down ?? []).map((span) => ({ from: instant(span.from, "down.from"), to: instant(span.to, "down.to") }));
  const nextAt = new Map<LoopName, number>();
  const launched = new Map<string, Run>();
  const queued = new Map<string, Run>();
  const inFlight: SensorsInFlight = new Set();
  const schedulesInFlight: SchedulesInFlight = new Set();
  log.listen((events) => {
    for (const name of wokenBy(events)) woken.add(name);
  });
  const evaluations = new Map();
  const ticks: Record<LoopName, () => Promise<number | undefined>> = {
    queue: async () =>
      void (await tickQueue(context, launcher, {
        maxConcurrentRuns: options.maxConcurrentRuns ?? 10,
        tagLimits: options.tagLimits ?? [],
        pools,
        retries,
        launched,
        queued,
        wake: () => woken.add("queue"),
      })),
    "run-retries": () => tickRunRetries(context, { policy: retries, rerun }),
    automation: () => tickAutomation(context, evaluations),
    schedules: () => tickSchedules(context, schedulesInFlight, () => woken.add("schedules")),
    sensors: () => tickSensors(context, inFlight, () => woken.add("sensors")),
    freshness: () => tickFreshness(context),
    backfills: () => tickBackfills(context, launcher, retries),
    alerts: alerts.tick,
    lineage: async () => undefined,
  };

  /** Lets everything that can happen at this instant happen. */
  const settle = async (): Promise<void> => {
    while (woken.size > 0 || inFlight.size > 0 || schedulesInFlight.size > 0) {
      for (const name of [...woken]) {
        woken.delete(name);
        const next = await ticks[name]();
        if (next === undefined) nextAt.delete(name);
        else nextAt.set(name, next);
      }
      await alerts.collect();
      // Launches and sensor ticks go on beside the loops; they need a turn of the event loop, never time.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };

  if (options.start) await seed(context, options.start);
  const begun = await storage.lastEventId();
  await options.at?.(new Date(from), { log, requests, storage, workspace, backfills: started, rerun });
  await settle();
  for (;;) {
    options.progress?.(new Date(clock.now()));
    if (options.signal?.aborted) break;
    const times = [...nextAt.values(), launcher.nextEnd() ?? Number.POSITIVE_INFINITY].filter((at) => at > clock.now());
    const next = Math.min(...times);
    const gap = down.find((span) => next >= span.from && next < span.to);
    if (gap && gap.to <= to) {
      clock.turn(gap.to);
      for (const name of allLoops) woken.add(name);
      await launcher.endDue();
      await settle();
      continue;
    }
    if (!Number.isFinite(next) || next > to) break;
    clock.turn(next);
    await options.at?.(new Date(next), { log, requests, storage, workspace, backfills: started, rerun });
    await launcher.endDue();
    for (const [name, at] of nextAt) if (at <= next) woken.add(name);
    await settle();
  }
  const runs = await storage.listRuns({ order: "oldest", limit: 1_000_000 });
  const result: Simulation = {
    runs,
    ticks: (await storage.listTicks({ limit: 1_000_000 })).reverse(),
    events: await storage.readEvents({ after: begun, limit: 10_000_000 }),
    alerts: alerts.told,
    reports,
    until: new Date(options.signal?.aborted ? clock.now() : to),
  };
  await storage.close();
  return result;
}

function instant(value: Date | string, name: string): number {
  const at = new Date(value).getTime();
  if (Number.isNaN(at))
    throw new UserError(`${name} "${String(value)}" is no instant`, { hint: "Write it as 2026-01-31T00:00:00Z." });
  return at;
}
