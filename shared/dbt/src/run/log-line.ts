import type { ManifestNode } from "../manifest.ts";
import type { NodeResult } from "./run-results.ts";

/** Width of dbt's lines up to the bracket. */
const width = 80;

const what = (node: ManifestNode): string => {
  if (node.resource_type === "test") return node.name;
  const kind = node.resource_type === "seed" ? "seed file" : `sql ${node.config.materialized} model`;
  return `${kind} ${node.schema}.${node.alias ?? node.name}`;
};

const dotted = (text: string, bracket: string): string => `${text} ${".".repeat(Math.max(2, width - text.length))} [${bracket}]`;

/** `1 of 3 START sql table model main.x ..... [RUN]` */
export const startLine = (node: ManifestNode, index: number, total: number): string =>
  dotted(`${index} of ${total} START ${node.resource_type === "test" ? "test " : ""}${what(node)}`, "RUN");

/** `1 of 3 OK created sql table model main.x ..... [OK in 0.10s]`: what dbt prints, and monitors read. */
export function lineOf(node: ManifestNode, result: NodeResult, index: number, total: number): string {
  const at = `${index} of ${total}`;
  const seconds = `in ${result.execution_time.toFixed(2)}s`;
  const failures = result.failures ?? 0;
  if (result.status === "skipped")
    return dotted(
      `${at} SKIP ${node.resource_type === "test" ? "test" : "relation"} ${node.resource_type === "test" ? node.name : `${node.schema}.${node.alias ?? node.name}`}`,
      "SKIP",
    );
  if (result.status === "error")
    return dotted(
      `${at} ERROR ${node.resource_type === "test" ? what(node) : `${node.resource_type === "seed" ? "loading" : "creating"} ${what(node)}`}`,
      `ERROR ${seconds}`,
    );
  if (result.status === "pass") return dotted(`${at} PASS ${node.name}`, `PASS ${seconds}`);
  if (result.status === "warn") return dotted(`${at} WARN ${failures} ${node.name}`, `WARN ${failures} ${seconds}`);
  if (result.status === "fail") return dotted(`${at} FAIL ${failures} ${node.name}`, `FAIL ${failures} ${seconds}`);
  if (node.resource_type === "seed")
    return dotted(`${at} OK loaded ${what(node)}`, `INSERT ${result.adapter_response.rows_affected ?? 0} ${seconds}`);
  return dotted(`${at} OK created ${what(node)}`, `OK ${seconds}`);
}
