import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { isEnd, type Storage } from "@kc/runtime/internal";
import type { ApiClient } from "../client/client.ts";
import { type JoinedHost, joinHost } from "../join.ts";
import { codeProcesses, commandOf, signal, suiteProcesses, suiteVariable } from "./processes.ts";
import { type Random, randomOf } from "./random.ts";
import { type Known, problemsOf } from "./verify.ts";
import { selections } from "./workload.ts";

export interface FaultOptions {
  /** A workspace of `faultLocations` with `faultSettings`. */
  root: string;
  home: string;
  seed: number;
  seconds: number;
  env: Readonly<Record<string, string | undefined>>;
  /** Opens the storage of the instance, once its host has ended. */
  open(): Promise<Storage>;
  /** Hosts that share the storage, each with a home of its own; default 1, and an SQLite file serves no more. */
  hosts?: number;
  /** What can befall the storage, where it is a server. */
  database?: DatabaseFaults;
}

export interface DatabaseFaults {
  /** Ends the connections of all hosts. */
  cut(): Promise<void>;
  /** Stops the server, without a word to anybody, and starts it again after so long (ms). */
  restart(awayMs: number): Promise<void>;
}

export interface FaultReport {
  seed: number;
  /** What was done, in order, with milliseconds since the start. */
  actions: string[];
  problems: string[];
  counts: Record<string, number>;
}

type Member = JoinedHost & { pid: number };

/** How long (ms) everything may take to come to rest after the last fault. */
const quietMs = 90_000;

/**
 * Works a throw-away instance at random, kills its processes at random, lets it come to rest, and holds what it then has
 * against what it acknowledged, what its events say and what its steps did. A seed repeats what is done; when it hits is up
 * to the machine.
 */
export async function runFaults(options: FaultOptions): Promise<FaultReport> {
  const id = randomUUID();
  const random = randomOf(options.seed);
  const output = join(options.home, "output");
  mkdirSync(output, { recursive: true });
  const actions: string[] = [];
  const counts: Record<string, number> = {};
  const began = Date.now();
  const act = (kind: string, more = "") => {
    counts[kind] = (counts[kind] ?? 0) + 1;
    actions.push(`${Date.now() - began} ${kind} ${more}`.trim());
  };
  const known = { runs: [] as string[], backfills: [] as string[], reported: [] as number[] };
  const start = async (place: number): Promise<Member> => {
    const host = await joinHost({
      root: options.root,
      home: place === 0 ? options.home : join(options.home, `host-${place}`),
      port: 0,
      watch: false,
      writeKeys: false,
      lingerMs: 60_000,
      daemon: true,
      env: { ...options.env, OUTPUT_DIR: output, [suiteVariable]: id },
    });
    await host.api.settled();
    return { ...host, pid: (await host.api.health()).pid };
  };
  const problems: string[] = [];
  const hosts: Member[] = [];
  try {
    for (let place = 0; place < (options.hosts ?? 1); place++) hosts.push(await start(place));
    const end = began + options.seconds * 1_000;
    while (Date.now() < end) {
      await wait(50 + random.below(400));
      const place = random.below(hosts.length);
      const host = hosts[place]!;
      if (random.next() < 0.6) await work(host.api, random, known, act);
      else if ((await fault(host.pid, random, act, options.database)) === "restart") hosts[place] = await start(place);
    }
    act("quiet");
    problems.push(...(await rest(hosts.map((host) => host.api))));
  } catch (error) {
    problems.push(`the suite broke off: ${(error as Error).stack}`);
  } finally {
    for (const host of hosts) {
      host.leave();
      signal(host.pid, "SIGTERM");
    }
    for (let at = 0; at < 150 && suiteProcesses(id).length > 0; at++) await wait(100);
    for (const pid of suiteProcesses(id)) {
      problems.push(`process ${pid} is left behind: ${commandOf(pid)}`);
      signal(pid, "SIGKILL");
    }
  }
  const file = join(output, "marks.txt");
  const marks: Known["marks"] = existsSync(file) ? readFileSync(file, "utf8").split("\n") : [];
  const storage = await options.open();
  try {
    problems.push(...(await problemsOf(storage, { ...known, marks })));
    counts.runs = (await storage.listRuns({ limit: 1_000_000 })).length;
    counts.events = await storage.lastEventId();
  } finally {
    await storage.close();
  }
  return { seed: options.seed, actions, problems, counts };
}

/** Asks for something; what is acknowledged must be there in the end. A host that is away may refuse. */
async function work(
  api: ApiClient,
  random: Random,
  known: { runs: string[]; backfills: string[]; reported: number[] },
  act: (kind: string, more?: string) => void,
): Promise<void> {
  const what = random.next();
  try {
    if (what < 0.7) {
      const selection = random.pick(selections);
      act("submit", selection);
      known.runs.push(...(await api.submit({ selection })).runs.map((run) => run.id));
    } else if (what < 0.8) {
      act("backfill");
      known.backfills.push((await api.startBackfill({ selection: "one/day", maxRuns: 3 })).id);
    } else if (what < 0.9) {
      act("report");
      known.reported.push((await api.report({ type: "observation", asset: "one/a", metadata: {} } as never)).id);
    } else {
      const going = (await api.runs({ limit: 20 })).filter((run) => !isEnd(run.status));
      if (going.length === 0) return;
      const { id } = random.pick(going);
      act("cancel", id);
      await api.cancel(id);
    }
  } catch (error) {
    act("refused", (error as Error).message.slice(0, 200));
  }
}

async function fault(
  host: number,
  random: Random,
  act: (kind: string, more?: string) => void,
  database: DatabaseFaults | undefined,
): Promise<"restart" | undefined> {
  const what = random.next();
  const codes = codeProcesses(host);
  if (what < 0.2) {
    act("kill host");
    signal(host, "SIGKILL");
    return "restart";
  }
  if (what < 0.35) {
    const ms = 200 + random.below(4_500);
    act("pause host", `${ms} ms`);
    signal(host, "SIGSTOP");
    await wait(ms);
    signal(host, "SIGCONT");
  } else if (what < 0.85 && codes.length > 0) {
    const pid = random.pick(codes);
    if (random.next() < 0.75) {
      act("kill code", String(pid));
      signal(pid, "SIGKILL");
    } else {
      const ms = 100 + random.below(1_500);
      act("pause code", `${pid} ${ms} ms`);
      signal(pid, "SIGSTOP");
      setTimeout(() => signal(pid, "SIGCONT"), ms);
    }
  } else if (database && random.next() < 0.5) {
    act("cut database");
    await database.cut();
  } else if (database) {
    const ms = random.below(2_000);
    act("restart database", `${ms} ms`);
    await database.restart(ms);
  }
  return undefined;
}

/** Turns everything off that makes runs by itself and waits for what goes on. Answers what does not end. */
async function rest(apis: readonly ApiClient[]): Promise<string[]> {
  const until = Date.now() + quietMs;
  for (;;) {
    const open: string[] = [];
    try {
      const api = await leading(apis);
      await api.turn("schedules", "one", "each_second", false);
      for (const sensor of ["counts", "exits"]) await api.turn("sensors", "one", sensor, false);
      for (const tick of await api.ticks({ limit: 1_000 }))
        if (tick.status === "started") open.push(`tick ${tick.name} at ${tick.at}`);
      for (const run of await api.runs({ limit: 1_000 }))
        if (!isEnd(run.status)) open.push(`run ${run.id} (${run.assets.join(", ")}) is ${run.status}`);
      for (const one of await api.backfills())
        if (!/succeeded|failed|cancelled/.test(one.status)) open.push(`backfill ${one.id} is ${one.status}`);
      if (open.length === 0) {
        await wait(2_500);
        const again = (await api.runs({ limit: 100 })).some((run) => !isEnd(run.status));
        const leaks = (await api.pools())
          .filter((pool) => pool.taken > 0)
          .map((pool) => `pool ${pool.name} still has ${pool.taken} slots taken`);
        if (!again) return leaks;
      }
    } catch (error) {
      open.push(`the API does not answer: ${(error as Error).message}`);
    }
    if (Date.now() > until) return open.map((one) => `after ${quietMs / 1_000} s of quiet ${one}`);
    await wait(200);
  }
}

/** The host that leads: it alone knows who holds slots. */
async function leading(apis: readonly ApiClient[]): Promise<ApiClient> {
  if (apis.length === 1) return apis[0]!;
  for (const api of apis) if ((await api.health()).leader?.leads) return api;
  throw new Error("no host leads");
}
