import type { RenderSettings } from "../jinja/renderer.ts";
import { artifactMetadata } from "../parse/manifest-of.ts";

export type RunStatus = "success" | "error" | "skipped" | "pass" | "fail" | "warn";

/** A node's result, in the shape of run_results.json v6. */
export interface NodeResult {
  unique_id: string;
  status: RunStatus;
  timing: { name: "compile" | "execute"; started_at: string; completed_at: string }[];
  thread_id: string;
  /** Seconds. */
  execution_time: number;
  adapter_response: { _message?: string; code?: string; rows_affected?: number; query_id?: string };
  message: string | null;
  failures: number | null;
  compiled: boolean | null;
  compiled_code: string | null;
  relation_name: string | null;
  batch_results: null;
}

export interface RunResults {
  metadata: Record<string, unknown>;
  elapsed_time: number;
  args: Record<string, unknown>;
  results: NodeResult[];
}

export const runResults = (
  results: NodeResult[],
  elapsedMs: number,
  args: Record<string, unknown>,
  settings: RenderSettings,
): RunResults => ({
  metadata: artifactMetadata("run-results/v6", settings),
  elapsed_time: elapsedMs / 1000,
  args,
  results,
});

/** dbt's own exit code: 1 when anything failed. */
export const failed = (results: readonly NodeResult[]): boolean =>
  results.some((result) => result.status === "error" || result.status === "fail");
