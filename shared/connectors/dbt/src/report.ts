import { type Manifest, type NodeResult, parentsOf, type RunResults } from "@kc/dbt/artifacts";
import { type CheckSeverity, type Metadata, md } from "@kc/runtime";
import type { CloudRun } from "./client.ts";
import type { Translation } from "./translator.ts";

export interface Reported {
  materializations: { key: string; metadata: Metadata }[];
  checks: { asset: string; name: string; passed: boolean; severity: CheckSeverity; description?: string; metadata: Metadata }[];
  /** Nodes that did not succeed, as one line each. */
  failures: string[];
  /** Results of nodes that are no assets or checks of the loaded definitions. */
  unknown: string[];
}

/**
 * What a run did, in kc's terms. The run's own manifest tells how severe a test is and in which order its nodes stand: the definitions
 * that are loaded may be older than the run.
 */
export function reportOf(run: CloudRun, results: RunResults, manifest: Manifest, translation: Translation): Reported {
  const out: Reported = { materializations: [], checks: [], failures: [], unknown: [] };
  for (const result of inOrder(results.results, manifest)) {
    const node = manifest.nodes[result.unique_id];
    if (result.status === "error" || result.status === "fail")
      out.failures.push(`${node?.name ?? result.unique_id}: ${result.message ?? result.status}`);
    const key = translation.keys.get(result.unique_id);
    const check = translation.checks.get(result.unique_id);
    if (key) {
      if (result.status === "success") out.materializations.push({ key, metadata: materialized(run, result) });
    } else if (check) {
      // A skipped test says nothing about the data.
      if (result.status !== "skipped") out.checks.push({ ...check, ...checked(run, result, node?.config.severity) });
    } else if (node?.resource_type !== "operation") out.unknown.push(result.unique_id);
  }
  return out;
}

function materialized(run: CloudRun, result: NodeResult): Metadata {
  return {
    run_id: String(run.id),
    run_url: run.href ? md.url(run.href) : undefined,
    unique_id: result.unique_id,
    relation: result.relation_name?.replaceAll(/[`"]/g, ""),
    execution_time: result.execution_time,
    rows_affected: result.adapter_response?.rows_affected,
    completed_at: completedAt(result) ? md.timestamp(completedAt(result)!) : undefined,
  };
}

function checked(
  run: CloudRun,
  result: NodeResult,
  severity: unknown,
): { passed: boolean; severity: CheckSeverity; description?: string; metadata: Metadata } {
  const passed = result.status === "pass" || result.status === "success";
  const warns = result.status === "warn" || String(severity ?? "error").toLowerCase() === "warn";
  return {
    passed,
    severity: warns ? "WARN" : "ERROR",
    ...(result.message ? { description: result.message } : {}),
    metadata: {
      run_id: String(run.id),
      run_url: run.href ? md.url(run.href) : undefined,
      unique_id: result.unique_id,
      status: result.status,
      failures: result.failures ?? undefined,
      execution_time: result.execution_time,
    },
  };
}

/** `timing` may be empty for what was skipped or failed early. */
const completedAt = (result: NodeResult): string | undefined => result.timing?.at(-1)?.completed_at;

/** Parents before children, as far as the manifest knows; then by the time of completion. */
function inOrder(results: readonly NodeResult[], manifest: Manifest): NodeResult[] {
  const depth = new Map<string, number>();
  const measure = (id: string, open: ReadonlySet<string>): number => {
    const known = depth.get(id);
    if (known !== undefined || open.has(id)) return known ?? 0;
    const node = manifest.nodes[id];
    const below = new Set([...open, id]);
    const value = node ? 1 + Math.max(0, ...parentsOf(node).map((parent) => measure(parent, below))) : 0;
    depth.set(id, value);
    return value;
  };
  return [...results].sort(
    (a, b) =>
      measure(a.unique_id, new Set()) - measure(b.unique_id, new Set()) ||
      (completedAt(a) ?? "").localeCompare(completedAt(b) ?? ""),
  );
}
