import { randomUUID } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import type { Parameter } from "@kc/sql-dialect";
import { execute } from "../sql/execute.ts";
import { type Failure, failureOf } from "../sql/failure.ts";
import type { Column, ResultSet } from "../sql/result.ts";
import { newSession } from "../sql/session.ts";
import { type Workspace, withConnection } from "../workspace.ts";

export interface StatementRequest {
  statement: string;
  parameters: Parameter[];
  catalog: string | undefined;
  schema: string | undefined;
  external: boolean;
  rowLimit: number | undefined;
  byteLimit: number | undefined;
}

export interface Chunk {
  rowOffset: number;
  rowCount: number;
  byteCount: number;
  /** The rows as a JSON array, while the result is small; else it lies in a file. */
  text: string | undefined;
}

export interface StatementRecord {
  id: string;
  request: StatementRequest;
  state: "PENDING" | "RUNNING" | "SUCCEEDED" | "FAILED" | "CANCELED" | "CLOSED";
  error: Failure | undefined;
  columns: Column[];
  chunks: Chunk[];
  truncated: boolean;
  done: Promise<void>;
  cancel: () => void;
}

const inlineLimit = 25 * 1024 * 1024;
const chunkBytes = { inline: 4 * 1024 * 1024, external: 16 * 1024 * 1024 };
const keptInMemory = 256 * 1024;
const retentionMs = 3600 * 1000;
const concurrent = 16;

/** The statements of the last hour, with their results. */
export class StatementStore {
  readonly #workspace: Workspace;
  readonly #records = new Map<string, StatementRecord>();
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(workspace: Workspace) {
    this.#workspace = workspace;
  }

  get(id: string): StatementRecord | undefined {
    return this.#records.get(id);
  }

  start(request: StatementRequest): StatementRecord {
    const record: StatementRecord = {
      id: randomUUID(),
      request,
      state: "PENDING",
      error: undefined,
      columns: [],
      chunks: [],
      truncated: false,
      done: Promise.resolve(),
      cancel: () => undefined,
    };
    this.#records.set(record.id, record);
    record.done = this.#run(record).finally(() => {
      setTimeout(() => void this.#forget(record.id), retentionMs).unref();
    });
    return record;
  }

  async #run(record: StatementRecord): Promise<void> {
    let canceled = false;
    record.cancel = () => {
      canceled = true;
    };
    if (this.#running >= concurrent) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
    try {
      if (canceled) record.state = "CANCELED";
      else {
        record.state = "RUNNING";
        await withConnection(this.#workspace, (connection) => this.#work(record, connection, () => canceled));
        record.state = "SUCCEEDED";
      }
    } catch (error) {
      record.chunks = [];
      record.error = canceled ? undefined : failureOf(error);
      record.state = canceled ? "CANCELED" : "FAILED";
    } finally {
      this.#running--;
      this.#waiting.shift()?.();
    }
  }

  async #work(record: StatementRecord, connection: DuckDBConnection, canceled: () => boolean): Promise<void> {
    const mark = record.cancel;
    // A statement is several queries of DuckDB: the interruption is repeated until one of them hears it.
    let timer: NodeJS.Timeout | undefined;
    record.cancel = () => {
      mark();
      connection.interrupt();
      timer ??= setInterval(() => connection.interrupt(), 20);
    };
    try {
      const { catalog, schema, statement, parameters } = record.request;
      const session = newSession(this.#workspace, connection, catalog, schema);
      const result = await execute(session, statement, parameters);
      record.columns = result.columns;
      const collector = new ChunkCollector(record, join(this.#workspace.paths.results, record.id));
      for await (const rows of batches(connection, result)) {
        if (canceled()) throw new Error("canceled");
        if (!(await collector.add(rows))) break;
      }
      await collector.flush();
    } finally {
      clearInterval(timer);
    }
  }

  async chunk(record: StatementRecord, index: number): Promise<string | undefined> {
    const chunk = record.chunks[index];
    return chunk === undefined
      ? undefined
      : (chunk.text ?? (await readFile(join(this.#workspace.paths.results, record.id, `${index}.json`), "utf8")));
  }

  async #forget(id: string): Promise<void> {
    this.#records.delete(id);
    await rm(join(this.#workspace.paths.results, id), { recursive: true, force: true });
  }
}

async function* batches(connection: DuckDBConnection, result: ResultSet): AsyncGenerator<(string | null)[][]> {
  if (result.sql === undefined) {
    yield result.rows ?? [];
    return;
  }
  const stream = await connection.stream(result.sql);
  for (;;) {
    const chunk = await stream.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return;
    yield chunk.getRows() as (string | null)[][];
  }
}

/** Cuts a stream of rows into chunks of bounded size; big results go to disk as they come. */
class ChunkCollector {
  readonly #record: StatementRecord;
  readonly #dir: string;
  #rows: string[] = [];
  #bytes = 0;
  #total = 0;
  #count = 0;

  constructor(record: StatementRecord, dir: string) {
    this.#record = record;
    this.#dir = dir;
  }

  /** False when a limit of the request is reached and no more rows are wanted. */
  async add(rows: (string | null)[][]): Promise<boolean> {
    const { rowLimit, byteLimit, external } = this.#record.request;
    for (const row of rows) {
      if (this.#count === rowLimit) return this.#truncate();
      const text = JSON.stringify(row);
      const bytes = Buffer.byteLength(text) + 1;
      if (byteLimit !== undefined && this.#total + bytes > byteLimit) return this.#truncate();
      this.#rows.push(text);
      this.#bytes += bytes;
      this.#total += bytes;
      this.#count++;
      if (!external && this.#total > inlineLimit) {
        throw new Error(
          `Inline byte limit exceeded. Statements executed with disposition=INLINE can have a result size of at most ${inlineLimit} bytes. Please execute the statement with disposition=EXTERNAL_LINKS if you want to download the full result.`,
        );
      }
      if (this.#bytes >= (external ? chunkBytes.external : chunkBytes.inline)) await this.flush();
    }
    return true;
  }

  #truncate(): boolean {
    this.#record.truncated = true;
    return false;
  }

  async flush(): Promise<void> {
    if (this.#rows.length === 0) return;
    const text = `[${this.#rows.join(",")}]`;
    const index = this.#record.chunks.length;
    const keep = index === 0 && text.length <= keptInMemory;
    if (!keep) {
      await mkdir(this.#dir, { recursive: true });
      await writeFile(join(this.#dir, `${index}.json`), text);
    }
    this.#record.chunks.push({
      rowOffset: this.#count - this.#rows.length,
      rowCount: this.#rows.length,
      byteCount: Buffer.byteLength(text),
      text: keep ? text : undefined,
    });
    this.#rows = [];
    this.#bytes = 0;
  }
}
