import { type Clock, isEnd, runStatuses, type Storage, type StoredEvent, type Tick } from "@kc/runtime/internal";
import type { StorageListener } from "../daemon/observed-storage.ts";
import type { EventLog } from "../log.ts";
import { counter, family, histogram } from "./exposition.ts";

const seconds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600];
const open = runStatuses.filter((status) => !isEnd(status));
/** The sizes of the log and the database are counted anew at most as often (ms): counting reads whole tables. */
const sizesMs = 60_000;

/** What only the parts of the host know, asked for at each scrape. */
export interface MetricFacts {
  daemons: readonly { name: string; heartbeatAt: number; problem: string | undefined }[];
  workers: { idle: number; busy: number };
  locations: readonly { name: string; loaded: boolean }[];
  connections: readonly { name: string; mode: string; answers: boolean | null }[];
}

export interface Metrics {
  ticks: StorageListener;
  /** The exposition. */
  text(facts: MetricFacts): Promise<string>;
  stop(): void;
}

/** Counts what happens from now on; what stands in the storage is looked up at each scrape. */
export function startMetrics({ storage, log, clock }: { storage: Storage; log: EventLog; clock: Clock }): Metrics {
  const ended = counter("kc_runs_ended_total", "Runs that ended, by status and location.");
  const appended = counter("kc_events_appended_total", "Events stored in the log, by type.");
  const waits = histogram("kc_run_queue_wait_seconds", "Time from a run's request to its start.", seconds);
  const steps = histogram("kc_step_duration_seconds", "Time a step took, its retries and checks included.", seconds);
  const ticks = counter("kc_ticks_total", "Ticks of schedules and sensors, by result.");
  const lateness = histogram(
    "kc_schedule_tick_lateness_seconds",
    "Start of a schedule's tick minus the time it was due.",
    seconds,
  );
  const started = new Map<string, number>();
  const runs = new Map<string, { location: string; createdAt: number }>();
  const going = new Map<number, Tick>();
  let sizes: { at: number; bytes: number; events: number } | undefined;

  const runOf = async (id: string) => {
    const known = runs.get(id);
    if (known) return known;
    const run = await storage.getRun(id);
    const found = { location: run?.location ?? "", createdAt: run?.createdAt ?? 0 };
    if (runs.size > 10_000) runs.clear();
    runs.set(id, found);
    return found;
  };
  const note = async (event: StoredEvent): Promise<void> => {
    const { type, runId, step, at } = event;
    if (!runId) return;
    const key = `${runId}\0${step}`;
    if (type === "run_starting")
      waits.observe({ location: (await runOf(runId)).location }, (at - (await runOf(runId)).createdAt) / 1_000);
    else if (type === "step_started") {
      if (started.size < 100_000 && !started.has(key)) started.set(key, at);
    } else if (type === "step_succeeded" || type === "step_failed") {
      const from = started.get(key);
      started.delete(key);
      const status = type === "step_succeeded" ? "succeeded" : "failed";
      if (from !== undefined) steps.observe({ location: (await runOf(runId)).location, status }, Math.max(0, at - from) / 1_000);
    } else if (/^run_(succeeded|failed|cancelled|skipped)$/.test(type)) {
      ended.add({ status: type.slice(4), location: (await runOf(runId)).location });
      runs.delete(runId);
      for (const name of started.keys()) if (name.startsWith(`${runId}\0`)) started.delete(name);
    }
  };
  const relevant = /^(run_|step_)/;
  let noting: Promise<void> = Promise.resolve();
  const stop = log.listen((events, foreign) => {
    // Each host counts what it stored, so that the sum over all hosts is right.
    if (foreign) return;
    for (const { type } of events) appended.add({ type });
    const wanted = events.filter(({ type }) => relevant.test(type));
    if (wanted.length > 0)
      noting = noting.then(async () => {
        for (const event of wanted) await note(event).catch(() => undefined);
      });
  });

  return {
    stop,
    ticks: {
      started(tick) {
        going.set(tick.id, tick);
        if (going.size > 10_000) going.delete(going.keys().next().value!);
        if (tick.type === "schedule") lateness.observe({ location: tick.location }, Math.max(0, clock.now() - tick.at) / 1_000);
      },
      ended(id, end) {
        const tick = going.get(id);
        going.delete(id);
        if (tick) ticks.add({ type: tick.type, location: tick.location, name: tick.name, result: end.status });
      },
    },
    async text(facts) {
      await noting;
      const now = clock.now();
      if (!sizes || now - sizes.at > sizesMs) {
        const info = await storage.info();
        sizes = { at: now, bytes: info.bytes, events: info.counts.events ?? 0 };
      }
      const active = new Map<string, { status: string; location: string; count: number }>();
      let oldest: number | undefined;
      for (const run of await storage.listRuns({ statuses: open, order: "oldest", limit: 100_000 })) {
        const key = `${run.status}\0${run.location}`;
        const known = active.get(key) ?? { status: run.status, location: run.location, count: 0 };
        active.set(key, { ...known, count: known.count + 1 });
        if (run.status === "queued") oldest ??= run.createdAt;
      }
      const queued = [...active.values()].filter(({ status }) => status === "queued").reduce((sum, { count }) => sum + count, 0);
      const pending = await storage.listDeliveries({ statuses: ["pending"], limit: 10_000 });
      const memory = process.memoryUsage();
      const cpu = process.cpuUsage();
      return `${[
        family(
          "kc_runs",
          "gauge",
          "Runs that are not over, by status and location.",
          [...active.values()].map(({ status, location, count }) => [{ status, location }, count]),
        ),
        ended.text(),
        family("kc_run_queue_length", "gauge", "Runs that wait to be started.", [[{}, queued]]),
        family("kc_run_queue_oldest_seconds", "gauge", "Age of the oldest run that waits.", [
          [{}, oldest === undefined ? 0 : (now - oldest) / 1_000],
        ]),
        waits.text(),
        steps.text(),
        ticks.text(),
        lateness.text(),
        family(
          "kc_daemon_heartbeat_age_seconds",
          "gauge",
          "Time since a loop of the daemon was last seen alive.",
          facts.daemons.map((one) => [{ loop: one.name }, Math.max(0, now - one.heartbeatAt) / 1_000]),
        ),
        family(
          "kc_daemon_healthy",
          "gauge",
          "1 while a loop of the daemon does its work.",
          facts.daemons.map((one) => [{ loop: one.name }, one.problem === undefined ? 1 : 0]),
        ),
        family("kc_workers", "gauge", "Run workers of the pool.", [
          [{ state: "idle" }, facts.workers.idle],
          [{ state: "busy" }, facts.workers.busy],
        ]),
        family(
          "kc_location_loaded",
          "gauge",
          "1 while a code location's definitions are loaded.",
          facts.locations.map((one) => [{ location: one.name }, one.loaded ? 1 : 0]),
        ),
        family(
          "kc_connection_up",
          "gauge",
          "1 while the endpoint of a connection answers.",
          facts.connections.flatMap((one) =>
            one.answers === null ? [] : [[{ connection: one.name, mode: one.mode }, one.answers ? 1 : 0] as const],
          ),
        ),
        family(
          "kc_deliveries_pending",
          "gauge",
          "Alerts and lineage events that wait to be sent.",
          ["alert", "lineage"].map((kind) => [{ kind }, pending.filter((one) => one.kind === kind).length]),
        ),
        appended.text(),
        family("kc_event_log_last_id", "gauge", "Position of the newest event.", [[{}, await storage.lastEventId()]]),
        family("kc_event_log_events", "gauge", "Events in the log, counted once a minute.", [[{}, sizes.events]]),
        family("kc_storage_bytes", "gauge", "Size of the instance's database, looked up once a minute.", [[{}, sizes.bytes]]),
        family("process_resident_memory_bytes", "gauge", "Resident memory of the host process.", [[{}, memory.rss]]),
        family("nodejs_heap_size_used_bytes", "gauge", "Used heap of the host process.", [[{}, memory.heapUsed]]),
        family("process_cpu_seconds_total", "counter", "CPU time of the host process.", [[{}, (cpu.user + cpu.system) / 1e6]]),
        family("process_start_time_seconds", "gauge", "Start of the host process, seconds since the epoch.", [
          [{}, Math.round(Date.now() / 1_000 - process.uptime())],
        ]),
      ].join("\n")}\n`;
    },
  };
}
