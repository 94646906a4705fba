import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { connections } from "@kc/connections";
import type { ApiClient, Run, RunEvent, RunRequest } from "@kc/host/client";

/** A platform for one benchmark: a host process on a home of its own, stand-ins and ports of its own. */
export interface Platform {
  api: ApiClient;
  url: string;
  pid: number;
  /** Requests runs and answers all their events once they have ended. */
  request(request: RunRequest): Promise<RunEvent[]>;
  stop(): Promise<void>;
}

export interface PlatformOptions {
  root: string;
  /** Folder of its state. */
  home: string;
  only?: string[];
  watch?: boolean;
  daemon?: boolean;
}

/** The machine's own connections do not count: every connection is a local stand-in. */
export const withoutVendors = (): Record<string, undefined> =>
  Object.fromEntries(connections.flatMap((one) => one.variables.map((variable) => [variable.name, undefined])));

export async function startPlatform(options: PlatformOptions): Promise<Platform> {
  const { joinHost } = await import("@kc/host/join");
  mkdirSync(options.home, { recursive: true });
  const host = await joinHost({
    root: options.root,
    home: options.home,
    ...(options.only ? { only: options.only } : {}),
    port: 0,
    watch: options.watch ?? false,
    writeKeys: false,
    lingerMs: 0,
    daemon: options.daemon ?? false,
    env: { ...withoutVendors(), KC_STANDINS: undefined, OUTPUT_DIR: join(options.home, "output") },
  });
  const { api } = host;
  const { locations } = await api.settled();
  const broken = locations.find((location) => location.status !== "loaded");
  const stop = async () => {
    host.leave();
    await host.gone();
  };
  if (broken) {
    await stop();
    throw new Error(`location ${broken.name} of the benchmark does not load: ${broken.error?.message ?? broken.status}`);
  }
  let seen = 0;
  const request = async (wanted: RunRequest) => {
    const events = await finish(api, wanted, seen);
    seen = Math.max(seen, ...events.map((event) => event.id));
    return events;
  };
  return { api, url: host.url, pid: (await api.health()).pid, request, stop };
}

/** @param after The last event that was seen: the log before it is not read again. */
async function finish(api: ApiClient, request: RunRequest, after: number): Promise<RunEvent[]> {
  const { requestId, runs } = await api.submit(request);
  const open = new Set(runs.map((run: Run) => run.id));
  const events: RunEvent[] = [];
  const abort = new AbortController();
  for await (const event of api.events({ after, requestId }, abort.signal)) {
    events.push(event);
    if (event.type === "run_failed" || event.type === "run_cancelled" || event.type === "step_failed")
      throw new Error(`a run of the benchmark failed: ${event.message ?? event.error?.message ?? event.type}`);
    if (event.runId && (event.type === "run_succeeded" || event.type === "run_skipped")) open.delete(event.runId);
    if (open.size === 0) break;
  }
  abort.abort();
  return events;
}

/** Milliseconds since the epoch with fractions: comparable between processes of one machine. */
export const epoch = (): number => performance.timeOrigin + performance.now();
