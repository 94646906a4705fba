import type { LogLevel } from "./event.ts";

// Schedules and sensors as they are stored. Instants are milliseconds since the epoch.

export type InstigatorType = "schedule" | "sensor";

/** What is remembered of a schedule or sensor. Kept by location and name; survives a location that fails to load. */
export interface InstigatorState {
  location: string;
  name: string;
  type: InstigatorType;
  /** Null: never turned on or off by a person, so its definition decides. */
  status: "running" | "stopped" | null;
  /** Of a sensor what its function gave; of a schedule the cron and time zone that its ticks were last handled by. */
  cursor: string | null;
  /** Start of the last tick; for a schedule the tick's own time. */
  lastTickAt: number | null;
  /** Ticks before this instant do not count: when a schedule was turned on, or first seen. */
  since: number | null;
  /** Since when its location loads without it; null while it is there. */
  goneAt: number | null;
}

export type TickStatus = "started" | "success" | "skipped" | "failed";

export interface TickLog {
  level: LogLevel;
  message: string;
}

export interface Tick {
  id: number;
  location: string;
  name: string;
  type: InstigatorType;
  status: TickStatus;
  /** A schedule's own time, a sensor's start. */
  at: number;
  /** When it really began: its lateness is the difference to `at`. Null in ticks of older versions. */
  startedAt: number | null;
  endedAt: number | null;
  /** A person asked for it: it moves no clock. */
  manual: boolean;
  /** How often it has failed so far while it is tried again. */
  attempts: number;
  /** While `started`: not before this instant it is tried again. */
  retryAt: number | null;
  requestIds: string[];
  skip: string | null;
  error: string | null;
  logs: TickLog[];
}

export interface ListTicksParams {
  location?: string;
  name?: string;
  type?: InstigatorType;
  status?: TickStatus;
  before?: number;
  /** Default 50. */
  limit?: number;
}

export type InstigatorName = Pick<InstigatorState, "location" | "name">;

export interface InstigatorStorage {
  instigators(): Promise<InstigatorState[]>;
  setInstigator(state: Pick<InstigatorState, "location" | "name" | "type"> & Partial<InstigatorState>): Promise<void>;
  /** Moves state, ticks and run keys of a schedule or sensor to another name; what was there before goes. */
  renameInstigator(from: InstigatorName, to: InstigatorName): Promise<void>;
  /** Deletes what is remembered of it; its ticks and run keys stay. */
  forgetInstigator(name: InstigatorName): Promise<void>;
  /** Stores that a tick begins and, unless it is `manual`, that it was the last one. */
  startTick(tick: Pick<Tick, "location" | "name" | "type" | "at"> & Partial<Pick<Tick, "startedAt" | "manual">>): Promise<Tick>;
  /** Keeps a tick that failed open: it is tried again. */
  retryTick(id: number, change: Pick<Tick, "attempts" | "retryAt" | "error">): Promise<void>;
  /** The cursor is kept unless the tick failed; with `moveCursor` also then. */
  endTick(
    id: number,
    end: Pick<Tick, "status" | "endedAt"> &
      Partial<Pick<Tick, "requestIds" | "skip" | "error" | "logs">> & { moveCursor?: boolean },
    cursor?: string,
  ): Promise<void>;
  listTicks(params?: ListTicksParams): Promise<Tick[]>;
}
