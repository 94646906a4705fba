import type { Manifest, RunResults } from "@kc/dbt";
import type { RunRow, Store } from "./store.ts";

/**
 * The commands that take a failed run up where it failed: the command that failed with only its failed and skipped nodes, then those it never
 * came to. The command itself when it left no results (it did not parse).
 */
export function retryCommands(store: Store, run: RunRow): string[] {
  const steps = store.steps(run.id).filter((step) => step.name.startsWith("Invoke dbt with"));
  const at = Math.max(
    0,
    steps.findIndex((step) => step.status !== 10),
  );
  const failed = run.commands[at];
  if (failed === undefined) return run.commands;
  const rest = run.commands.slice(at + 1);
  const results = store.artifact(run.id, "run_results.json", steps[at]?.index);
  const manifest = store.artifact(run.id, "manifest.json", steps[at]?.index);
  if (!results || !manifest) return [failed, ...rest];
  const { nodes } = JSON.parse(manifest) as Manifest;
  const again = (JSON.parse(results) as RunResults).results
    .filter((result) => ["error", "fail", "skipped"].includes(result.status))
    .flatMap((result) => nodes[result.unique_id]?.fqn.join(".") ?? []);
  if (again.length === 0) return [failed, ...rest];
  const verb = /^dbt\s+(build|run|test|seed)\b/.exec(failed)?.[1] ?? "build";
  return [`dbt ${verb} --indirect-selection empty --select ${again.join(" ")}`, ...rest];
}
