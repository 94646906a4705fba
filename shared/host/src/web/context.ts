import type { RunRetryPolicy, Storage } from "@kc/runtime/internal";
import type { AlertsSettings } from "../alerts/settings.ts";
import type { Backfills } from "../backfills.ts";
import type { Daemon } from "../daemon/daemon.ts";
import type { Leadership } from "../leader/leadership.ts";
import type { LocationState, Workspace } from "../locations/workspace.ts";
import type { EventLog } from "../log.ts";
import type { LivePartitions } from "../partitions.ts";
import type { RunLauncher } from "../runs/launcher.ts";
import type { Pools } from "../runs/pools.ts";
import type { Rerunner } from "../runs/rerun.ts";
import type { submitter } from "../runs/submit.ts";
import type { SettingView } from "../settings-view.ts";
import type { Connections } from "../standins/connections.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Changes } from "./changes.ts";

/** What the routes answer from. */
export interface WebContext {
  instanceId: string;
  root: string;
  url(): string;
  workspace: Workspace;
  storage: Storage;
  log: EventLog;
  requests: ReturnType<typeof submitter>;
  partitions: LivePartitions;
  backfills: Backfills;
  rerun: Rerunner;
  retries: RunRetryPolicy;
  launcher: RunLauncher;
  daemon: Daemon;
  leadership: Leadership;
  pools: Pools;
  connections: Connections;
  now(): number;
  /**
   * A lease begins; the answer ends it. While one wants the daemon, schedules, sensors and automation decide, and when
   * that one was the last the host ends at once; so it does when the last is ended `now`.
   */
  lease(wants: { daemon: boolean }): (now: boolean) => void;
  /** The host is ending: who comes now must wait for the next one. */
  ending(): boolean;
  leases(): number;
  /** Schedules, sensors and automation decide now: a command that serves wants it. */
  decides(): boolean;
  /** Loads a location of workspace.yaml that this host was started without. */
  addLocation(name: string): Promise<LocationState>;
  alerts: AlertsSettings;
  settings: readonly SettingView[];
  changes: Changes;
  metrics: Metrics;
  workers(): { idle: number; busy: number };
  /** Folder of the built UI. */
  uiFolder: string;
}
