import type { AssetsDefinition } from "../src/asset.ts";
import type { AssetCheckDefinition } from "../src/check.ts";
import type { Clock } from "../src/clock.ts";
import { executeRun } from "../src/execute/run.ts";
import type { RunInput, StepEvent } from "../src/execute/step-context.ts";
import { buildGraph, type WorkspaceGraph } from "../src/graph.ts";
import { assembleLocation } from "../src/load/assemble.ts";
import { defineLocation } from "../src/location.ts";
import { assignPartitions } from "../src/partition/assign.ts";
import { partitionTexts } from "../src/partition/status.ts";
import { workspacePartitions } from "../src/partition/workspace-partitions.ts";
import { planRuns } from "../src/plan.ts";
import { planChecks } from "../src/plan-checks.ts";
import type { AssetSnapshot, LocationSnapshot } from "../src/snapshot.ts";

// Builders of small workspaces for the tests of this package.

export function assetNamed(key: string, deps: string[] = [], more: Partial<AssetSnapshot> = {}): AssetSnapshot {
  return {
    key,
    step: key,
    deps,
    group: "default",
    owners: [],
    kinds: [],
    tags: {},
    metadata: {},
    checks: [],
    external: false,
    subset: true,
    resources: [],
    ...more,
  };
}

export function locationOf(name: string, assets: AssetSnapshot[]): LocationSnapshot {
  return { name, assets, jobs: [], schedules: [], sensors: [], components: [], warnings: [] };
}

/** A graph from lines such as `b <- a, x`, by location; `more` adds to single assets. */
export function graphOf(
  locations: Record<string, readonly string[]>,
  more: Record<string, Partial<AssetSnapshot>> = {},
): WorkspaceGraph {
  const snapshots = Object.entries(locations).map(([name, lines]) =>
    locationOf(
      name,
      lines.map((line) => {
        const [key, deps] = line.split("<-").map((part) => part.trim()) as [string, string | undefined];
        return assetNamed(key, deps ? deps.split(",").map((dep) => dep.trim()) : [], more[key]);
      }),
    ),
  );
  return buildGraph(snapshots).graph;
}

/** A clock on which every sleep is over at once; what was slept is kept. */
export function skippingClock(start = 0): Clock & { slept: number[] } {
  let now = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    async sleep(ms) {
      slept.push(ms);
      now += ms;
    },
  };
}

export interface RunParams {
  assets: readonly AssetsDefinition[];
  checks?: readonly AssetCheckDefinition[];
  /** Default: all that are not external. */
  select?: readonly string[];
  env?: Record<string, string | undefined>;
  config?: Record<string, unknown>;
  clock?: Clock;
  signal?: AbortSignal;
  maxConcurrentSteps?: number;
  /** Only these checks run, as `key:name`; nothing is made. */
  only?: readonly string[];
  input?: Partial<RunInput>;
  /** Partitions that the partitioned assets make. */
  partition?: string;
  onEvent?(event: StepEvent): void;
}

/** Plans and executes assets of one location; answers the outcome and every event in order. */
export async function runAssets(params: RunParams) {
  const location = assembleLocation(defineLocation({ name: "team", assets: params.assets, checks: params.checks ?? [] }));
  const { graph } = buildGraph([location.snapshot]);
  const keys = graph.order.filter((key) => !params.select || params.select.includes(key));
  const partitions = workspacePartitions(graph, { now: Date.parse("2026-02-01T00:00:00Z"), dynamicKeys: () => [] });
  const asked = partitionTexts(params.partition);
  const {
    runs: [plan],
  } = params.only
    ? planChecks(graph, [], params.only, { of: partitions, asked })
    : assignPartitions(graph, partitions, planRuns(graph, keys), asked);
  const events: StepEvent[] = [];
  const outcome = await executeRun({
    plan: plan!,
    input: {
      ...{ runId: "run", requestId: "request", tags: {}, config: params.config ?? {}, partition: null, upstream: {} },
      ...params.input,
    },
    location,
    environment: {
      env: params.env ?? {},
      location: { name: "team", projectRoot: "/team", workspaceRoot: "/", stateDir: "/state" },
    },
    emit: (event) => {
      events.push(event);
      params.onEvent?.(event);
    },
    clock: params.clock ?? skippingClock(),
    signal: params.signal ?? new AbortController().signal,
    ...(params.maxConcurrentSteps ? { maxConcurrentSteps: params.maxConcurrentSteps } : {}),
  });
  const of = (type: StepEvent["type"]) => events.filter((event) => event.type === type);
  return { outcome, events, of, materialized: of("materialization").map((event) => event.asset) };
}

/** Lets everything that is ready run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
