import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  type AssetSpec,
  type AssetsDefinition,
  asset,
  type Metadata,
  multiAsset,
  type ResolvedResources,
  type Resource,
  type Resources,
  type RetryPolicy,
  type StepContext,
  UserError,
} from "@kc/runtime";
import { parseReplication, type Replication, type StreamSpec } from "./language/parse.ts";
import type { Hook } from "./language/schema.ts";
import type { LoadResult } from "./load/load.ts";
import { rate } from "./load/progress.ts";
import { isFiles, namedConnection, type OpenConnection, type ReplicationConnection } from "./run/connection.ts";
import { runHooks } from "./run/hooks.ts";
import { runStream } from "./run/run-stream.ts";
import { streamSpec } from "./translate.ts";

export interface SlingReplicationOptions {
  /** Absolute path of the replication file. */
  file: string;
  /** Connections by the name that the file uses, beside LOCAL (files), LOCAL_POSTGRES and DATABRICKS…, which are known. */
  connections?: Readonly<Record<string, ReplicationConnection>>;
  /** Changes the spec of a stream's asset, after `meta.kc` was applied. */
  translate?: (stream: StreamSpec, spec: AssetSpec) => AssetSpec;
  retry?: RetryPolicy;
  pool?: string;
}

/**
 * The streams of a Sling replication file as assets: one step per stream, so that they run side by side and fail alone; one step for all,
 * in the order of the file, when the file has `hooks.start` or `hooks.end`, which go around them.
 * @throws UserError with file:line:column for everything wrong or unsupported in the file.
 */
export function slingReplication(options: SlingReplicationOptions): AssetsDefinition[] {
  const replication = parseReplication(readFile(options.file), options.file);
  const resources: Record<string, Resource<unknown>> = {};
  const kinds = new Map<string, "postgres" | "databricks">();
  for (const name of connectionNames(replication)) {
    const connection = namedConnection(name, options.connections ?? {}, replication.file);
    if (!connection) continue;
    resources[name.toLowerCase()] = connection.resource;
    kinds.set(name.toLowerCase(), connection.type);
  }
  const shared = {
    resources,
    ...(options.retry ? { retry: options.retry } : {}),
    ...(options.pool ? { pool: options.pool } : {}),
  };
  const kindOf = (name: string) => kinds.get(name.toLowerCase()) ?? "file";
  const streams = replication.streams.map((stream) => {
    if (stream.settings.target_options?.delete_missing && kindOf(replication.target) === "databricks")
      throw new UserError(`stream "${stream.name}": delete_missing needs a PostgreSQL target`, {
        where: stream.optionAt("delete_missing"),
        hint: "Use mode full-refresh: a Delta table is replaced in one commit and keeps its history.",
      });
    const spec = streamSpec(stream, [kindOf(replication.source), kindOf(replication.target)]);
    return { stream, spec: options.translate?.(stream, spec) ?? spec };
  });
  if (streams.length === 0) return [];

  const runOf = (context: StepContext<Resources, unknown>, store: Record<string, unknown>) => ({
    env: context.env,
    log: context.log,
    signal: context.signal,
    tempDir: join(context.location.stateDir, "replication"),
    runId: context.run.id,
    now: () => new Date(),
    store,
    connection: (name: string) => openConnection(name, kinds, context.resources, replication.file),
  });

  if (replication.hooks.start.length === 0 && replication.hooks.end.length === 0)
    return streams.map(({ stream, spec }) =>
      asset({
        ...spec,
        ...shared,
        materialize: async (context) => outcome(await runStream(replication, stream, runOf(context, {}))),
      }),
    );

  const step = multiAsset({
    name: spec0Name(replication, streams[0]!.spec),
    assets: streams.map(({ spec }) => spec),
    ...shared,
    async materialize(context) {
      const run = runOf(context as unknown as StepContext<Resources, unknown>, {});
      const failures: string[] = [];
      const hooks = {
        values: { run: { status: "running" }, store: run.store } as Record<string, unknown>,
        env: run.env,
        where: replication.file,
        log: run.log,
        signal: run.signal,
        connection: (name?: string) => run.connection(name ?? replication.target),
      };
      await runHooks(replication.hooks.start, hooks);
      for (const { stream, spec } of streams) {
        if (!context.selected.includes(spec.key)) continue;
        try {
          context.materialized(spec.key, outcome(await runStream(replication, stream, run)));
        } catch (error) {
          context.signal.throwIfAborted();
          const text = error instanceof UserError ? error.toString() : error instanceof Error ? error.message : String(error);
          context.log.error(`stream ${stream.name} failed: ${text}`);
          failures.push(`${stream.name}: ${text}`);
        }
      }
      hooks.values["run"] = { status: failures.length > 0 ? "error" : "success", failed: failures.length };
      await runHooks(replication.hooks.end, hooks);
      if (failures.length > 0)
        throw new UserError(`${failures.length} of ${context.selected.length} streams failed\n${failures.join("\n")}`, {
          where: replication.file,
        });
    },
  });
  return [step];
}

const spec0Name = (replication: Replication, first: AssetSpec): string =>
  `${first.key}_and_${replication.streams.length - 1}_more`;

/** What the step reports of its tables. */
export function outcome(results: LoadResult[]): { metadata: Metadata; unchanged: boolean } {
  const rows = results.reduce((sum, result) => sum + result.rows, 0);
  const ms = results.reduce((sum, result) => sum + result.durationMs, 0);
  const read = results.filter((result) => result.bytes !== undefined);
  const unchanged = results.every((result) => result.unchanged);
  return {
    unchanged,
    metadata: {
      rows,
      ...(unchanged ? {} : { rows_per_second: rate(rows, ms) }),
      ...(read.length > 0 ? { bytes: read.reduce((sum, result) => sum + result.bytes!, 0) } : {}),
      load_id: results.map((result) => result.loadId).join(", "),
      duration_ms: Math.round(ms),
      table: results.map((result) => result.table).join(", "),
      cursor:
        results
          .map((result) => result.cursor)
          .filter((cursor) => cursor !== undefined)
          .join(", ") || undefined,
    },
  };
}

function openConnection(
  name: string,
  kinds: ReadonlyMap<string, "postgres" | "databricks">,
  resources: ResolvedResources<Resources>,
  where: string,
): OpenConnection {
  if (isFiles(name)) return { type: "file" };
  const type = kinds.get(name.toLowerCase());
  const client = (resources as Record<string, never>)[name.toLowerCase()];
  if (!type || !client) throw new UserError(`the connection "${name}" is not known`, { where });
  return { type, client } as OpenConnection;
}

function connectionNames(replication: Replication): Set<string> {
  const hooks = [
    ...replication.hooks.start,
    ...replication.hooks.end,
    ...replication.streams.flatMap(({ settings }): Hook[] => Object.values(settings.hooks ?? {}).flatMap((list) => list ?? [])),
  ];
  const named = hooks.flatMap((hook) => (hook.type === "query" && hook.connection ? [hook.connection] : []));
  return new Set([replication.source, replication.target, ...named]);
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`the replication file ${file} cannot be read (${(error as NodeJS.ErrnoException).code})`, {
      hint: "Check its path.",
    });
  }
}
