import {
  type CheckRow,
  type CheckStatus,
  type Clock,
  checkPartitionKey,
  checkStatus,
  didYouMean,
  type PartitionRow,
  type PartitionSet,
  type PartitionStatus,
  partitionStatus,
  partitionTexts,
  type Run,
  type Storage,
  subtractSets,
  UserError,
  unionSets,
  type WorkspaceGraph,
  type WorkspacePartitions,
  workspacePartitions,
} from "@kc/runtime/internal";
import type { Workspace } from "./locations/workspace.ts";
import type { EventLog } from "./log.ts";

interface KeysChange {
  add?: readonly string[];
  delete?: readonly string[];
}

/** The partitions of the workspace as they are now. */
export interface LivePartitions {
  /** At this moment: which partitions there are, and how they map. */
  now(): WorkspacePartitions;
  /** Which partitions of an asset have been made, and of which the latest try failed. Reads what is new since the last call. */
  status(key: string): Promise<PartitionStatus>;
  /** Of which partitions of an asset each of its checks passes and fails; empty where the asset has no partitions. */
  checks(key: string): Promise<ReadonlyMap<string, CheckStatus>>;
  /** The same without results from before the latest materialization of their partition. */
  checksSinceMade(key: string): Promise<ReadonlyMap<string, CheckStatus>>;
  /** The partitions that runs are making or are to make, by asset. */
  inProgress(runs: readonly Run[]): Map<string, PartitionSet>;
  /** @throws UserError at a key that is none, and at a name that no asset's partitions have. */
  check(name: string, change: KeysChange): void;
  /**
   * Adds and deletes keys of a dynamic definition.
   * @throws UserError as `check` does.
   */
  change(name: string, change: KeysChange): Promise<{ added: string[]; deleted: string[] }>;
  /** The names of the dynamic definitions that assets use, with their keys. */
  dynamic(): { name: string; keys: readonly string[]; assets: string[] }[];
}

interface Results {
  rows: ReadonlyMap<string, CheckRow>;
  status: ReadonlyMap<string, CheckStatus>;
}

export function livePartitions(
  deps: { workspace: Pick<Workspace, "graph">; storage: Storage; log: EventLog; clock: Clock },
  /** The keys of dynamic definitions as the storage has them. */
  stored: ReadonlyMap<string, readonly string[]> = new Map(),
): LivePartitions {
  const { workspace, storage, log, clock } = deps;
  let dynamic = stored;
  const none: readonly string[] = [];
  const known = new Map<string, { definition: unknown; keys: unknown; after: number; status: PartitionStatus }>();

  const results = new Map<string, { definition: unknown; keys: unknown; after: number } & Results>();

  const reload = async () => {
    dynamic = await storage.dynamicPartitions();
    known.clear();
    results.clear();
  };
  // Another host on the same storage may have changed them: its events come by this log too.
  log.listen((events) => {
    if (events.some((event) => event.type === "dynamic_partitions")) void reload();
    for (const { type, asset } of events)
      if (type === "wiped" && asset) {
        known.delete(asset);
        results.delete(asset);
      }
  });

  const now = (graph: WorkspaceGraph = workspace.graph()) =>
    workspacePartitions(graph, { now: clock.now(), dynamicKeys: (name) => dynamic.get(name) ?? none });

  const live: LivePartitions = {
    now: () => now(),
    async status(key) {
      const space = now().spaceOf(key);
      const before = known.get(key);
      const same = before && before.definition === space.definition && before.keys === dynamic;
      const after = same ? before.after : undefined;
      const newest = await storage.lastEventId();
      const rows = after === newest ? [] : await storage.partitionRows(key, after);
      const status = same ? advance(space, before.status, rows) : partitionStatus(space, rows);
      known.set(key, { definition: space.definition, keys: dynamic, after: newest, status });
      return status;
    },
    async checks(key) {
      const space = now().spaceOf(key);
      if (!space.definition) return new Map();
      const before = results.get(key);
      const same = before && before.definition === space.definition && before.keys === dynamic ? before : undefined;
      const newest = await storage.lastEventId();
      if (same?.after === newest) return same.status;
      const rows = await storage.checkRows(key, same?.after);
      const all = new Map(same?.rows);
      for (const row of rows) all.set(`${row.check}\0${row.partition}`, row);
      const status = same && rows.length === 0 ? same.status : checkStatus(space, [...all.values()]);
      results.set(key, { definition: space.definition, keys: dynamic, after: newest, rows: all, status });
      return status;
    },
    async checksSinceMade(key) {
      const space = now().spaceOf(key);
      if (!space.definition) return new Map();
      return checkStatus(space, await storage.checkRows(key), await storage.partitionRows(key));
    },
    inProgress(runs) {
      const partitions = now();
      const out = new Map<string, PartitionSet>();
      for (const run of runs)
        for (const step of run.plan.steps)
          for (const asset of step.assets) {
            const space = partitions.spaceOf(asset);
            const set = space.definition ? space.read(partitionTexts(step.partition)) : space.all();
            out.set(asset, unionSets(out.get(asset) ?? new Map(), set));
          }
      return out;
    },
    check(name, change) {
      for (const key of [...(change.add ?? []), ...(change.delete ?? [])]) checkPartitionKey(key);
      const names = dynamicNames(workspace.graph());
      if (!names.has(name))
        throw new UserError(`no asset has dynamic partitions "${name}".${didYouMean(name, names.keys())}`, {
          hint:
            names.size > 0 ? `There are ${[...names.keys()].join(", ")}.` : "No asset of the workspace has dynamic partitions.",
        });
    },
    async change(name, change) {
      live.check(name, change);
      const { added, deleted } = await log.changeDynamicPartitions(name, { ...change, at: clock.now() });
      if (added.length > 0 || deleted.length > 0) await reload();
      return { added, deleted };
    },
    dynamic: () =>
      [...dynamicNames(workspace.graph())].map(([name, assets]) => ({ name, assets, keys: dynamic.get(name) ?? none })),
  };
  return live;
}

/**
 * Partitions that somebody names, as they are kept.
 * @throws UserError when the asset has none, or not these.
 */
export function keptPartition(
  graph: WorkspaceGraph,
  partitions: Pick<LivePartitions, "now">,
  key: string,
  partition: string,
): string {
  if (!graph.assets.get(key)?.partitions) throw new UserError(`asset "${key}" has no partitions: "${partition}" cannot be one`);
  const space = partitions.now().spaceOf(key);
  return space.kept(space.parse(partitionTexts(partition))).join(",");
}

function advance(
  space: ReturnType<WorkspacePartitions["spaceOf"]>,
  status: PartitionStatus,
  rows: readonly PartitionRow[],
): PartitionStatus {
  if (rows.length === 0) return status;
  const newestOf = (row: PartitionRow) => Math.max(row.materialized?.eventId ?? 0, row.failedEventId ?? 0);
  let { materialized, failed } = status;
  for (const row of [...rows].sort((a, b) => newestOf(a) - newestOf(b))) {
    const set = space.read([row.partition]);
    if (row.materialized) materialized = unionSets(materialized, set);
    failed = (row.failedEventId ?? 0) > (row.materialized?.eventId ?? 0) ? unionSets(failed, set) : subtractSets(failed, set);
  }
  return { materialized, failed };
}

function dynamicNames(graph: WorkspaceGraph): Map<string, string[]> {
  const names = new Map<string, string[]>();
  for (const node of graph.assets.values()) {
    const { partitions } = node;
    for (const one of partitions?.type === "multi" ? Object.values(partitions.dimensions) : [partitions])
      if (one?.type === "dynamic") names.set(one.name, [...(names.get(one.name) ?? []), node.key]);
  }
  return names;
}
