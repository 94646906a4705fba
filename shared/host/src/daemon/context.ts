import type { Clock, Storage } from "@kc/runtime/internal";
import type { Workspace } from "../locations/workspace.ts";
import type { EventLog } from "../log.ts";
import type { submitter } from "../runs/submit.ts";

/** What every loop of the daemon works with. */
export interface DaemonContext {
  workspace: Workspace;
  storage: Storage;
  log: EventLog;
  clock: Clock;
  requests: ReturnType<typeof submitter>;
  tickTimeoutMs: number;
  /** Tells the host's own log. */
  report(line: string): void;
}
