import { type Logger, UserError } from "@kc/runtime";
import { evaluate } from "../language/expression.ts";
import type { Hook } from "../language/schema.ts";
import { type Environment, expandEnv, expandVariables } from "../language/variables.ts";
import type { OpenConnection } from "./connection.ts";

export interface HookContext {
  /** What `{…}` and check expressions may name; `store` collects what `into:` keeps. */
  values: Record<string, unknown>;
  env: Environment;
  where: string;
  log: Logger;
  signal?: AbortSignal | undefined;
  /** A connection by name; without a name the target. */
  connection(name: string | undefined): OpenConnection;
  /** Set while a load's transaction is open: query hooks without a connection run inside it. */
  inTransaction?: ((sql: string) => Promise<Record<string, unknown>[]>) | undefined;
}

/** Runs hooks one after the other. What `on_failure` says decides whether a failed one fails the stream. */
export async function runHooks(hooks: readonly Hook[] | undefined, context: HookContext): Promise<void> {
  for (const [index, hook] of (hooks ?? []).entries()) {
    const name = hook.id ?? `${hook.type} hook ${index + 1}`;
    try {
      if (hook.if !== undefined && !evaluate(hook.if, context.values, context.where)) continue;
      await runHook(hook, name, context);
    } catch (error) {
      context.signal?.throwIfAborted();
      const failure =
        error instanceof UserError
          ? error
          : new UserError(`${name} failed: ${error instanceof Error ? error.message : String(error)}`, {
              where: context.where,
              cause: error,
            });
      if (hook.on_failure === "abort") throw failure;
      if (hook.on_failure === "warn") context.log.warn(failure.message);
    }
  }
}

async function runHook(hook: Hook, name: string, context: HookContext): Promise<void> {
  const { values, env, where } = context;
  const text = (given: string, unknown: "error" | "keep" = "error") =>
    expandVariables(expandEnv(given, env, where), values, where, unknown);
  const keep = (into: string | undefined, value: unknown) => {
    if (into) (values["store"] as Record<string, unknown>)[into] = value;
  };
  switch (hook.type) {
    case "log":
      return context.log[hook.level](text(hook.message));
    case "check":
      if (evaluate(hook.check, values, where)) return;
      throw new UserError(`${name} failed: ${hook.message ? text(hook.message) : hook.check}`, { where });
    case "query":
      return keep(hook.into, await queryRows(text(hook.query, "keep"), hook.connection, context));
    case "http": {
      const timeout = AbortSignal.timeout(30_000);
      const answer = await fetch(text(hook.url), {
        method: hook.method,
        headers: Object.fromEntries(Object.entries(hook.headers).map(([key, value]) => [key, text(value)])),
        ...(hook.payload === undefined ? {} : { body: text(hook.payload, "keep") }),
        signal: context.signal ? AbortSignal.any([context.signal, timeout]) : timeout,
      });
      const body = await answer.text();
      if (!answer.ok)
        throw new UserError(`${name}: ${hook.method} ${new URL(answer.url).origin} answered ${answer.status}`, { where });
      return keep(hook.into, { status: answer.status, body });
    }
  }
}

async function queryRows(sql: string, connection: string | undefined, context: HookContext): Promise<Record<string, unknown>[]> {
  if (connection === undefined && context.inTransaction) return context.inTransaction(sql);
  const open = context.connection(connection);
  if (open.type === "postgres") return (await open.client.query(sql, [], { signal: context.signal })).rows;
  if (open.type === "databricks") {
    const { columns, rows } = await open.client.statements.execute(sql, { signal: context.signal });
    return rows.map((row) => Object.fromEntries(columns.map(({ name }, index) => [name, row[index] ?? null])));
  }
  throw new UserError("a query hook needs a database, not files", {
    where: context.where,
    hint: "Name one: connection: LOCAL_POSTGRES",
  });
}
