import { afterEach, describe, expect, test } from "vitest";
import { DatabricksLostAnswerError, DatabricksSqlError, databricksClient, isRead, quoteName, quoteText } from "../src/client.ts";
import { fakeWorkspace, type Reply, type Seen } from "./fake-workspace.ts";

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const each of open.splice(0)) each.close();
});

async function warehouse(
  reply: (seen: Seen, nth: number) => Reply,
  sleep: (ms: number, signal?: AbortSignal) => Promise<void> = async () => {},
) {
  const server = await fakeWorkspace(reply);
  const client = databricksClient({ host: server.host, token: "t", warehouseId: "w1", catalog: "test", schema: "main", sleep });
  open.push(server, client);
  return { client, seen: server.seen };
}
const running: Reply = { json: { statement_id: "s", status: { state: "RUNNING" } } };

describe("statements.execute()", () => {
  test("waits for the statement and reads every chunk of its result", async () => {
    const { client, seen } = await warehouse((request, nth) => {
      if (nth < 3) return running;
      if (request.path.includes("/chunks/")) return { json: { data_array: [["2", null]] } };
      const columns = [
        { name: "id", type_text: "BIGINT" },
        { name: "n", type_text: "STRING" },
      ];
      return {
        json: {
          statement_id: "s",
          status: { state: "SUCCEEDED" },
          manifest: { schema: { columns } },
          result: { data_array: [["1", "a"]], next_chunk_index: 1 },
        },
      };
    });
    await expect(
      client.statements.execute("select id, n from t where day = :day", {
        parameters: { day: "d", n: 3, big: 2n ** 60n, none: null },
      }),
    ).resolves.toEqual({
      statementId: "s",
      columns: [
        { name: "id", typeText: "BIGINT" },
        { name: "n", typeText: "STRING" },
      ],
      rows: [
        ["1", "a"],
        ["2", null],
      ],
    });
    expect(JSON.parse(seen[0]!.body)).toMatchObject({
      warehouse_id: "w1",
      catalog: "test",
      schema: "main",
      parameters: [
        { name: "day", value: "d", type: "STRING" },
        { name: "n", value: "3", type: "BIGINT" },
        { name: "big", value: "1152921504606846976", type: "BIGINT" },
        { name: "none", type: "STRING" },
      ],
    });
  });

  test("a failed statement is a DatabricksSqlError with code and SQL state", async () => {
    const { client } = await warehouse(() => ({
      json: {
        statement_id: "s",
        status: {
          state: "FAILED",
          sql_state: "42P01",
          error: { error_code: "BAD_REQUEST", message: "[TABLE_OR_VIEW_NOT_FOUND] t" },
        },
      },
    }));
    const error = await client.statements.execute("select * from t").catch((e: unknown) => e);
    expect(error).toBeInstanceOf(DatabricksSqlError);
    expect(error).toMatchObject({
      sqlState: "42P01",
      errorCode: "BAD_REQUEST",
      statementId: "s",
      message: "[TABLE_OR_VIEW_NOT_FOUND] t",
    });
  });

  test("an aborted signal cancels the statement in the warehouse", async () => {
    const abort = new AbortController();
    const sleep = async (_: number, signal?: AbortSignal) => {
      abort.abort(new Error("cancelled by test"));
      signal?.throwIfAborted();
    };
    const { client, seen } = await warehouse(() => running, sleep);
    await expect(client.statements.execute("select 1", { signal: abort.signal })).rejects.toThrow("cancelled by test");
    expect(seen.at(-1)!.path).toBe("/api/2.0/sql/statements/s/cancel");
  });

  test("a read whose answer is lost goes again, a write does not", async () => {
    const { client, seen } = await warehouse((_, nth) =>
      nth === 2 ? { json: { statement_id: "s", status: { state: "SUCCEEDED" }, result: {} } } : "drop",
    );
    await expect(client.statements.execute("select 1")).resolves.toMatchObject({ rows: [] });
    await expect(client.statements.execute("insert into t values (1)")).rejects.toBeInstanceOf(DatabricksLostAnswerError);
    expect(seen).toHaveLength(3);
  });
});

test.each([
  ["select 1", true],
  ["  -- a comment\n/* b */ (select 1)", true],
  ["with a as (select 1) select * from a", true],
  ["with a as (select 1) insert into t select * from a", false],
  ["create table t as select 1", false],
  ["delete from t", false],
])("%j reads only: %s", (sql, expected) => {
  expect(isRead(sql)).toBe(expected);
});

test("names and texts are quoted so that nothing can leave them", () => {
  expect(quoteName("a`b")).toBe("`a``b`");
  expect(quoteText("it's \\ 'x'")).toBe("'it\\'s \\\\ \\'x\\''");
  expect(() => quoteName("")).toThrow("cannot be a SQL name");
});
