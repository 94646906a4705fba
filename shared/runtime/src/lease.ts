import type { Storage } from "./storage.ts";

/**
 * Who leads of the hosts on one storage. There is no clock in it: whoever has seen a lease unchanged for long enough, by a
 * clock of its own, may take it, so hosts whose clocks differ or jump agree all the same.
 */
export interface Lease {
  name: string;
  /** Whoever has it says here who it is: JSON of the host. */
  holder: string;
  /** Grows with every taking: writes that carry an older one are refused. */
  term: number;
  /** Grows with every renewal. */
  beat: number;
  /** Given up by its holder: anybody may take it at once. */
  released: boolean;
}

/** Part of the storage contract: leases, and writes that count only while one is held. */
export interface LeaseStorage {
  lease(name: string): Promise<Lease | null>;
  /**
   * Takes a lease that nobody has, that was given up, or that stands exactly as it was `seen`. Null when it has moved since.
   */
  takeLease(name: string, holder: string, seen: Pick<Lease, "term" | "beat"> | null): Promise<Lease | null>;
  /** Says that the holder lives. False when another has taken the lease since. */
  renewLease(name: string, term: number): Promise<boolean>;
  /** Gives it up; nothing when another has it. */
  releaseLease(name: string, term: number): Promise<void>;
  /** The same storage, every write of which fails with `LeaseLost` once the lease has another term; checked in the write's own transaction. */
  fenced(name: string, term: number): Storage;
  /** Calls back after another process has written, at least once for any number of writes. Undefined: no other process can write. */
  changes(listener: () => void): (() => Promise<void>) | undefined;
}

/** A write was refused because another host leads by now. */
export class LeaseLost extends Error {
  override name = "LeaseLost";
  constructor(name: string, term: number) {
    super(`this host no longer holds the lease "${name}" (its term was ${term}): another host leads`);
  }
}
