import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { existsSync, openSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UserError } from "@kc/runtime/internal";
import { type ApiClient, ApiError, apiClient } from "./client/client.ts";
import type { HostAnswer, HostOptions } from "./main.ts";
import { instancePaths } from "./paths.ts";

export interface JoinedHost {
  url: string;
  api: ApiClient;
  /** True when this call started the host. */
  started: boolean;
  /** Whether another command keeps its schedules going, which a `kc dev` does. */
  served: boolean;
  /** Resolves when the host is gone. */
  ended: Promise<void>;
  /** Lets go: the host ends some seconds after the last command has; `now` without the seconds. */
  leave(how?: { now?: boolean }): void;
  /** Resolves when the host's process has ended, or at once when other commands keep it. */
  gone(): Promise<void>;
}

export interface JoinOptions extends HostOptions {
  daemon: boolean;
  env?: Readonly<Record<string, string | undefined>>;
  /** Whether the running host is another than the one that is wanted: it is replaced when nobody keeps it. */
  replace?(url: string): boolean;
  /** How long (ms) to wait for commands that keep a host which is to be replaced; default: not at all. */
  patienceMs?: number;
  /** Called when there is something to wait for. */
  waits?(url: string): void;
}

/**
 * Joins the checkout's running host, or starts it, and holds a lease on it.
 * @throws UserError with the host's own words when it does not start.
 */
export async function joinHost({ replace, patienceMs = 0, waits, ...options }: JoinOptions): Promise<JoinedHost> {
  const paths = instancePaths(options.root, options.home);
  const until = Date.now() + 120_000;
  let patientSince: number | undefined;
  const isPatient = (url: string) => {
    if (patientSince === undefined && patienceMs > 0) waits?.(url);
    patientSince ??= Date.now();
    return Date.now() - patientSince < patienceMs;
  };
  for (;;) {
    const running = await findHost(paths.hostFile);
    const kept = running !== undefined && running.leases > 0;
    if (running && !(kept && running.decides) && replace?.(running.url) && (!kept || isPatient(running.url))) {
      if (!kept) await endIdle(running);
      await waited(until, paths.logs);
      continue;
    }
    const joined = running && (await hold(running, options.daemon));
    if (joined) return { ...joined, started: false, served: running.decides };
    // It answered, and ends before it has counted this command.
    if (running) {
      await waited(until, paths.logs);
      continue;
    }
    const answer = await start(options, paths.logs);
    if (answer.ready) {
      const started = await hold(answer, options.daemon);
      if (started) return { ...started, started: true, served: false };
      await waited(until, paths.logs);
      continue;
    }
    if (!answer.busy)
      throw Object.assign(
        new UserError(answer.message, {
          where: answer.where,
          hint: answer.hint ?? `The host's log is ${join(paths.logs, "host.log")}.`,
        }),
        answer.stack ? { internal: answer.stack } : {},
      );
    // It is starting, or stopping after its last lease: it will answer or let go of the lock.
    await waited(until, paths.logs);
  }
}

/** @throws UserError when it is after the instant (ms). */
async function waited(until: number, logs: string): Promise<void> {
  if (Date.now() > until)
    throw new UserError("another host process of this checkout neither serves nor ends", {
      hint: `Its log is ${join(logs, "host.log")}.`,
    });
  await new Promise((resolve) => setTimeout(resolve, 100));
}

interface RunningHost {
  url: string;
  pid: number;
  /** How many commands keep it. */
  leases: number;
  decides: boolean;
}

/** Ends a host that nobody keeps, at once; one that somebody has joined meanwhile goes on. */
async function endIdle(host: RunningHost): Promise<void> {
  const held = await hold(host, false);
  held?.leave({ now: true });
  await held?.gone();
}

async function findHost(file: string): Promise<RunningHost | undefined> {
  if (!existsSync(file)) return undefined;
  try {
    const { url, id } = JSON.parse(readFileSync(file, "utf8")) as { url: string; id: string };
    const health = await apiClient(url).health();
    if (health.id === id) return { url, pid: health.pid, leases: health.leases, decides: health.decides };
  } catch {
    // A host that was killed leaves its file behind.
  }
  rmSync(file, { force: true });
  return undefined;
}

/**
 * Holds a lease until the signal is aborted or the host is gone. A connection that breaks while the host lives (a machine
 * that slept, a timeout on the way) is no end: the lease is taken anew.
 */
export async function keepLease(host: { lease(): Promise<void>; alive(): Promise<unknown> }, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await host.lease().catch(() => undefined);
    if (signal.aborted) return;
    try {
      await host.alive();
    } catch {
      return;
    }
  }
}

function running(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

/** A lease on the host, once it counts it; undefined when it takes none because it ends. */
async function hold(
  { url, pid }: Pick<RunningHost, "url" | "pid">,
  daemon: boolean,
): Promise<Omit<JoinedHost, "started" | "served"> | undefined> {
  const abort = new AbortController();
  const api = apiClient(url);
  const id = randomUUID();
  const first = Promise.withResolvers<boolean>();
  const lease = () =>
    api
      .lease(abort.signal, { daemon, id }, () => first.resolve(true))
      .catch((error) => {
        if (error instanceof ApiError) first.resolve(false);
        throw error;
      });
  const ended = keepLease({ lease, alive: () => api.health() }, abort.signal);
  void ended.then(() => first.resolve(false));
  if (!(await first.promise)) {
    abort.abort();
    return undefined;
  }
  let left: Promise<unknown> | undefined;
  const leave = ({ now = false } = {}) => {
    left ??= api.endLease(id, { now }).then(
      () => abort.abort(),
      () => abort.abort(),
    );
  };
  const gone = async (): Promise<void> => {
    // Until the host has counted our own lease as ended, a lease that is held may be ours.
    await left;
    for (;;) {
      const held = await api.health().then(
        (health) => health.leases,
        () => undefined,
      );
      // A host that no longer answers still ends its children: it is gone when its process is.
      if (held === undefined ? !running(pid) : held > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  };
  return { url, api, ended, leave, gone };
}

/**
 * A host lives for days and makes many small objects: with V8's own limit its young generation grows for an hour, up to
 * twice the memory, and nothing is faster for it.
 */
const flags = ["--disable-warning=ExperimentalWarning", "--max-semi-space-size=8"];

function start(options: HostOptions & { env?: Readonly<Record<string, string | undefined>> }, logs: string): Promise<HostAnswer> {
  const { env, ...own } = options;
  const log = openSync(join(logs, "host.log"), "a");
  const program = fileURLToPath(new URL("./main.ts", import.meta.url));
  const child = spawn(process.execPath, [...flags, program], {
    cwd: options.root,
    detached: true,
    stdio: ["ignore", log, log, "pipe"],
    env: { ...process.env, ...env, KC_HOST_OPTIONS: JSON.stringify(own) } as NodeJS.ProcessEnv,
  });
  child.unref();
  return new Promise((resolve) => {
    let text = "";
    const pipe = child.stdio[3] as NodeJS.ReadableStream & { unref?(): void };
    pipe.on("data", (chunk) => {
      text += chunk;
    });
    pipe.on("close", () => {
      const line = text.trim();
      resolve(
        line
          ? (JSON.parse(line) as HostAnswer)
          : { ready: false, message: "the host process ended at its start", hint: `Its log is ${join(logs, "host.log")}.` },
      );
    });
    child.on("error", (error) => resolve({ ready: false, message: `the host process could not start: ${error.message}` }));
  });
}
