import { DatabricksError, DatabricksSqlError } from "./errors.ts";
import type { Requester } from "./request.ts";

export interface StatementOptions {
  /** Named markers `:name` of the statement. Everything travels as text; `type` is the SQL type to cast to, default by the value. */
  parameters?: Readonly<Record<string, string | number | boolean | bigint | null | { value: string | null; type: string }>>;
  catalog?: string;
  schema?: string;
  /** Cancels the statement in the warehouse when it aborts. */
  signal?: AbortSignal | undefined;
  /** How long the first request waits for the result: "0s" or "5s" to "50s". Default "10s", "5s" with a signal. */
  waitTimeout?: string;
  /** True when running the statement twice does no harm, so that it may go again after a lost answer. Default: only reads. */
  idempotent?: boolean;
}

export interface StatementResult {
  statementId: string;
  columns: { name: string; typeText: string }[];
  /** Every value as the warehouse writes it; null is SQL NULL. */
  rows: (string | null)[][];
}

export interface Statements {
  /**
   * Runs one SQL statement and reads its whole result.
   * @throws DatabricksSqlError when the warehouse fails or cancels it; DatabricksLostAnswerError when a write's fate is unknown.
   */
  execute(sql: string, options?: StatementOptions): Promise<StatementResult>;
}

interface Chunk {
  data_array?: (string | null)[][];
  next_chunk_index?: number;
}
interface Answer {
  statement_id: string;
  status: { state: string; error?: { error_code?: string; message?: string }; sql_state?: string };
  manifest?: { schema?: { columns?: { name: string; type_text?: string; type_name?: string }[] }; truncated?: boolean };
  result?: Chunk;
}

const path = "/api/2.0/sql/statements";

/** SQL Statement Execution API. */
export function statements(
  http: Requester,
  defaults: { warehouseId: string; catalog?: string | undefined; schema?: string | undefined },
): Statements {
  const cancel = (id: string) =>
    http.json("POST", `${path}/${encodeURIComponent(id)}/cancel`, { idempotent: true, json: {} }).catch(() => undefined);

  async function execute(sql: string, options: StatementOptions = {}): Promise<StatementResult> {
    const { signal } = options;
    signal?.throwIfAborted();
    if (!defaults.warehouseId)
      throw new DatabricksError("no SQL warehouse is configured", {
        errorCode: "INVALID_WAREHOUSE",
        hint: "Set DATABRICKS_WAREHOUSE_ID.",
      });
    const waitTimeout = options.waitTimeout ?? (signal ? "5s" : "10s");
    // The signal is not given to this request: without its answer there would be no id to cancel by.
    let answer = await http.json<Answer>("POST", path, {
      idempotent: options.idempotent ?? isRead(sql),
      json: {
        statement: sql,
        warehouse_id: defaults.warehouseId,
        catalog: options.catalog ?? defaults.catalog,
        schema: options.schema ?? defaults.schema,
        parameters: parameterList(options.parameters),
        wait_timeout: waitTimeout,
        ...(waitTimeout === "0s" ? {} : { on_wait_timeout: "CONTINUE" }),
        disposition: "INLINE",
        format: "JSON_ARRAY",
      },
    });
    const id = answer.statement_id;
    try {
      for (
        let pause = 25;
        answer.status.state === "PENDING" || answer.status.state === "RUNNING";
        pause = Math.min(pause * 1.5, 2_000)
      ) {
        await http.sleep(pause, signal);
        answer = await http.json<Answer>("GET", `${path}/${encodeURIComponent(id)}`, { signal });
      }
      if (answer.status.state !== "SUCCEEDED") throw failure(answer);
      if (answer.manifest?.truncated)
        throw new DatabricksSqlError(`the result of statement ${id} is too large to be read inline`, {
          errorCode: "RESULT_TRUNCATED",
          statementId: id,
        });
      signal?.throwIfAborted();
      const rows = [...(answer.result?.data_array ?? [])];
      for (let next = answer.result?.next_chunk_index; next !== undefined && next !== null; ) {
        const chunk = await http.json<Chunk & { external_links?: unknown }>(
          "GET",
          `${path}/${encodeURIComponent(id)}/result/chunks/${next}`,
          { signal },
        );
        for (const row of chunk.data_array ?? []) rows.push(row);
        next = chunk.next_chunk_index;
      }
      const columns = (answer.manifest?.schema?.columns ?? []).map(({ name, type_text, type_name }) => ({
        name,
        typeText: type_text ?? type_name ?? "STRING",
      }));
      return { statementId: id, columns, rows };
    } catch (error) {
      if (signal?.aborted) await cancel(id);
      throw error;
    }
  }

  return { execute };
}

function failure(answer: Answer): DatabricksSqlError {
  const { state, error, sql_state } = answer.status;
  return new DatabricksSqlError(error?.message ?? `statement ${answer.statement_id} ended ${state}`, {
    errorCode: error?.error_code ?? state,
    sqlState: sql_state,
    statementId: answer.statement_id,
  });
}

/** Whether the statement only reads, so that running it twice does no harm. */
export function isRead(sql: string): boolean {
  const text = sql.replace(/^(\s|--[^\n]*(\n|$)|\/\*[\s\S]*?\*\/|\()+/, "");
  if (/^with\b/i.test(text)) return !/\b(insert|update|delete|merge)\b/i.test(text);
  return /^(select|values|show|describe|desc|explain|list)\b/i.test(text);
}

function parameterList(parameters: StatementOptions["parameters"]) {
  return Object.entries(parameters ?? {}).map(([name, given]) => {
    if (given !== null && typeof given === "object") return { name, ...given };
    if (given === null) return { name, type: "STRING" };
    return { name, value: String(given), type: typeOf(given) };
  });
}

function typeOf(value: string | number | boolean | bigint): string {
  if (typeof value === "boolean") return "BOOLEAN";
  if (typeof value === "bigint") return "BIGINT";
  if (typeof value === "number") return Number.isSafeInteger(value) ? "BIGINT" : "DOUBLE";
  return "STRING";
}

/** A name as a SQL identifier, quoted with backticks. */
export function quoteName(name: string): string {
  if (name.includes("\0") || name.length === 0)
    throw new DatabricksError(`"${name}" cannot be a SQL name`, { errorCode: "INVALID_NAME" });
  return `\`${name.replaceAll("`", "``")}\``;
}

/** A text as a SQL string literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
