import type { StepContext } from "./asset.ts";
import type { CheckSeverity } from "./check.ts";
import { UserError } from "./errors.ts";
import type { Metadata } from "./metadata.ts";
import type { Resources } from "./resource.ts";

/** Whether a schedule or sensor runs before anybody turned it on or off. */
export type DefaultStatus = "running" | "stopped";

/** Asks for one run request. `runKey` makes it happen at most once, for ever. */
export interface RunRequest {
  runKey?: string;
  /** Selection of assets; default: the target of the job, schedule or sensor. */
  selection?: string;
  tags?: Record<string, string>;
  config?: Record<string, unknown>;
  /** Partitions: keys and ranges `first...last`, joined by commas. */
  partition?: string;
}

/** Asks for keys of a dynamic partitions definition to be added or deleted. Keys that are there (or gone) already are left. */
export interface PartitionRequest {
  definition: string;
  add?: string[];
  delete?: string[];
}

/**
 * A materialization, observation or check result that happened elsewhere and is reported to the event log. A materialization
 * of a partitioned asset names its partition; what names nothing that is there fails the tick.
 */
export type ReportedEvent =
  | { type: "materialization" | "observation"; asset: string; partition?: string; metadata?: Metadata }
  | {
      type: "check";
      asset: string;
      partition?: string;
      name: string;
      passed: boolean;
      severity?: CheckSeverity;
      metadata?: Metadata;
      description?: string;
    };

export interface TickContext<R = Resources> extends Pick<StepContext<R>, "resources" | "log" | "signal" | "location" | "env"> {
  /** The instant of the tick: a schedule's own time, a sensor's start. */
  now: Date;
  /** The tick is only looked at: nothing it answers is done. Side effects of its own should wait. */
  dryRun: boolean;
}

/** @throws UserError when it is neither, such as "RUNNING". */
export function checkDefaultStatus(what: string, name: string, status: DefaultStatus = "stopped"): DefaultStatus {
  if (status !== "running" && status !== "stopped")
    throw new UserError(`${what} "${name}": defaultStatus is "${String(status)}"; there are "running" and "stopped"`);
  return status;
}

/** @throws UserError when a name could not stand in an address or a command. */
export function checkName(what: string, name: string): string {
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name)) throw new UserError(`${what} name "${name}" must be letters, digits, "_" and "-"`);
  return name;
}

/** @throws UserError when a former name is none, is named twice, or is the present one. */
export function checkFormerly(what: string, name: string, formerly: readonly string[] = []): readonly string[] {
  for (const [index, former] of formerly.entries()) {
    checkName(`former ${what}`, former);
    if (former === name) throw new UserError(`${what} "${name}": formerly names its present name`);
    if (formerly.indexOf(former) < index) throw new UserError(`${what} "${name}": formerly names "${former}" twice`);
  }
  return formerly;
}
