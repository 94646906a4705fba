import type {
  AlertState,
  AssetState,
  Backfill,
  CheckRow,
  Delivery,
  InstigatorState,
  PartitionRow,
  Run,
  StoredEvaluation,
  StoredEvent,
  Tick,
} from "@kc/runtime/internal";

/** Everything that a storage in memory keeps. */
export interface Memory {
  /** In the order they were created. */
  runs: Map<string, Run>;
  /** Ids of runs that have not ended. */
  open: Set<string>;
  runsOfRequest: Map<string, string[]>;
  runOfKey: Map<string, string>;
  spentKeys: Set<string>;
  /** By id, growing. */
  events: StoredEvent[];
  lastEventId: number;
  eventsOfRun: Map<string, StoredEvent[]>;
  ofRun(id: string): StoredEvent[];
  /** Numbers of stored events by run. */
  seqs: Map<string, Set<number>>;
  assets: Map<string, AssetState>;
  partitions: Map<string, Map<string, { row: PartitionRow; changed: number }>>;
  /** By asset, then by check and partition. */
  checks: Map<string, Map<string, CheckRow>>;
  dynamic: Map<string, Set<string>>;
  instigators: Map<string, InstigatorState>;
  /** In the order of their ids. */
  ticks: Map<number, Tick>;
  /** Ids of ticks that have not ended. */
  openTicks: Set<number>;
  lastTickId: number;
  values: Map<string, string>;
  alerts: Map<string, AlertState>;
  deliveries: Map<string, Delivery>;
  backfills: Map<string, Backfill>;
  /** By asset, oldest first. */
  evaluations: Map<string, StoredEvaluation[]>;
}

export function newMemory(): Memory {
  const eventsOfRun = new Map<string, StoredEvent[]>();
  return {
    runs: new Map(),
    open: new Set(),
    runsOfRequest: new Map(),
    runOfKey: new Map(),
    spentKeys: new Set(),
    events: [],
    lastEventId: 0,
    eventsOfRun,
    ofRun(id) {
      let list = eventsOfRun.get(id);
      if (!list) {
        list = [];
        eventsOfRun.set(id, list);
      }
      return list;
    },
    seqs: new Map(),
    assets: new Map(),
    partitions: new Map(),
    checks: new Map(),
    dynamic: new Map(),
    instigators: new Map(),
    ticks: new Map(),
    openTicks: new Set(),
    lastTickId: 0,
    values: new Map(),
    alerts: new Map(),
    deliveries: new Map(),
    backfills: new Map(),
    evaluations: new Map(),
  };
}
