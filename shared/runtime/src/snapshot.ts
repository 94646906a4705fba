import type { BackfillPolicy } from "./asset.ts";
import type { AutomationCondition } from "./automation.ts";
import type { FreshnessSnapshot } from "./freshness-policy.ts";
import type { MetadataValue } from "./metadata.ts";
import type { PartitionsDefinition } from "./partition/definition.ts";
import type { PartitionMapping } from "./partition/mapping.ts";
import type { PoolUse } from "./pool.ts";
import type { MissedTicks } from "./schedule.ts";
import type { FreshnessWatch, RunWatch, SensorKind } from "./sensor.ts";

/** An asset as the workspace knows it: everything but its code. Plain JSON. */
export interface AssetSnapshot {
  key: string;
  /** Name of the step that makes it. */
  step: string;
  deps: string[];
  group: string;
  owners: string[];
  kinds: string[];
  tags: Record<string, string>;
  description?: string;
  metadata: Record<string, MetadataValue>;
  automation?: AutomationCondition;
  freshness?: FreshnessSnapshot;
  codeVersion?: string;
  partitions?: PartitionsDefinition;
  /** Mappings the author chose, by dependency; that of the asset itself is to earlier partitions of its own. */
  mappings?: Record<string, PartitionMapping>;
  backfill?: BackfillPolicy;
  checks: CheckSnapshot[];
  /** Nothing in kc makes it. */
  external: boolean;
  /** False: its step makes all of its assets or none. */
  subset: boolean;
  pool?: PoolUse;
  resources: string[];
  /** JSON Schema of the run config of its step; absent: it takes none. */
  config?: unknown;
  where?: string;
}

export interface CheckSnapshot {
  name: string;
  description?: string;
  blocking: boolean;
  /** It holds back dependants in other runs and locations too. */
  everywhere?: boolean;
  /** `step`: the asset's own step reports it; `code`: it has code of its own. */
  by: "step" | "code";
  /** Numeric metadata of earlier materializations that it looks at. */
  history?: { metadata: string; last: number };
}

export interface JobSnapshot {
  name: string;
  selection: string;
  description?: string;
  tags: Record<string, string>;
  /** JSON Schema of the config that a launch gives; absent: run config by step name. */
  config?: unknown;
  where?: string;
}

export interface ScheduleSnapshot {
  name: string;
  cron: string;
  timezone: string;
  target: string;
  description?: string;
  tags: Record<string, string>;
  defaultStatus: "running" | "stopped";
  /** It has a function of its own that decides at each tick. */
  decides: boolean;
  missed?: MissedTicks;
  partition?: "latest";
  maxTickRetries?: number;
  timeoutMs?: number;
  formerly?: string[];
  where?: string;
}

export interface SensorSnapshot {
  name: string;
  type: SensorKind;
  description?: string;
  intervalMs: number;
  selection: string;
  target?: string;
  /** Tags of the runs that target it. */
  tags?: Record<string, string>;
  defaultStatus: "running" | "stopped";
  timeoutMs?: number;
  formerly?: string[];
  require?: "all" | "any";
  watches?: RunWatch;
  changes?: FreshnessWatch;
  where?: string;
}

export interface ComponentSnapshot {
  type: string;
  description: string;
  /** JSON Schema of its attributes, for editors. */
  schema: unknown;
  /** The defs.yaml files that use it, relative to the location. */
  uses: string[];
}

/** All definitions of one location: what its code server answers. */
export interface LocationSnapshot {
  name: string;
  /** Names it had before: what is remembered of its schedules and sensors moves to this one. */
  formerly?: string[];
  assets: AssetSnapshot[];
  jobs: JobSnapshot[];
  schedules: ScheduleSnapshot[];
  sensors: SensorSnapshot[];
  components: ComponentSnapshot[];
  /** Things worth a warning: undeclared environment variables and the like. */
  warnings: string[];
  /** Variables that its resources say are secrets. */
  secrets?: string[];
}
