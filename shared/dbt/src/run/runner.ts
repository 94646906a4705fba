import { compileNode, renderHook, testStatement } from "../compile.ts";
import { DbtError, errorText } from "../errors.ts";
import type { ManifestNode } from "../manifest.ts";
import type { ParsedProject } from "../parse/draft.ts";
import { numberIn, type SqlExecutor } from "./executor.ts";
import { lineOf, startLine } from "./log-line.ts";
import { type Materialized, materialize } from "./materialization.ts";
import type { PlannedNode } from "./plan.ts";
import { ensureSchemas, type KnownRelations } from "./relation-cache.ts";
import type { NodeResult } from "./run-results.ts";
import { loadSeed } from "./seed.ts";

export interface RunOptions {
  threads: number;
  fullRefresh: boolean;
  failFast: boolean;
  signal: AbortSignal | undefined;
  executor: SqlExecutor;
  log(line: string): void;
}

/** Runs the plan: as many nodes at once as there are threads; what stands below a failure is skipped. */
export async function runPlan(parsed: ParsedProject, plan: PlannedNode[], options: RunOptions): Promise<NodeResult[]> {
  const relations = await ensureSchemas(parsed, plan, options);
  const shown = plan.filter((item) => item.node.config.materialized !== "ephemeral");
  const results = new Map<string, NodeResult>();
  const waiting = new Set(plan);
  const running = new Map<PlannedNode, Promise<void>>();
  let [index, stopped] = [0, false];
  const finish = (item: PlannedNode, result: NodeResult) => {
    results.set(item.node.unique_id, result);
    if ((result.status === "error" || result.status === "fail") && options.failFast) stopped = true;
  };
  const blocked = (item: PlannedNode) => [...item.after].some((id) => isBlocking(results.get(id)));
  while (waiting.size > 0 || running.size > 0) {
    const aborted = options.signal?.aborted ?? false;
    for (const item of waiting) {
      if (![...item.after].every((id) => results.has(id))) continue;
      if (item.node.config.materialized === "ephemeral" && !blocked(item)) {
        waiting.delete(item);
        // Never a relation of its own: it only hands on what its parents did.
        results.set(item.node.unique_id, { ...emptyResult(item.node), status: "success" });
      } else if (blocked(item) || stopped || aborted) {
        waiting.delete(item);
        const result = { ...emptyResult(item.node), status: "skipped" as const };
        results.set(item.node.unique_id, result);
        if (item.node.config.materialized !== "ephemeral" && !aborted)
          options.log(lineOf(item.node, result, ++index, shown.length));
      } else if (running.size < options.threads) {
        waiting.delete(item);
        const position = ++index;
        options.log(startLine(item.node, position, shown.length));
        const task = runNode(parsed, item.node, relations, options, running.size + 1).then((result) => {
          finish(item, result);
          options.log(lineOf(item.node, result, position, shown.length));
          if (result.status !== "success" && result.status !== "pass" && result.message)
            for (const line of result.message.split("\n")) options.log(`  ${line}`);
          running.delete(item);
        });
        running.set(item, task);
      }
    }
    if (running.size > 0) await Promise.race(running.values());
    else if (![...waiting].some((item) => [...item.after].every((id) => results.has(id))) && waiting.size > 0)
      throw new Error("the plan has a circle");
  }
  return shown.map((item) => results.get(item.node.unique_id)!).filter(Boolean);
}

/** A test that only warns lets what follows run. */
const isBlocking = (result: NodeResult | undefined): boolean =>
  result !== undefined && ["error", "fail", "skipped"].includes(result.status);

const emptyResult = (node: ManifestNode): NodeResult => ({
  unique_id: node.unique_id,
  status: "success",
  timing: [],
  thread_id: "Thread-1",
  execution_time: 0,
  adapter_response: {},
  message: null,
  failures: null,
  compiled: null,
  compiled_code: null,
  relation_name: node.relation_name ?? null,
  batch_results: null,
});

async function runNode(
  parsed: ParsedProject,
  node: ManifestNode,
  relations: KnownRelations,
  options: RunOptions,
  thread: number,
): Promise<NodeResult> {
  const started = new Date();
  let compiledAt = started;
  let code: string | null = null;
  const finish = (part: Partial<NodeResult>): NodeResult => {
    const ended = new Date();
    const timing = [
      { name: "compile" as const, started_at: started.toISOString(), completed_at: compiledAt.toISOString() },
      { name: "execute" as const, started_at: compiledAt.toISOString(), completed_at: ended.toISOString() },
    ];
    return {
      ...emptyResult(node),
      timing,
      thread_id: `Thread-${thread}`,
      execution_time: (ended.getTime() - started.getTime()) / 1000,
      compiled: code !== null,
      compiled_code: code,
      ...part,
    };
  };
  const execute = (sql: string) => options.executor.execute(sql, options.signal ? { signal: options.signal } : {});
  try {
    const fullRefresh =
      node.config.full_refresh === undefined || node.config.full_refresh === null
        ? options.fullRefresh
        : node.config.full_refresh === true;
    const existing = relations.typeOf(node);
    const isIncremental = node.config.materialized === "incremental" && existing === "table" && !fullRefresh;
    if (node.resource_type !== "seed") {
      code = compileNode(parsed, node, { isIncremental });
      Object.assign(node, { compiled: true, compiled_code: code });
    }
    compiledAt = new Date();
    if (node.resource_type === "test") return finish(testOutcome(node, await execute(testStatement(node, code!))));
    for (const hook of hooks(node, "pre-hook")) await execute(renderHook(parsed, node, hook, `${node.original_file_path}:1`));
    const made: Materialized =
      node.resource_type === "seed"
        ? { rowsAffected: await loadSeed(node, seedText(parsed, node), execute), queryId: undefined }
        : await materialize({ node, sql: code!, existing, fullRefresh, execute });
    for (const hook of hooks(node, "post-hook")) await execute(renderHook(parsed, node, hook, `${node.original_file_path}:1`));
    const response = {
      _message: node.resource_type === "seed" ? `INSERT ${made.rowsAffected}` : "OK",
      ...(made.rowsAffected === undefined ? {} : { rows_affected: made.rowsAffected }),
      ...(made.queryId ? { query_id: made.queryId } : {}),
    };
    return finish({ status: "success", message: response._message, adapter_response: response });
  } catch (error) {
    const cancelled = options.signal?.aborted ? "cancelled" : undefined;
    return finish({ status: "error", message: cancelled ?? describe(node, error) });
  }
}

function testOutcome(node: ManifestNode, result: Awaited<ReturnType<SqlExecutor["execute"]>>): Partial<NodeResult> {
  const failures = numberIn(result, "failures") ?? 0;
  const flag = (name: string) => {
    const cell = result.rows[0]?.[result.columns.findIndex((column) => column.name.toLowerCase() === name)];
    return cell !== null && cell !== undefined && /^(true|1|t)$/i.test(cell);
  };
  const response = { _message: "OK", ...(result.queryId ? { query_id: result.queryId } : {}) };
  const config = node.config as { severity?: string; error_if?: string; warn_if?: string };
  const message = (condition: string | undefined) =>
    `Got ${failures} result${failures === 1 ? "" : "s"}, configured to ${condition === config.error_if && config.severity === "ERROR" ? "fail" : "warn"} if ${condition}`;
  if (config.severity === "ERROR" && flag("should_error"))
    return { status: "fail", failures, message: message(config.error_if), adapter_response: response };
  if (flag("should_warn")) return { status: "warn", failures, message: message(config.warn_if), adapter_response: response };
  return { status: "pass", failures, adapter_response: response };
}

const hooks = (node: ManifestNode, name: string): string[] =>
  ((node.config[name] as unknown[] | undefined) ?? []).map((hook) =>
    typeof hook === "string" ? hook : String((hook as { sql?: unknown }).sql ?? ""),
  );

const seedText = (parsed: ParsedProject, node: ManifestNode): string =>
  parsed.project.files.seeds.find((file) => file.file === node.original_file_path)!.text;

function describe(node: ManifestNode, error: unknown): string {
  const kind = error instanceof DbtError ? (error.kind === "database" ? "Database" : "Compilation") : "Database";
  return `${kind} Error in ${node.resource_type} ${node.name} (${node.original_file_path})\n${errorText(error)}`;
}
