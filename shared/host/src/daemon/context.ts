import type { Clock, MissedTicks, Storage } from "@kc/runtime/internal";
import type { Workspace } from "../locations/workspace.ts";
import type { EventLog } from "../log.ts";
import type { LivePartitions } from "../partitions.ts";
import type { submitter } from "../runs/submit.ts";

/** `ticks` of kc.yaml: what holds for schedules and sensors that say nothing else. */
export interface TickSettings {
  timeoutMs: number;
  missed: MissedTicks;
  /** The same for schedules that make partitions. */
  missedPartitioned: MissedTicks;
  maxRetries: number;
  /** A tick that asks for more runs than this fails. */
  maxRuns: number;
}

export const defaultTickSettings: TickSettings = {
  timeoutMs: 180_000,
  missed: "latest",
  missedPartitioned: { catchUp: 5 },
  maxRetries: 0,
  maxRuns: 1_000,
};

/** `automation` of kc.yaml. */
export interface AutomationSettings {
  /** Requests of one asset within a minute without any news from upstream; more stop it. */
  maxRequestsPerMinute: number;
}

export const defaultAutomationSettings: AutomationSettings = { maxRequestsPerMinute: 20 };

/** What every loop of the daemon works with. */
export interface DaemonContext {
  workspace: Workspace;
  storage: Storage;
  log: EventLog;
  clock: Clock;
  requests: ReturnType<typeof submitter>;
  ticks: TickSettings;
  automation: AutomationSettings;
  partitions: LivePartitions;
  /** Tells the host's own log. */
  report(line: string): void;
}
