import type { Generated } from "kysely";

/** The tables as SQL has them: instants in ms, JSON as text. */
export interface Tables {
  runs: {
    id: string;
    request_id: string;
    location: string;
    status: string;
    plan: string;
    needs: string;
    tags: string;
    config: string;
    partition: string | null;
    run_key: string | null;
    connections: string;
    created_at: number;
    started_at: number | null;
    ended_at: number | null;
    reason: string | null;
    position: number;
  };
  run_assets: { run_id: string; asset: string };
  events: {
    id: Generated<number>;
    type: string;
    at: number;
    run_id: string | null;
    seq: number | null;
    step: string | null;
    asset: string | null;
    body: string;
  };
  assets: { key: string; state: string };
  instigators: {
    location: string;
    name: string;
    type: string;
    status: string | null;
    cursor: string | null;
    last_tick_at: number | null;
    since: number | null;
    gone_at: number | null;
  };
  ticks: {
    id: Generated<number>;
    location: string;
    name: string;
    type: string;
    status: string;
    at: number;
    started_at: number | null;
    ended_at: number | null;
    manual: Generated<number>;
    attempts: Generated<number>;
    retry_at: number | null;
    request_ids: string;
    skip: string | null;
    error: string | null;
    logs: Generated<string>;
  };
  spent_run_keys: { run_key: string };
  asset_partitions: {
    asset: string;
    partition: string;
    event_id: number | null;
    at: number | null;
    run_id: string | null;
    failed_event_id: number | null;
    failed_run_id: string | null;
    wiped_event_id: number | null;
    changed: number;
  };
  partition_checks: {
    asset: string;
    name: string;
    partition: string;
    event_id: number;
    at: number;
    run_id: string | null;
    passed: number;
    severity: string;
    description: string | null;
  };
  backfills: { id: string; status: string; created_at: number; body: string };
  evaluations: { id: Generated<number>; asset: string; at: number; request_id: string | null; body: string };
  dynamic_partitions: { name: string; key: string; position: number };
  leases: { name: string; holder: string; term: number; beat: number; released: number };
  entries: { name: string; value: string };
  alerts: { key: string; body: string };
  deliveries: {
    id: string;
    position: number;
    kind: string;
    channel: string;
    body: string;
    status: string;
    attempts: number;
    created_at: number;
    next_at: number;
    ended_at: number | null;
    answer: string | null;
  };
}
