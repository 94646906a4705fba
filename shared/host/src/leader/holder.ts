import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A host as it says who it is in the lease. Holds no secret: every host on the storage reads it. */
export interface Holder {
  /** The instance's id, new with every start. */
  id: string;
  host: string;
  pid: number;
  url: string;
  /** Since when it leads (ms). */
  since: number;
  /** The same for processes that see each other's process ids. */
  machine: string;
  /** Where the events of its workers lie that were not stored yet. */
  spool: string;
}

/** What tells apart machines, and containers of one machine: their process ids say nothing to each other. */
export function thisMachine(): string {
  try {
    return `${readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim()} ${readlinkSync("/proc/self/ns/pid")}`;
  } catch {
    return hostname();
  }
}

export function readHolder(text: string): Holder | undefined {
  try {
    return JSON.parse(text) as Holder;
  } catch {
    // Of a kc that writes it otherwise: it is somebody, nothing more is known.
    return undefined;
  }
}

/** Whether a host of this machine has ended for certain. One that is only stopped, or stands elsewhere, has not. */
export function hasEnded(holder: Holder | undefined, machine = thisMachine()): boolean {
  if (holder?.machine !== machine) return false;
  try {
    process.kill(holder.pid, 0);
    return /^\d+ \(.*\) [ZX]/s.test(readStat(holder.pid));
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ESRCH";
  }
}

function readStat(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, "latin1");
  } catch {
    return "";
  }
}
