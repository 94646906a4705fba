/** What a rule of kc.yaml can watch for. */
export const alertEvents = [
  "run_failed",
  "asset_failed",
  "asset_degraded",
  "check_failed",
  "freshness",
  "tick_failed",
  "location_failed",
  "daemon_unhealthy",
  "channel_failed",
] as const;
export type AlertEvent = (typeof alertEvents)[number];

export type AlertSeverity = "warn" | "error";

/** Something that is bad, or good again. The same subject of the same event is one thing. */
export interface AlertSignal {
  event: AlertEvent;
  subject: string;
  good: boolean;
  severity: AlertSeverity;
  /** Milliseconds since the epoch. */
  at: number;
  /** One line: what happened to what. */
  title: string;
  /** The error's text and the like; may have lines. */
  message?: string;
  /** Assets concerned: what a rule's selection is held against, and whose owners are addressed. */
  assets: readonly string[];
  location?: string;
  runId?: string;
  /** Keys and ranges joined by commas, of what has partitions. */
  partition?: string;
  /** The event of the log that says it. */
  eventId?: number;
}

/** A rule of kc.yaml, durations in ms. */
export interface AlertRule {
  name: string;
  on: readonly AlertEvent[];
  /** Asset selection. A rule with one concerns only what has assets. */
  select?: string | undefined;
  locations?: readonly string[] | undefined;
  /** The least severity that counts. */
  severity: AlertSeverity;
  channels: readonly string[];
  owners: boolean;
  recovered: boolean;
  muteUntil?: number | undefined;
  remindEveryMs?: number | undefined;
  rateLimit?: RateLimit | undefined;
}

export interface RateLimit {
  max: number;
  perMs: number;
}

/** An open alert: what a rule has told about a subject. */
export interface AlertState {
  /** `rule|event|subject`. */
  key: string;
  rule: string;
  event: AlertEvent;
  subject: string;
  severity: AlertSeverity;
  title: string;
  message?: string;
  assets: readonly string[];
  location?: string;
  runId?: string;
  partition?: string;
  /** The latest event that said so: what was made after it may mend it. */
  eventId?: number;
  openedAt: number;
  /** Last time it was told, or null: it is muted. */
  toldAt: number | null;
  /** Times it happened since it was opened. */
  count: number;
}

export type AlertKind = "opened" | "worse" | "reminder" | "recovered" | "summary" | "test";

/** Whom a message addresses beside the channel itself. */
export interface Addressees {
  emails: string[];
  slack: string[];
  discord: string[];
  telegram: string[];
}

/** What a channel is told. Documented: plain webhooks get it as it is. */
export interface AlertMessage {
  id: string;
  kind: AlertKind;
  rule: string;
  event: AlertEvent | null;
  subject: string;
  severity: AlertSeverity;
  title: string;
  message: string;
  assets: readonly string[];
  location: string | null;
  run_id: string | null;
  count: number;
  /** ISO 8601 UTC. */
  opened_at: string;
  at: string;
  /** Page of the UI, when kc.yaml says where the UI is reached. */
  url: string | null;
  owners: readonly string[];
  /** Of a summary: the titles it stands for, at most ten. */
  more: readonly string[];
  to: Addressees;
}

export const noAddressees: Addressees = { emails: [], slack: [], discord: [], telegram: [] };
