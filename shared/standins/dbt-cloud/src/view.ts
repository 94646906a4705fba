import { clock, instant } from "./envelope.ts";
import { type Doc, type RunRow, type Store, status } from "./store.ts";

const names: Record<number, string> = { 1: "Queued", 2: "Starting", 3: "Running", 10: "Success", 20: "Error", 30: "Cancelled" };

/** A run as API v2 shows it. `related` names what `include_related` asked for. */
export function runView(
  store: Store,
  run: RunRow,
  accountId: number,
  origin: string,
  related: ReadonlySet<string>,
  now: number,
): Record<string, unknown> {
  const end = run.finished_at ?? now;
  const began = run.started_at ?? end;
  const artifacts = run.finished_at !== null && store.artifactPaths(run.id);
  const shown: Record<string, unknown> = {
    id: run.id,
    trigger_id: run.id,
    account_id: accountId,
    environment_id: run.environment_id,
    project_id: run.project_id,
    job_definition_id: run.job_id,
    job_id: run.job_id,
    status: run.status,
    status_humanized: names[run.status],
    status_message: run.status_message,
    dbt_version: "1.10.0",
    git_branch: null,
    git_sha: null,
    created_at: instant(run.created_at),
    updated_at: instant(run.updated_at),
    dequeued_at: instant(run.dequeued_at),
    started_at: instant(run.started_at),
    finished_at: instant(run.finished_at),
    duration: clock(end - run.created_at),
    queued_duration: clock((run.started_at ?? end) - run.created_at),
    run_duration: clock(end - began),
    href: `${origin}/deploy/${accountId}/projects/${run.project_id}/runs/${run.id}/`,
    artifacts_saved: artifacts !== false && artifacts.length > 0,
    has_docs_generated: artifacts !== false && artifacts.includes("catalog.json"),
    has_sources_generated: false,
    is_complete: run.finished_at !== null,
    is_success: run.status === status.success,
    is_error: run.status === status.error,
    is_cancelled: run.status === status.cancelled,
    is_running: run.status === status.running,
    in_progress: run.finished_at === null,
    trigger: null,
    job: null,
    environment: null,
    run_steps: [],
  };
  // The trigger goes out with every run: it is how a client finds a run whose answer it lost.
  shown.trigger = { id: run.id, job_definition_id: run.job_id, created_at: instant(run.created_at), ...run.trigger };
  if (related.has("job")) shown.job = store.get("job", run.job_id) ?? null;
  if (related.has("environment")) shown.environment = store.get("environment", run.environment_id) ?? null;
  if (related.has("run_steps") || related.has("debug_logs"))
    shown.run_steps = store.steps(run.id).map((step) => ({
      id: run.id * 100 + step.index,
      run_id: run.id,
      account_id: accountId,
      index: step.index,
      name: step.name,
      status: step.status,
      status_humanized: names[step.status],
      logs: step.logs,
      debug_logs: related.has("debug_logs") ? step.logs : null,
      truncated_debug_logs: step.logs.slice(-10_000),
      created_at: instant(step.started_at),
      started_at: instant(step.started_at),
      finished_at: instant(step.finished_at),
      duration: clock((step.finished_at ?? now) - (step.started_at ?? now)),
    }));
  return shown;
}

/** `include_related` is a JSON list or a list with commas. */
export function relatedOf(text: string | undefined): Set<string> {
  return new Set([...(text ?? "").matchAll(/[a-z_]+/g)].map((match) => match[0]));
}

/** A job as API v2 shows it. */
export function jobFrom(given: Record<string, unknown>, base: Partial<Doc>, at: string): Record<string, unknown> {
  const record = (value: unknown): Record<string, unknown> =>
    typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
  return {
    description: "",
    dbt_version: null,
    execute_steps: [],
    generate_docs: false,
    run_generate_sources: false,
    state: 1,
    job_type: "other",
    schedule: {},
    created_at: at,
    ...base,
    ...given,
    triggers: {
      github_webhook: false,
      schedule: false,
      git_provider_webhook: false,
      ...record(base.triggers),
      ...record(given.triggers),
    },
    settings: { threads: 4, target_name: "default", ...record(base.settings), ...record(given.settings) },
    execution: { timeout_seconds: 0, ...record(base.execution), ...record(given.execution) },
    updated_at: at,
  };
}
