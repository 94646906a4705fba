import type { RunQueue } from "./run-queue.ts";
import type { Store } from "./store.ts";

/** What every route works with. */
export interface Server {
  store: Store;
  queue: RunQueue;
  accountId: number;
  /** Account-wide secret; a request without it is refused. */
  token: string;
  /** The address clients reach, known once the port is. */
  origin(): string;
  now(): number;
}
