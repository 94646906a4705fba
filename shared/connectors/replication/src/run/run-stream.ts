import { mkdir } from "node:fs/promises";
import { DatabricksError } from "@kc/connector-databricks/client";
import { parseTableName, quoteTable } from "@kc/connector-postgres";
import { type Logger, UserError } from "@kc/runtime";
import type { Replication, StreamSpec } from "../language/parse.ts";
import { type Environment, expandEnv, expandVariables, streamVariables } from "../language/variables.ts";
import { readCsvFile } from "../load/csv-file.ts";
import { csvToDatabricks } from "../load/csv-to-databricks.ts";
import { csvFeed } from "../load/csv-to-postgres.ts";
import { fullName, parseDatabricksTable } from "../load/databricks-table.ts";
import type { LoadContext, LoadPlan, LoadResult } from "../load/load.ts";
import type { PostgresSource } from "../load/postgres-source.ts";
import { withPostgresFeed, withSource } from "../load/postgres-source.ts";
import { loadIntoPostgres, type PostgresFeed } from "../load/postgres-target.ts";
import { postgresToDatabricks } from "../load/postgres-to-databricks.ts";
import { sweepTempFiles } from "../load/temp-files.ts";
import type { OpenConnection } from "./connection.ts";
import { expandStream, type StreamSource } from "./expand-stream.ts";
import { type HookContext, runHooks } from "./hooks.ts";
import { fixedTypes, loadPlan } from "./plan.ts";

export interface RunContext {
  env: Environment;
  log: Logger;
  signal?: AbortSignal | undefined;
  /** Folder for temporary files. */
  tempDir: string;
  runId: string;
  now: () => Date;
  /** A connection by name; undefined means the replication's target. */
  connection(name: string): OpenConnection;
  /** What hooks keep with `into:`, over the streams of one step. */
  store: Record<string, unknown>;
}

/** Runs one stream: all its sources, each with its hooks. Returns a result per table. */
export async function runStream(replication: Replication, stream: StreamSpec, context: RunContext): Promise<LoadResult[]> {
  await mkdir(context.tempDir, { recursive: true });
  await sweepTempFiles(context.tempDir);
  const env = {
    ...context.env,
    ...Object.fromEntries(
      Object.entries(replication.env).map(([name, value]) => [name, expandEnv(value, context.env, replication.file)]),
    ),
  };
  const source = context.connection(replication.source);
  const others = replication.streams.filter((other) => other !== stream).map((other) => other.name);
  const results: LoadResult[] = [];
  try {
    for (const found of await expandStream(stream, source, env, others))
      results.push(await runOne(replication, stream, found, source, { ...context, env }));
  } catch (error) {
    context.signal?.throwIfAborted();
    // What a workspace answers is no fault of ours: told without a stack.
    if (error instanceof DatabricksError)
      throw new UserError(`stream ${stream.name}: ${error.message}`, { where: stream.at, cause: error });
    throw error;
  }
  return results;
}

async function runOne(
  replication: Replication,
  stream: StreamSpec,
  found: StreamSource,
  source: OpenConnection,
  context: RunContext,
): Promise<LoadResult> {
  const target = context.connection(replication.target);
  const place =
    found.kind === "file"
      ? { name: found.name, path: found.path }
      : found.kind === "table"
        ? { name: found.name, ...found.table }
        : { name: found.name };
  const targetSchema = target.type === "databricks" ? (target.client.schema ?? "main") : "public";
  const variables: Record<string, unknown> = streamVariables(place, {
    id: context.runId,
    now: context.now(),
    source: replication.source,
    target: replication.target,
    targetSchema,
  });
  for (const [name, value] of Object.entries(replication.env)) variables[`env.${name}`] = value;
  const object = expandVariables(expandEnv(stream.settings.object!, context.env, stream.at), variables, stream.at);
  Object.assign(variables, {
    object_name: object,
    object_full_name: object,
    object_table: object.split(".").at(-1),
    object_schema: object.split(".").at(-2) ?? targetSchema,
  });

  const run = {
    status: "running",
    total_rows: 0,
    total_bytes: 0,
    duration: 0,
    unchanged: false,
    stream: { name: found.name, object },
  };
  const hooks: HookContext = {
    values: { ...variables, run, store: context.store },
    env: context.env,
    where: stream.at,
    log: context.log,
    signal: context.signal,
    connection: (name) => context.connection(name ?? replication.target),
  };
  const own = stream.settings.hooks ?? {};
  await runHooks(own.pre, hooks);
  const result = await load(stream, found, source, target, object, hooks, context);
  Object.assign(run, {
    status: "success",
    total_rows: result.rows,
    total_bytes: result.bytes ?? 0,
    duration: result.durationMs / 1_000,
    unchanged: result.unchanged,
  });
  await runHooks(own.post, hooks);
  return result;
}

async function load(
  stream: StreamSpec,
  found: StreamSource,
  source: OpenConnection,
  target: OpenConnection,
  object: string,
  hooks: HookContext,
  context: RunContext,
): Promise<LoadResult> {
  const { settings } = stream;
  const loadContext: LoadContext = { signal: context.signal, log: context.log, tempDir: context.tempDir };
  const text = (sql: string | undefined) =>
    sql === undefined ? undefined : expandVariables(expandEnv(sql, context.env, stream.at), hooks.values, stream.at, "keep");
  const types = fixedTypes(stream);
  if (target.type === "file")
    throw new UserError(`the target of stream "${stream.name}" must be a database`, { where: stream.at });

  if (found.kind === "file") {
    if (settings.where || settings.source_options?.limit !== undefined)
      throw new UserError(`stream "${stream.name}": where and limit need a database as the source`, { where: stream.at });
    const {
      header,
      delimiter,
      quote,
      escape: escapeChar,
      encoding,
      compression,
      skip_lines: skipLines,
      empty_as_null: emptyAsNull,
    } = settings.source_options ?? {};
    const casing = settings.target_options?.column_casing;
    const file = await readCsvFile(found.path, {
      header,
      delimiter,
      quote,
      escape: escapeChar,
      encoding,
      compression,
      skipLines,
      casing,
      types,
    });
    if (target.type === "databricks") {
      const table = parseDatabricksTable(object, target.client);
      return csvToDatabricks(
        file,
        { emptyAsNull },
        target.client,
        table,
        loadPlan(stream, stream.name, fullName(table), file.columns),
        loadContext,
      );
    }
    return intoPostgres(stream, target, object, csvFeed(file, { emptyAsNull, signal: context.signal }), hooks, loadContext, text);
  }
  if (source.type !== "postgres")
    throw new UserError(`stream "${stream.name}" needs a database as its source`, { where: stream.at });
  const from: PostgresSource = {
    from:
      found.kind === "table" ? { table: found.table } : { sql: text(found.sql.replaceAll("{incremental_where_cond}", "1=1"))! },
    where: text(settings.where),
    limit: settings.source_options?.limit,
    types,
  };
  if (target.type === "postgres")
    return withPostgresFeed(source.client, from, loadContext, (feed) =>
      intoPostgres(stream, target, object, feed, hooks, loadContext, text),
    );
  for (const when of ["pre_merge", "post_merge"] as const)
    if (settings.hooks?.[when]?.length)
      throw new UserError(`stream "${stream.name}": ${when} hooks need a PostgreSQL target`, {
        where: stream.at,
        hint: "A Delta table changes in one statement; use pre and post.",
      });
  const table = parseDatabricksTable(object, target.client);
  const columns = await source.client.transaction(
    async (session) => withSource(session, from, async ({ columns: found }) => found),
    {
      signal: context.signal,
    },
  );
  const execute = async (sql: string | undefined) => {
    if (sql) await target.client.statements.execute(sql, { signal: context.signal });
  };
  await execute(text(settings.target_options?.pre_sql));
  const result = await postgresToDatabricks(
    source.client,
    from,
    target.client,
    table,
    loadPlan(stream, stream.name, fullName(table), columns),
    loadContext,
  );
  await execute(text(settings.target_options?.post_sql));
  return result;
}

function intoPostgres(
  stream: StreamSpec,
  target: OpenConnection & { type: "postgres" },
  object: string,
  feed: PostgresFeed,
  hooks: HookContext,
  context: LoadContext,
  text: (sql: string | undefined) => string | undefined,
): Promise<LoadResult> {
  const table = parseTableName(object);
  const { pre_sql, post_sql } = stream.settings.target_options ?? {};
  const own = stream.settings.hooks ?? {};
  const plan: LoadPlan = {
    ...loadPlan(stream, stream.name, quoteTable(table), feed.columns),
    preMerge: async (query) => {
      if (pre_sql) await query(text(pre_sql)!);
      await runHooks(own.pre_merge, { ...hooks, inTransaction: query });
    },
    postMerge: async (query) => {
      await runHooks(own.post_merge, { ...hooks, inTransaction: query });
      if (post_sql) await query(text(post_sql)!);
    },
  };
  return loadIntoPostgres(target.client, table, plan, feed, context);
}
