import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** A warehouse for tests of this package alone: DuckDB behind the Statement Execution API, as far as the runner uses it. */
export async function duckdbWarehouse() {
  const instance = await DuckDBInstance.create(":memory:");
  const setup = await instance.connect();
  await setup.run("attach ':memory:' as test");
  const running = new Map<string, DuckDBConnection>();
  const cancelled: string[] = [];
  const statements: string[] = [];
  const answers = new Map<string, unknown>();
  let next = 0;

  async function run(id: string, sql: string): Promise<void> {
    const connection = await instance.connect();
    running.set(id, connection);
    try {
      const reader = await connection.runAndReadAll(toDuckdb(sql));
      const columns = reader
        .deduplicatedColumnNames()
        .map((name, index) => ({ name, position: index, type_text: String(reader.columnTypes()[index]), type_name: "STRING" }));
      const data = reader.getRows().map((row) => row.map((cell) => (cell === null ? null : String(cell))));
      answers.set(id, {
        statement_id: id,
        status: { state: "SUCCEEDED" },
        manifest: {
          format: "JSON_ARRAY",
          schema: { column_count: columns.length, columns },
          total_chunk_count: 1,
          total_row_count: data.length,
          truncated: false,
        },
        result: { chunk_index: 0, row_offset: 0, row_count: data.length, data_array: data },
      });
    } catch (error) {
      answers.set(
        id,
        cancelled.includes(id)
          ? { statement_id: id, status: { state: "CANCELED" } }
          : {
              statement_id: id,
              status: { state: "FAILED", error: { error_code: "BAD_REQUEST", message: (error as Error).message } },
            },
      );
    } finally {
      running.delete(id);
      connection.closeSync();
    }
  }

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const send = (value: unknown) => response.setHeader("content-type", "application/json").end(JSON.stringify(value));
    const path = (request.url ?? "").replace("/api/2.0/sql/statements", "");
    const [, id, action] = path.split("/");
    if (request.method === "POST" && !id) {
      const made = `statement-${++next}`;
      const { statement } = JSON.parse(Buffer.concat(chunks).toString()) as { statement: string };
      statements.push(statement);
      const done = run(made, statement);
      await Promise.race([done, new Promise((resolve) => setTimeout(resolve, 200))]);
      return void send(answers.get(made) ?? { statement_id: made, status: { state: "RUNNING" } });
    }
    if (action === "cancel") {
      cancelled.push(id!);
      running.get(id!)?.interrupt();
      return void send({});
    }
    send(answers.get(id!) ?? { statement_id: id, status: { state: "RUNNING" } });
  }

  const server = createServer((request, response) => void answer(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    statements,
    cancelled,
    async sql(text: string): Promise<(string | null)[][]> {
      const reader = await setup.runAndReadAll(text);
      return reader.getRows().map((row) => row.map((cell) => (cell === null ? null : String(cell))));
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      setup.closeSync();
      instance.closeSync();
    },
  };
}

const toDuckdb = (sql: string): string =>
  sql
    .replaceAll("`", '"')
    .replaceAll("\\'", "''")
    .replace(
      /^show (table|view)s in "(\w+)"\."(\w+)"$/,
      "select table_name as $1Name from information_schema.tables where table_catalog = '$2' and table_schema = '$3' and ('$1' = 'table' or table_type = 'VIEW')",
    );
