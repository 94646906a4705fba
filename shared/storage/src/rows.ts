import type { InstigatorState, NewEvent, NewRun, Run, StoredEvent, Tick } from "@kc/runtime/internal";
import type { Insertable, Selectable } from "kysely";
import type { Tables } from "./tables.ts";

type Row<T extends keyof Tables> = Selectable<Tables[T]>;

export function runToRow(run: NewRun, position: number): Insertable<Tables["runs"]> {
  return {
    id: run.id,
    request_id: run.requestId,
    location: run.location,
    status: "queued",
    plan: JSON.stringify(run.plan),
    needs: JSON.stringify(run.needs),
    tags: JSON.stringify(run.tags),
    config: JSON.stringify(run.config),
    partition: run.partition,
    run_key: run.runKey,
    connections: "{}",
    created_at: run.createdAt,
    started_at: null,
    ended_at: null,
    reason: null,
    position,
  };
}

export function rowToRun(row: Row<"runs">): Run {
  return {
    id: row.id,
    requestId: row.request_id,
    location: row.location,
    status: row.status as Run["status"],
    plan: JSON.parse(row.plan),
    needs: JSON.parse(row.needs),
    tags: JSON.parse(row.tags),
    config: JSON.parse(row.config),
    partition: row.partition,
    runKey: row.run_key,
    connections: JSON.parse(row.connections),
    createdAt: row.created_at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    reason: row.reason,
  };
}

export function eventToRow(event: NewEvent): Insertable<Tables["events"]> {
  const { type, at, runId, seq, step, asset, ...body } = event;
  return {
    type,
    at,
    run_id: runId ?? null,
    seq: seq ?? null,
    step: step ?? null,
    asset: asset ?? null,
    body: JSON.stringify(body),
  };
}

export function rowToEvent(row: Row<"events">): StoredEvent {
  return {
    id: row.id,
    type: row.type as StoredEvent["type"],
    at: row.at,
    ...(row.run_id === null ? {} : { runId: row.run_id }),
    ...(row.seq === null ? {} : { seq: row.seq }),
    ...(row.step === null ? {} : { step: row.step }),
    ...(row.asset === null ? {} : { asset: row.asset }),
    ...JSON.parse(row.body),
  };
}

export function rowToInstigator(row: Row<"instigators">): InstigatorState {
  return {
    location: row.location,
    name: row.name,
    type: row.type as InstigatorState["type"],
    status: row.status as InstigatorState["status"],
    cursor: row.cursor,
    lastTickAt: row.last_tick_at,
    since: row.since,
    goneAt: row.gone_at,
  };
}

export function rowToTick(row: Row<"ticks">): Tick {
  return {
    id: row.id,
    location: row.location,
    name: row.name,
    type: row.type as Tick["type"],
    status: row.status as Tick["status"],
    at: row.at,
    startedAt: row.started_at,
    endedAt: row.ended_at,
    manual: row.manual === 1,
    attempts: row.attempts,
    retryAt: row.retry_at,
    requestIds: JSON.parse(row.request_ids),
    skip: row.skip,
    error: row.error,
    logs: JSON.parse(row.logs),
  };
}
