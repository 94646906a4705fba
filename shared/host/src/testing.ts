import { cpSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { connections } from "@kc/connections";
import type { ApiClient } from "./client/client.ts";
import { followRuns } from "./client/follow.ts";
import type { Run, RunEvent, RunRequest, Submitted } from "./client/types.ts";
import { joinHost } from "./join.ts";

/** A throw-away platform for a test: a temporary home, stand-ins of its own, free ports. */
export interface TestInstance {
  api: ApiClient;
  url: string;
  /** Temporary folder of the instance's state. */
  home: string;
  /** Copy of the repository's data files that the test may change. */
  data: string;
  output: string;
  /** Requests assets and waits for all runs to end. */
  materialize(selection: string, request?: Omit<RunRequest, "selection">): Promise<{ runs: Run[]; events: RunEvent[] }>;
  /**
   * Makes all assets of a selection and waits for all runs to end: of those with partitions the latest one, of partitions
   * that are no time every key.
   */
  materializeLatest(selection: string): Promise<{ runs: Run[] }>;
  /** Waits for the runs of a request to end. */
  finish(submitted: Submitted): Promise<{ runs: Run[]; events: RunEvent[] }>;
  stop(): Promise<void>;
}

export interface TestInstanceOptions {
  /** Only these locations. */
  only?: string[];
  env?: Record<string, string>;
  /** Schedules, sensors and automation decide. Default false. */
  daemon?: boolean;
  /** Default: the repository this package stands in. */
  root?: string;
  /** Keep this home after `stop`, to start again on it. */
  home?: string;
  /** Reload locations when their files change. Default false. */
  watch?: boolean;
  /** Default: any free port. */
  port?: number;
}

/** Starts a platform as `kc` would, apart from everything on this machine; connections of the machine's environment do not count. */
export async function testInstance(options: TestInstanceOptions = {}): Promise<TestInstance> {
  const root = options.root ?? resolve(import.meta.dirname, "..", "..", "..");
  const home = options.home ?? mkdtempSync(join(tmpdir(), "kc-test-"));
  const data = join(home, "data");
  const output = join(home, "output");
  mkdirSync(data, { recursive: true });
  cpSync(join(root, "data"), data, { recursive: true, force: false });
  const unset = Object.fromEntries(connections.flatMap((one) => one.variables.map((variable) => [variable.name, undefined])));
  const host = await joinHost({
    root,
    home,
    ...(options.only ? { only: options.only } : {}),
    port: options.port ?? 0,
    watch: options.watch ?? false,
    writeKeys: false,
    lingerMs: 0,
    daemon: options.daemon ?? false,
    env: { ...unset, CSV_DATA_PATH: data, OUTPUT_DIR: output, KC_STANDINS: undefined, ...options.env },
  });
  const { api } = host;
  await api.settled();
  const finish = async (submitted: Submitted) => {
    const events: RunEvent[] = [];
    for await (const event of followRuns(api, submitted, new Map())) events.push(event);
    return { runs: await api.runs({ requestId: submitted.requestId }), events };
  };
  return {
    api,
    url: host.url,
    home,
    data,
    output,
    finish,
    materialize: async (selection, request = {}) => finish(await api.submit({ ...request, selection })),
    async materializeLatest(selection) {
      if (!(await api.assets(selection)).some((asset) => asset.partitions))
        return { runs: (await finish(await api.submit({ selection }))).runs };
      const { id } = await api.startBackfill({ selection, scope: "latest" });
      await backfillEnd(api, id);
      return { runs: await api.runs({ tag: `kc/backfill=${id}`, limit: 1_000 }) };
    },
    async stop() {
      host.leave();
      await host.gone();
      if (!options.home) rmSync(home, { recursive: true, force: true });
    },
  };
}

/** Resolves when a backfill has ended. */
async function backfillEnd(api: ApiClient, id: string): Promise<void> {
  const abort = new AbortController();
  const ended = async () => ["succeeded", "failed", "cancelled"].includes((await api.backfill(id)).status);
  // The events that were stored before are told too: it may have ended before they are followed.
  for await (const event of api.events({ after: 0 }, abort.signal))
    if (event.type === "backfill" && (event.fields as { id?: string } | undefined)?.id === id && (await ended())) break;
  abort.abort();
}

export { loadSnapshots } from "./simulate/load-snapshots.ts";
export type { InstanceState } from "./simulate/seed.ts";
export { simulationSettings } from "./simulate/settings.ts";
export { type SimulatedPlatform, type SimulateOptions, type Simulation, simulate } from "./simulate/simulate.ts";
export type { SimulatedLocation } from "./simulate/simulated-locations.ts";
