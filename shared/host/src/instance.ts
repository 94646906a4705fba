import { randomUUID } from "node:crypto";
import { chmodSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { type Clock, type Run, type Storage, systemClock, UserError } from "@kc/runtime/internal";
import { backfills } from "./backfills.ts";
import { bundleVendor } from "./code-server/vendor/bundle.ts";
import { startDaemon } from "./daemon/daemon.ts";
import { retryDecision } from "./daemon/run-retries.ts";
import { type Environment, locationEnvironment, rootEnvironment } from "./environment.ts";
import { goesOn } from "./goes-on.ts";
import { automationSettings, readInstanceFile, tickSettings } from "./instance-file.ts";
import { leaseName, type Term } from "./leader/election.ts";
import { followLog } from "./leader/follow.ts";
import { thisMachine } from "./leader/holder.ts";
import { openLeadership } from "./leader/leadership.ts";
import { compileCacheOf } from "./locations/code-process.ts";
import { watchFiles } from "./locations/watch.ts";
import { startWorkspace, type Workspace } from "./locations/workspace.ts";
import { findLocations, type LocationEntry } from "./locations/workspace-file.ts";
import { type EventLog, eventLog } from "./log.ts";
import { openHostStorage } from "./open-storage.ts";
import { livePartitions } from "./partitions.ts";
import { type InstancePaths, removeSockets } from "./paths.ts";
import { type RunLauncher, runLauncher } from "./runs/launcher.ts";
import { openPools, poolSettings } from "./runs/pools.ts";
import { rerunner, retryPolicy } from "./runs/rerun.ts";
import { submitter } from "./runs/submit.ts";
import { workerPool } from "./runs/worker-pool.ts";
import { describeSettings } from "./settings-view.ts";
import { openConnections } from "./standins/connections.ts";
import { tracesEndpoint } from "./telemetry/endpoint.ts";
import { startMetrics } from "./telemetry/metrics.ts";
import type { TelemetrySettings } from "./telemetry/settings.ts";
import { webApp } from "./web/app.ts";
import { openChanges } from "./web/changes.ts";
import { listen } from "./web/listen.ts";

export interface InstanceOptions {
  paths: InstancePaths;
  env: Environment;
  clock?: Clock;
  /** Only these locations; default: all of workspace.yaml. */
  only?: readonly string[];
  port: number;
  watch: boolean;
  writeKeys: boolean;
  /** Schedules, sensors and automation decide from the start; else only while a lease asks for it. */
  daemon?: boolean;
  report(line: string): void;
  /** Called with the number of leases after each change; `atOnce` when no further command need be waited for. */
  onLeases?(count: number, atOnce: boolean): void;
  /** The host is ending: it takes no lease any more. */
  ending?(): boolean;
}

export interface Instance {
  id: string;
  url: string;
  entries: readonly LocationEntry[];
  /** Runs go on here, or are about to. */
  busy(): Promise<boolean>;
  stop(): Promise<void>;
}

/**
 * Starts everything of one instance in this process: storage, stand-ins, code locations, daemon, webserver.
 * @throws UserError for what a person can mend: workspace.yaml, kc.yaml, connections, storage.
 */
export async function startInstance(options: InstanceOptions): Promise<Instance> {
  const { paths, report } = options;
  const clock = options.clock ?? systemClock;
  const env = rootEnvironment(paths.root, options.env);
  const settings = readInstanceFile(join(paths.root, "kc.yaml"), env);
  const settingsShown = describeSettings(join(paths.root, "kc.yaml"));
  const { locations, problems } = findLocations(paths.root);
  const entries = chosen(locations, options.only);
  for (const problem of problems) report(problem.message);
  const stops: (() => Promise<unknown> | unknown)[] = [];
  const stop = async () => {
    for (const one of stops.reverse().splice(0)) await one();
  };
  try {
    const { storage, shared, close } = await openHostStorage(settings.storage, paths);
    stops.push(close);
    const log = eventLog(storage);
    stops.push(await followLog(storage, log));
    const connections = openConnections({ paths, env: options.env, clock, report });
    stops.push(() => connections.stop());
    await connections.add(entries);
    writeVariables(paths, entries, connections.variablesOf);
    stops.push(() => rmSync(join(paths.home, "variables.json"), { force: true }));
    // A host that was killed has left its own.
    removeSockets(paths);
    stops.push(() => removeSockets(paths));
    const workspace = startWorkspace({
      entries,
      all: locations,
      missing: options.only?.length ? [] : problems,
      paths,
      environmentOf: (entry) => ({
        ...locationEnvironment({
          root: paths.root,
          folder: entry.folder,
          own: options.env,
          connections: connections.variablesOf(entry),
        }),
        ...telemetryVariables(settings.telemetry),
      }),
      loadTimeoutMs: settings.locations.load_timeout,
      watch: options.watch,
      writeKeys: options.writeKeys,
      log: (location, line) => report(`[${location}] ${line}`),
      now: () => clock.now(),
    });
    stops.push(() => workspace.stop());
    const pool = workerPool(workspace, {
      maxIdle: settings.workers.max_idle,
      maxRunsPerWorker: settings.workers.max_runs,
      lingerMs: 2_000,
      now: () => clock.now(),
    });
    stops.push(() => pool.stop());
    const changes = openChanges();
    const pools = openPools({
      storage,
      clock,
      settings: poolSettings(settings.pools),
      used: () => [...workspace.graph().assets.values()].flatMap((node) => node.pool?.name ?? []),
      wake: () => {
        changes.tell("pools");
        leadership.daemon.wakeQueue();
      },
    });
    const partitions = livePartitions({ workspace, storage, log, clock }, await storage.dynamicPartitions());
    const requests = submitter({ workspace, log, clock, pools, partitions });
    const retries = retryPolicy(settings.runs.retries);
    const retryOf = (run: Run) => retryDecision({ storage }, run, retries);
    const rerun = rerunner({ workspace, storage, log, clock, retryOf });
    const traces = tracesEndpoint(settings.telemetry.otlp_endpoint, env);
    if (traces) stops.push(await startRunTraces({ endpoint: traces, env, storage, log, report }));
    const metrics = startMetrics({ storage, log, clock });
    stops.push(() => metrics.stop());
    let daemonLeases = 0;
    const decides = () => (options.daemon ?? false) || daemonLeases > 0;
    const id = randomUUID();
    let url = "";
    const leadership = openLeadership({
      storage,
      shared,
      ttlMs: settings.daemon.lease_ttl,
      ticks: tickSettings(settings.ticks),
      holder: () => ({ id, host: hostname(), pid: process.pid, url, since: 0, machine: thisMachine(), spool: paths.spool }),
      report,
      async begin(term) {
        // A view of the storage that another host's taking over shuts: no decision of this term is written after it.
        const own = term ? storage.fenced(leaseName, term.number) : storage;
        const ownLog = term ? log.over(own) : log;
        const ownPartitions = term
          ? livePartitions({ workspace, storage: own, log: ownLog, clock }, await own.dynamicPartitions())
          : partitions;
        await pools.open();
        const launcher = runLauncher({
          partitions: ownPartitions,
          workspace,
          pool,
          storage: own,
          log: ownLog,
          paths,
          clock,
          pools,
          maxConcurrentSteps: settings.runs.max_concurrent_steps,
          cancelGraceMs: settings.runs.cancel_grace,
          supervision: {
            startMs: settings.runs.start_timeout,
            maxMs: settings.runs.max_runtime,
            quietMs: settings.runs.unresponsive_timeout,
          },
          connectionsOf: (location) => connections.modesOf(workspace.location(location)!.entry),
          ...(term ? { confirm: term.confirm } : {}),
        });
        await launcher.recover(earlierHost(term));
        const daemon = startDaemon(
          {
            workspace,
            storage: own,
            log: ownLog,
            clock,
            requests: submitter({ workspace, log: ownLog, clock, pools, partitions: ownPartitions }),
            partitions: ownPartitions,
            ticks: tickSettings(settings.ticks),
            automation: automationSettings(settings.automation),
            report,
          },
          launcher,
          {
            maxConcurrentRuns: settings.runs.max_concurrent,
            tagLimits: settings.runs.tag_limits,
            pools,
            retries,
            rerun: rerunner({ workspace, storage: own, log: ownLog, clock, retryOf }),
            retention: settings.retention,
            alerts: settings.alerts,
            openlineage: settings.openlineage,
            beaten: () => changes.tell("daemons"),
            observers: [
              metrics.ticks,
              {
                started: () => changes.tell("ticks"),
                ended: () => changes.tell("ticks"),
                alerted: () => changes.tell("alerts"),
              },
            ],
            decides,
          },
        );
        return { launcher, daemon };
      },
    });
    const { daemon, launcher } = leadership;
    stops.push(() => leadership.stop());
    const addEntry = async (entry: LocationEntry) => {
      await connections.add([entry]);
      writeVariables(paths, [...workspace.locations().map((state) => state.entry), entry], connections.variablesOf);
      return workspace.add(entry);
    };
    let leases = 0;
    const app = webApp({
      instanceId: id,
      root: paths.root,
      url: () => url,
      workspace,
      storage,
      log,
      requests,
      partitions,
      backfills: backfills({ workspace, storage, log, clock, partitions }),
      rerun,
      retries,
      launcher,
      daemon,
      leadership,
      pools,
      connections,
      now: () => clock.now(),
      leases: () => leases,
      decides,
      alerts: settings.alerts,
      settings: settingsShown,
      changes,
      metrics,
      workers: () => pool.counts(),
      uiFolder: join(paths.root, "shared", "ui", "dist"),
      addLocation: (name) => addEntry(chosen(findLocations(paths.root).locations, [name])[0]!),
      ending: () => options.ending?.() ?? false,
      lease: (wants) => {
        options.onLeases?.(++leases, false);
        if (wants.daemon && ++daemonLeases === 1) daemon.wake();
        return (now) => {
          if (wants.daemon) daemonLeases--;
          options.onLeases?.(--leases, wants.daemon || now);
        };
      },
    });
    if (options.watch && !options.only) stops.push(watchWorkspaceFile(paths.root, workspace, addEntry, report));
    const server = await listen(app, options.port);
    url = `http://localhost:${server.port}`;
    stops.push(() => server.close());
    await leadership.start();
    void workspace.settled().then(() => {
      for (const entry of entries) pool.warm(entry.name);
      // Without it processes start as well, only later.
      bundleVendor(compileCacheOf(options.env, paths)).catch((error) => report(`vendor bundle: ${(error as Error).message}`));
    });
    const busy = () => goesOn({ storage, launcher, waiting: daemon.waiting, leads: () => leadership.leader()?.leads === true });
    return { id, url, entries, busy, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The host that led before, as far as its runs are concerned. */
function earlierHost(term: Term | undefined): Parameters<RunLauncher["recover"]>[0] {
  if (!term?.predecessor) return undefined;
  const { holder, ended } = term.predecessor;
  const here = holder?.machine === thisMachine();
  return { ended, spool: here ? holder?.spool : undefined, name: holder ? `${holder.host}, process ${holder.pid}` : "unknown" };
}

/** What kc.yaml says of traces, for the workers: one place for the whole instance. */
const telemetryVariables = ({ otlp_endpoint }: TelemetrySettings): Record<string, string> =>
  otlp_endpoint ? { OTEL_EXPORTER_OTLP_ENDPOINT: otlp_endpoint } : {};

/** Loaded only when traces have somewhere to go. */
async function startRunTraces(params: {
  endpoint: string;
  env: Environment;
  storage: Storage;
  log: EventLog;
  report(line: string): void;
}): Promise<() => Promise<void>> {
  const { otlpExporter } = await import("./telemetry/otlp.ts");
  const { traceRuns } = await import("./telemetry/run-traces.ts");
  const { OTEL_EXPORTER_OTLP_HEADERS: headers, OTEL_SERVICE_NAME: service = "kc" } = params.env;
  const exporter = otlpExporter({ ...params, headers, resource: { "service.name": service } });
  return traceRuns({ log: params.log, storage: params.storage, exporter });
}

function chosen(locations: readonly LocationEntry[], only: readonly string[] | undefined): LocationEntry[] {
  if (!only || only.length === 0) return [...locations];
  return only.map((name) => {
    const found = locations.find((one) => one.name === name);
    if (!found)
      throw new UserError(`there is no location "${name}"`, {
        hint: `workspace.yaml has ${locations.map((one) => one.name).join(", ")}.`,
      });
    return found;
  });
}

/** Loads locations as they appear in workspace.yaml. One that is taken out stays until the next start: its runs may go on. */
function watchWorkspaceFile(
  root: string,
  workspace: Workspace,
  add: (entry: LocationEntry) => Promise<unknown>,
  report: (line: string) => void,
): () => void {
  return watchFiles([join(root, "workspace.yaml")], () => {
    try {
      for (const entry of findLocations(root).locations)
        if (!workspace.location(entry.name)?.entry.folder)
          add(entry).catch((error) => report(`location ${entry.name}: ${(error as Error).message}`));
    } catch (error) {
      report(`workspace.yaml: ${String(error)}`);
    }
  });
}

/** Variables of the connections for commands of the same user (kc pg, kc sql); only this user can read the file. */
function writeVariables(
  paths: InstancePaths,
  entries: readonly LocationEntry[],
  variablesOf: (entry: LocationEntry) => Record<string, string>,
): void {
  const file = join(paths.home, "variables.json");
  writeFileSync(file, JSON.stringify(Object.assign({}, ...entries.map(variablesOf))), { mode: 0o600 });
  chmodSync(file, 0o600);
}
