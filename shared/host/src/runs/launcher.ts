import type { Clock, NewEvent, Run, RunInput, Storage, UpstreamMaterialization } from "@kc/runtime/internal";
import { checkedAssets, isEnd, plainMetadata } from "@kc/runtime/internal";
import { removeSpool } from "../code-server/spool.ts";
import type { PoolRequest, RunCommand, RunEvents } from "../gen/code_location.ts";
import type { CodeProcess } from "../locations/code-process.ts";
import type { Workspace } from "../locations/workspace.ts";
import type { EventLog } from "../log.ts";
import type { LivePartitions } from "../partitions.ts";
import type { InstancePaths } from "../paths.ts";
import { type Ending, endRun } from "./end-run.ts";
import { neededPartitions } from "./needed-partitions.ts";
import type { Pools } from "./pools.ts";
import { drainSpool, type Earlier, recoverRuns } from "./recover.ts";
import { seriesOf } from "./series.ts";
import { type Stop, type Supervision, supervise } from "./supervise.ts";
import type { WorkerPool } from "./worker-pool.ts";

export interface RunLauncher {
  /** Starts a claimed run; resolves when it has ended. Never rejects. */
  launch(run: Run): Promise<void>;
  /** @returns false when the run is not going on here. */
  cancel(runId: string): boolean;
  /** Runs go on at another host: to cancel one is a word in the log, which that host hears. */
  elsewhere?(): boolean;
  active(): number;
  /**
   * Brings runs of an earlier host process to their end: what their workers had still written is stored first. Those that
   * had not begun go back to the queue, unless the earlier host may only be paused and begin them yet.
   */
  recover(earlier?: Earlier): Promise<void>;
  /** Another host leads: ends every worker at once and writes nothing more. */
  abandon(): Promise<void>;
  stop(): Promise<void>;
}

interface Going {
  cancel(): void;
  kill(): void;
  done: Promise<void>;
}

/** Nobody asked for the end of a run that a host's own end breaks off: it has failed, and counts as broken off. */
const endOfKc = "kc was stopped while the run went on";

/** Launches runs on local workers and stores what they report, each event once, acknowledged by its number. */
export function runLauncher(deps: {
  workspace: Workspace;
  pool: WorkerPool;
  storage: Storage;
  log: EventLog;
  paths: InstancePaths;
  clock: Clock;
  pools: Pools;
  partitions: Pick<LivePartitions, "now">;
  maxConcurrentSteps: number;
  cancelGraceMs: number;
  supervision: Supervision;
  connectionsOf(location: string): Run["connections"];
  /** Resolves while this host leads; throws once another does. */
  confirm?(): Promise<void>;
}): RunLauncher {
  const { workspace, pool, storage, log, paths, clock } = deps;
  const going = new Map<string, Going>();
  let stopping = false;

  async function inputOf(run: Run): Promise<RunInput> {
    const graph = workspace.graph();
    const needed = [
      ...new Set([
        ...run.plan.assets.flatMap((key) => [key, ...(graph.assets.get(key)?.deps ?? [])]),
        ...checkedAssets(run.plan),
      ]),
    ];
    const states = await storage.assetStates(needed);
    const upstream: Record<string, UpstreamMaterialization> = {};
    for (const [key, { materialization }] of states)
      if (materialization)
        upstream[key] = {
          key,
          runId: materialization.runId ?? undefined,
          timestamp: new Date(materialization.at).toISOString(),
          metadata: plainMetadata(materialization.metadata),
        };
    const upstreamPartitions = neededPartitions(run, graph, deps.partitions.now());
    const series = await seriesOf(run, graph, storage);
    const { id: runId, requestId, tags, config, partition } = run;
    return { runId, requestId, tags, config, partition, upstream, upstreamPartitions, series };
  }

  async function execute(
    run: Run,
    worker: CodeProcess,
    onCancel: (cancel: () => void) => void,
    onEnd: (end: () => void) => void,
  ): Promise<boolean> {
    await log.append([{ type: "run_starting", at: clock.now(), runId: run.id }]);
    // It may have been cancelled between the queue's look and here.
    if (isEnd((await storage.getRun(run.id))!.status)) return true;
    await storage.setRunConnections(run.id, deps.connectionsOf(run.location));
    const input = await inputOf(run);
    let stopped: Stop | undefined;
    let ask = (_failed: string, _crashed = false) => {};
    const watch = supervise(clock, deps.supervision, run.tags, (stop) => {
      stopped = stop;
      if (stop.how === "ask") ask(stop.reason);
      else worker.child.kill();
    });
    onEnd(watch.end);
    const stopOf = () => stopped;
    const broken = await worker.loaded();
    if (broken) {
      const message = stopOf()?.reason ?? `location ${run.location} did not load in the worker: ${broken.message}`;
      await end(run.id, "run_failed", message, { refused: !stopOf() });
      return false;
    }
    // The last word before its code may run: a host that was paused here must not begin what another has taken over.
    await deps.confirm?.();
    const call = worker.client.executeRun();
    let stored = Promise.resolve();
    let cancelled = false;
    ask = (failed, crashed = false) => {
      call.write({ command: { $case: "cancel", value: { failed, crashed } } });
      // A step that ignores its signal is ended with its whole process group.
      void clock.sleep(deps.cancelGraceMs).then(() => going.has(run.id) && worker.child.kill());
    };
    onCancel(() => {
      if (stopping) return ask(endOfKc, true);
      cancelled = true;
      ask("");
    });
    const error = await new Promise<Error | undefined>((resolve) => {
      call.on("data", ({ eventJson, pools }: RunEvents) => {
        watch.heard();
        for (const request of pools) takeSlots(run, request, call);
        if (eventJson.length === 0) return;
        const events = eventJson.map((json) => JSON.parse(json) as NewEvent);
        stored = stored.then(async () => {
          await log.append(events);
          call.write({ command: { $case: "ack", value: events.at(-1)!.seq! } });
        });
        // Reading stops while the log is behind, so that a flood slows its writer and not the host.
        call.pause();
        void stored.then(() => {
          watch.heard();
          call.resume();
        }, resolve);
      });
      call.on("end", () => resolve(undefined));
      call.on("error", resolve);
      // From here on: a step that computes without a break holds back even the word that the run has begun.
      watch.started();
      call.write({
        command: {
          $case: "start",
          value: { runJson: JSON.stringify({ plan: run.plan, input, maxConcurrentSteps: deps.maxConcurrentSteps }) },
        },
      });
    });
    await stored;
    call.end();
    const now = await storage.getRun(run.id);
    const stop = stopOf();
    if (now && isEnd(now.status)) return error === undefined && !cancelled && !stop;
    // The worker is gone, or its stream broke: what it had written to its spool counts.
    await drain(run.id);
    const rest = await storage.getRun(run.id);
    if (rest && !isEnd(rest.status)) {
      if (cancelled || rest.status === "cancelling")
        await end(run.id, "run_cancelled", "the run was cancelled and its worker ended");
      else if (stop) await end(run.id, "run_failed", stop.reason, stop.crashed ? { crashed: true } : {});
      else if (stopping) await end(run.id, "run_failed", endOfKc, { crashed: true });
      else await end(run.id, "run_failed", await deathOf(worker, error));
    }
    return false;
  }

  function takeSlots(run: Run, { step, pool, weight }: PoolRequest, call: { write(command: RunCommand): void }): void {
    if (weight === 0) deps.pools.release(run.id, step);
    else
      deps.pools.ask(
        run,
        step,
        { name: pool, weight },
        {
          granted: () => call.write({ command: { $case: "granted", value: step } }),
          waits: (message) =>
            void log
              .append([{ type: "step_waiting", at: clock.now(), runId: run.id, step, message, fields: { pool, weight } }])
              // It waits all the same; what keeps the log from being written ends the run by itself.
              .catch(() => {}),
        },
      );
  }

  async function deathOf(worker: CodeProcess, error: Error | undefined): Promise<string> {
    // Its stream breaks some moments before its end is known.
    if (error) await Promise.race([worker.child.exited, clock.sleep(2_000)]);
    if (worker.child.running()) return `the run's worker broke off: ${error?.message ?? "no reason given"}`;
    const { code, signal } = await worker.child.exited;
    const last = lastWords(worker.lines);
    return `the run's worker process ended (${signal ?? `exit code ${code}`})${last ? `: ${last}` : ""}`;
  }

  const drain = (runId: string) => drainSpool(log, paths.spool, runId);
  const end = (...ending: Ending) => endRun({ storage, log, clock }, ...ending);

  /** Tries until the log takes the run's end, or leaves it and the spool to the next host. */
  async function endOnceStored(runId: string, message: string): Promise<void> {
    for (let wait = 250; !stopping; wait = Math.min(wait * 2, 10_000))
      try {
        await drain(runId);
        const run = await storage.getRun(runId);
        if (run && !isEnd(run.status)) await end(runId, run.status === "cancelling" ? "run_cancelled" : "run_failed", message);
        removeSpool(paths.spool, runId);
        return;
      } catch {
        await clock.sleep(wait);
      }
  }

  const stopListening = log.listen((events, foreign) => {
    // A host that stands by was asked to cancel.
    if (foreign) for (const { type, runId } of events) if (type === "run_cancelling" && runId) going.get(runId)?.cancel();
  });

  return {
    launch(run) {
      let cancel = () => {};
      let wanted = false;
      let kill = () => {};
      const entry: Going = {
        kill: () => kill(),
        cancel: () => {
          wanted = true;
          cancel();
        },
        done: (async () => {
          const worker = pool.take(run.location);
          kill = () => worker.child.kill();
          let reusable = false;
          let unwatch = () => {};
          try {
            reusable = await execute(
              run,
              worker,
              (how) => {
                cancel = how;
                if (wanted) how();
              },
              (end) => {
                unwatch = end;
              },
            );
            removeSpool(paths.spool, run.id);
          } catch (error) {
            // Mostly the log cannot be written: the worker's events stay in its spool until it can.
            worker.child.kill();
            await endOnceStored(run.id, `the run could not be carried out: ${(error as Error).message}`);
          } finally {
            unwatch();
            going.delete(run.id);
            deps.pools.releaseRun(run.id);
            pool.release(worker, reusable);
          }
        })(),
      };
      going.set(run.id, entry);
      return entry.done;
    },
    cancel(runId) {
      const entry = going.get(runId);
      deps.pools.releaseRun(runId, true);
      entry?.cancel();
      return entry !== undefined;
    },
    active: () => going.size,
    recover: (earlier) => recoverRuns({ storage, log, clock, spool: paths.spool }, earlier),
    async abandon() {
      stopping = true;
      stopListening();
      for (const entry of going.values()) entry.kill();
      await Promise.race([Promise.all([...going.values()].map((entry) => entry.done)), clock.sleep(2_000)]);
    },
    async stop() {
      stopping = true;
      stopListening();
      for (const entry of going.values()) entry.cancel();
      await Promise.race([Promise.all([...going.values()].map((entry) => entry.done)), clock.sleep(2_000)]);
    },
  };
}

/** The line that says why a process ended: Node ends its report of an error that nobody caught with its own version. */
function lastWords(lines: readonly string[]): string | undefined {
  const tail = lines.slice(-40);
  return (
    tail.findLast((line) => /^(Uncaught )?\w*(Error|Exception)\b/.test(line)) ??
    tail.findLast((line) => !/^(Node\.js v|\s*$)/.test(line))
  );
}
