import type { CodeProcess } from "../locations/code-process.ts";
import type { Workspace } from "../locations/workspace.ts";

interface Worker {
  process: CodeProcess;
  location: string;
  generation: number;
  runs: number;
  idleSince: number;
}

export interface WorkerPool {
  /** A worker with the location's present code: a warm one when there is one. */
  take(location: string): CodeProcess;
  /** Gives a worker back after its run; it is kept warm or ended. */
  release(process: CodeProcess, reusable: boolean): void;
  /** Warms a worker up for a location, when there is room. */
  warm(location: string): void;
  counts(): { idle: number; busy: number };
  stop(): Promise<void>;
}

/** Run workers: child processes with definitions loaded that take one run at a time. At most `maxIdle` wait warm in all; more of them only for
 * `lingerMs`, so that a queue that is full does not start a worker for each of its runs. */
export function workerPool(
  workspace: Workspace,
  options: { maxIdle: number; maxRunsPerWorker: number; lingerMs?: number; now(): number },
): WorkerPool {
  const idle: Worker[] = [];
  const busy = new Map<CodeProcess, Worker>();
  const ending = new Set<Promise<void>>();
  let stopped = false;
  const end = (worker: Worker) => {
    const done = worker.process.stop().finally(() => ending.delete(done));
    ending.add(done);
  };
  const start = (location: string): Worker => {
    const state = workspace.location(location)!;
    const worker: Worker = {
      process: workspace.startWorker(location),
      location,
      generation: state.generation,
      runs: 0,
      idleSince: options.now(),
    };
    void worker.process.child.exited.then(() => {
      const at = idle.indexOf(worker);
      if (at >= 0) idle.splice(at, 1);
    });
    return worker;
  };
  const usable = (worker: Worker): boolean =>
    worker.process.child.running() &&
    worker.generation === workspace.location(worker.location)?.generation &&
    worker.runs < options.maxRunsPerWorker;
  let trimming: NodeJS.Timeout | undefined;
  const trim = () => {
    trimming = undefined;
    while (idle.length > options.maxIdle) end(idle.shift()!);
  };
  const keep = (worker: Worker) => {
    if (stopped || !usable(worker)) return end(worker);
    worker.idleSince = options.now();
    idle.push(worker);
    if (idle.length <= options.maxIdle) return;
    if (!options.lingerMs) return trim();
    trimming ??= setTimeout(trim, options.lingerMs).unref();
  };
  workspace.onChange((name) => {
    for (const worker of idle.filter((one) => one.location === name && !usable(one))) {
      idle.splice(idle.indexOf(worker), 1);
      end(worker);
      // Locations come first: a worker that starts beside them makes them late.
      void workspace.settled().then(() => warm(name));
    }
  });
  function warm(location: string): void {
    const state = workspace.location(location);
    if (
      stopped ||
      state?.status !== "loaded" ||
      idle.length >= options.maxIdle ||
      idle.some((worker) => worker.location === location && usable(worker))
    )
      return;
    idle.push(start(location));
  }
  return {
    take(location) {
      const at = idle.findLastIndex((worker) => worker.location === location && usable(worker));
      const worker = at >= 0 ? idle.splice(at, 1)[0]! : start(location);
      worker.runs++;
      busy.set(worker.process, worker);
      return worker.process;
    },
    release(process, reusable) {
      const worker = busy.get(process);
      if (!worker) return;
      busy.delete(process);
      if (reusable) keep(worker);
      else end(worker);
    },
    warm,
    counts: () => ({ idle: idle.length, busy: busy.size }),
    async stop() {
      stopped = true;
      clearTimeout(trimming);
      for (const worker of [...idle, ...busy.values()]) end(worker);
      idle.length = 0;
      await Promise.all(ending);
    },
  };
}
