import { randomUUID } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { compileNode } from "../compile.ts";
import { DbtError, errorText } from "../errors.ts";
import type { RenderSettings, Target } from "../jinja/renderer.ts";
import type { Manifest, ManifestNode, ManifestSource } from "../manifest.ts";
import type { ParsedProject } from "../parse/draft.ts";
import { parseProject } from "../parse/parse.ts";
import { readProject } from "../project/project.ts";
import type { SqlExecutor } from "../run/executor.ts";
import { planRun } from "../run/plan.ts";
import { failed, type NodeResult, type RunResults, runResults } from "../run/run-results.ts";
import { runPlan } from "../run/runner.ts";
import { selectNodes } from "../select/select.ts";
import { type DbtCommand, parseCommand } from "./arguments.ts";
import { type Catalog, catalogOf } from "./catalog.ts";

export interface InvokeOptions {
  /** Folder of dbt_project.yml. */
  projectDir: string;
  target: Target;
  executor: SqlExecutor;
  env?: Readonly<Record<string, string | undefined>>;
  signal?: AbortSignal;
  log?: (line: string) => void;
  /** Where the artifacts are written, as dbt does into `target/`; default: nowhere. */
  targetDir?: string;
}

/** What a command leaves behind: dbt's exit code (0 ok, 1 a node failed, 2 it could not start) and the artifacts. */
export interface Invocation {
  exitCode: 0 | 1 | 2;
  command: DbtCommand | undefined;
  manifest: Manifest | undefined;
  runResults: RunResults | undefined;
  catalog: Catalog | undefined;
  /** Lines of `ls`. */
  listed: string[];
  error: DbtError | undefined;
}

/** Runs one dbt command in this process. Never throws for a mistake in the project: it stands in `error`, and exitCode is 2. */
export async function invokeDbt(given: string | readonly string[], options: InvokeOptions): Promise<Invocation> {
  const out: Invocation = {
    exitCode: 0,
    command: undefined,
    manifest: undefined,
    runResults: undefined,
    catalog: undefined,
    listed: [],
    error: undefined,
  };
  const log = stamped(options.log ?? (() => {}));
  try {
    const command = parseCommand(given);
    out.command = command;
    const settings: RenderSettings = {
      target: {
        ...options.target,
        threads: command.threads ?? options.target.threads,
        name: command.target ?? options.target.name,
      },
      vars: command.vars,
      env: options.env ?? process.env,
      invocationId: randomUUID(),
      startedAt: new Date(),
      fullRefresh: command.fullRefresh,
      log,
    };
    log(`Running dbt ${command.which} with kc's embedded runner`);
    const parsed = parseProject(readProject(options.projectDir), settings);
    for (const warning of parsed.warnings) log(`[WARNING]: ${warning}`);
    out.manifest = parsed.manifest;
    log(found(parsed.manifest));
    await execute(out, command, parsed, settings, { ...options, executor: told(options.executor) }, log);
  } catch (error) {
    if (options.signal?.aborted) out.error = new DbtError("database", "cancelled");
    else if (error instanceof DbtError) out.error = error;
    else throw error;
    out.exitCode = 2;
    log("Encountered an error:");
    for (const line of errorText(out.error).split("\n")) log(line);
  }
  if (options.targetDir) writeArtifacts(options.targetDir, out);
  return out;
}

/** What the database says is no internal error of the runner. */
const told = (executor: SqlExecutor): SqlExecutor => ({
  execute: (sql, options) =>
    executor.execute(sql, options).catch((error: unknown) => {
      throw new DbtError("database", errorText(error), { cause: error });
    }),
});

function writeArtifacts(folder: string, { manifest, runResults, catalog }: Invocation): void {
  mkdirSync(folder, { recursive: true });
  for (const [name, artifact] of Object.entries({
    "manifest.json": manifest,
    "run_results.json": runResults,
    "catalog.json": catalog,
  }))
    if (artifact) writeFileSync(join(folder, name), JSON.stringify(artifact));
}

async function execute(
  out: Invocation,
  command: DbtCommand,
  parsed: ParsedProject,
  settings: RenderSettings,
  options: InvokeOptions,
  log: (line: string) => void,
): Promise<void> {
  const types = command.resourceTypes.length > 0 ? command.resourceTypes : undefined;
  const selection = { select: command.select, exclude: command.exclude, indirect: command.indirect, resourceTypes: types };
  const ids = selectNodes(parsed.manifest, selection);
  const nodes = ids.map((id) => parsed.manifest.nodes[id]).filter((node): node is ManifestNode => node !== undefined);
  if (command.which === "parse" || command.which === "deps") return;
  if (command.which === "ls") {
    out.listed = ids.map((id) => listed(parsed.manifest, id, command.output));
    for (const line of out.listed) log(line);
    return;
  }
  const wanted = ofCommand(command, nodes);
  if (wanted.length === 0) log("Nothing to do. Try checking your model configs and model specification args");
  const started = Date.now();
  if (command.which === "compile" || command.which === "docs generate") {
    const results = compileAll(parsed, wanted);
    out.runResults = runResults(results, Date.now() - started, argumentsOf(command), settings);
    for (const result of results) if (result.status === "error") for (const line of result.message!.split("\n")) log(line);
    if (command.which === "docs generate")
      out.catalog = await catalogOf(parsed.manifest, options.executor, settings, options.signal);
    out.exitCode = failed(results) ? 1 : 0;
    return;
  }
  log(`Concurrency: ${settings.target.threads} threads (target='${settings.target.name}')`);
  const plan = planRun(
    parsed.manifest,
    wanted.map((node) => node.unique_id),
    command.which === "build",
  );
  const results = await runPlan(parsed, plan, {
    threads: settings.target.threads,
    fullRefresh: command.fullRefresh,
    failFast: command.failFast,
    signal: options.signal,
    executor: options.executor,
    log,
  });
  out.runResults = runResults(results, Date.now() - started, argumentsOf(command), settings);
  out.exitCode = failed(results) || options.signal?.aborted ? 1 : 0;
  summary(results, Date.now() - started, log);
}

const typesOf: Record<string, string[]> = {
  build: ["model", "seed", "test"],
  run: ["model"],
  test: ["test"],
  seed: ["seed"],
  compile: ["model", "test"],
  "docs generate": ["model", "test"],
};

const ofCommand = (command: DbtCommand, nodes: ManifestNode[]): ManifestNode[] =>
  nodes.filter((node) => typesOf[command.which]!.includes(node.resource_type));

function compileAll(parsed: ParsedProject, nodes: ManifestNode[]): NodeResult[] {
  return nodes.map((node) => {
    const base = {
      unique_id: node.unique_id,
      timing: [],
      thread_id: "Thread-1",
      execution_time: 0,
      adapter_response: {},
      failures: null,
      relation_name: node.relation_name ?? null,
      batch_results: null,
    };
    try {
      const code = compileNode(parsed, node);
      Object.assign(node, { compiled: true, compiled_code: code });
      return { ...base, status: "success" as const, message: null, compiled: true, compiled_code: code };
    } catch (error) {
      return {
        ...base,
        status: "error" as const,
        message: `Compilation Error in ${node.resource_type} ${node.name}\n  ${errorText(error)}`,
        compiled: false,
        compiled_code: null,
      };
    }
  });
}

function listed(manifest: Manifest, id: string, output: DbtCommand["output"]): string {
  const node = manifest.nodes[id] ?? manifest.sources[id] ?? manifest.exposures![id]!;
  if (output === "name") return node.name;
  if (output === "path") return node.original_file_path;
  if (output === "json")
    return JSON.stringify({
      name: node.name,
      resource_type: node.resource_type,
      package_name: node.package_name,
      original_file_path: node.original_file_path,
      unique_id: node.unique_id,
      alias: node.alias,
      config: node.config,
      tags: node.tags,
      depends_on: node.depends_on,
    });
  // What --select takes: as dbt writes it, which names sources and exposures without their folders.
  if (node.resource_type === "source") return `source:${node.package_name}.${(node as ManifestSource).source_name}.${node.name}`;
  if (node.resource_type === "exposure") return `exposure:${node.package_name}.${node.name}`;
  return node.fqn.join(".");
}

function found(manifest: Manifest): string {
  const count = (type: string) => Object.values(manifest.nodes).filter((node) => node.resource_type === type).length;
  const parts = [
    [count("model"), "models"],
    [count("seed"), "seeds"],
    [count("test"), "data tests"],
    [Object.keys(manifest.sources).length, "sources"],
    [Object.keys(manifest.macros ?? {}).length, "macros"],
  ] as const;
  return `Found ${parts
    .filter(([number]) => number > 0)
    .map(([number, name]) => `${number} ${number === 1 ? name.slice(0, -1) : name}`)
    .join(", ")}`;
}

function summary(results: NodeResult[], ms: number, log: (line: string) => void): void {
  const count = (...statuses: string[]) => results.filter((result) => statuses.includes(result.status)).length;
  log(`Finished running ${results.length} node${results.length === 1 ? "" : "s"} in ${(ms / 1000).toFixed(2)} seconds.`);
  log(failed(results) ? "Completed with errors" : count("warn") > 0 ? "Completed with warnings" : "Completed successfully");
  log(
    `Done. PASS=${count("success", "pass")} WARN=${count("warn")} ERROR=${count("error", "fail")} SKIP=${count("skipped")} TOTAL=${results.length}`,
  );
}

const argumentsOf = (command: DbtCommand): Record<string, unknown> => ({
  which: command.which,
  select: command.select,
  exclude: command.exclude,
  vars: command.vars,
  full_refresh: command.fullRefresh,
  fail_fast: command.failFast,
  indirect_selection: command.indirect,
});

const stamped = (log: (line: string) => void) => (line: string) => log(`${new Date().toISOString().slice(11, 19)}  ${line}`);
