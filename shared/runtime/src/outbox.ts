import type { AlertState } from "./alert.ts";

/** A message on its way out: stored before it is sent, so that a kill in between loses none. */
export interface Delivery {
  /** Names the message and the channel for ever: what is decided twice is stored once. */
  id: string;
  /** Alerts go to channels, run events to OpenLineage. */
  kind: "alert" | "lineage";
  channel: string;
  /** JSON: an `AlertMessage`, or a run event. Holds no secret. */
  body: string;
  status: "pending" | "sent" | "failed";
  attempts: number;
  /** Milliseconds since the epoch, as all instants here. */
  createdAt: number;
  /** Earliest instant of the next attempt. */
  nextAt: number;
  endedAt: number | null;
  /** What the service said at the last attempt, without any secret. */
  answer: string | null;
}

export type NewDelivery = Pick<Delivery, "id" | "kind" | "channel" | "body" | "createdAt">;

export interface ListDeliveriesParams {
  kind?: Delivery["kind"];
  channel?: string;
  statuses?: readonly Delivery["status"][];
  /** Only those whose next attempt is due at the instant. */
  dueAt?: number;
  /** Default 100. */
  limit?: number;
  /** By creation. Default "oldest". */
  order?: "oldest" | "newest";
}

export interface OutboxChange {
  deliveries?: readonly NewDelivery[];
  /** Alerts as they stand now, by key. */
  alerts?: readonly AlertState[];
  /** Keys of alerts that are over. */
  closed?: readonly string[];
  /** Positions and the like, stored with the rest. */
  values?: Readonly<Record<string, string>>;
}

/** Part of the storage contract: what is open, and what has to be told to whom. */
export interface OutboxStorage {
  /** Stores all of a decision or nothing. A delivery whose id exists is left as it is. */
  decide(change: OutboxChange): Promise<void>;
  /** Open alerts by key. */
  alerts(): Promise<Map<string, AlertState>>;
  listDeliveries(params?: ListDeliveriesParams): Promise<Delivery[]>;
  updateDelivery(
    id: string,
    change: Partial<Pick<Delivery, "status" | "attempts" | "nextAt" | "endedAt" | "answer">>,
  ): Promise<void>;
  /** Deletes deliveries that ended before the instant (ms); answers how many. */
  pruneDeliveries(before: number): Promise<number>;
}
