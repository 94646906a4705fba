/** Numbers of a run's status. */
export const runStatus = { queued: 1, starting: 2, running: 3, success: 10, error: 20, cancelled: 30 } as const;

/** A run of dbt Cloud, the fields that are read here. */
export interface CloudRun {
  id: number;
  job_definition_id: number;
  project_id: number;
  environment_id: number;
  status: number;
  status_humanized?: string;
  status_message?: string | null;
  href?: string | null;
  created_at?: string | null;
  started_at?: string | null;
  finished_at?: string | null;
  artifacts_saved?: boolean;
  trigger?: { cause?: string | null } | null;
  job?: { name?: string } | null;
  run_steps?: { index: number; name: string; status: number; logs?: string | null; debug_logs?: string | null }[] | null;
}

export interface CloudJob {
  id: number;
  name: string;
  project_id: number;
  environment_id: number;
  state?: number;
}

export const isTerminal = (run: CloudRun): boolean => run.status >= runStatus.success;
export const isRunning = (run: CloudRun): boolean => run.status === runStatus.starting || run.status === runStatus.running;

/** Milliseconds of an instant as dbt Cloud writes it ("2026-01-31 12:00:00.123456+00:00"). */
export function instantMs(text: string | null | undefined): number | undefined {
  const ms = text ? Date.parse(text.replace(" ", "T").replace(/(\.\d{3})\d+/, "$1")) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}

/** The mark in the cause of every run that kc triggers: finds it again after a lost answer, and tells it from others' runs. */
export const nonceMark = (nonce: string): string => `[kc:${nonce}]`;
export const isOwnCause = (cause: string | null | undefined): boolean => /\[kc:[0-9a-f-]{36}\]/.test(cause ?? "");
