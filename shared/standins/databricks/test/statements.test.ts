import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newState, removeState, type Standin, startStandin } from "./standin.ts";

let standin: Standin;
const state = newState();
beforeAll(async () => {
  standin = await startStandin(state);
});
afterAll(async () => {
  await standin.stop();
  removeState(state);
});

const statements = "/api/2.0/sql/statements";
const start = (statement: string, more: Record<string, unknown> = {}) =>
  standin.call("POST", statements, { statement, warehouse_id: standin.variables.DATABRICKS_WAREHOUSE_ID, ...more });
async function finished(id: string) {
  for (;;) {
    const { body } = await standin.call("GET", `${statements}/${id}`);
    if (body.status.state !== "PENDING" && body.status.state !== "RUNNING") return body;
  }
}

describe("authentication", () => {
  test("a missing or wrong token is 401 with an error code", async () => {
    const none = await fetch(`${standin.url}${statements}`, { method: "POST", body: "{}" });
    expect([none.status, ((await none.json()) as Record<string, unknown>).error_code]).toEqual([401, "UNAUTHENTICATED"]);
    const wrong = await standin.call("GET", "/api/2.0/sql/warehouses", undefined, { authorization: "Bearer nope" });
    expect([wrong.status, wrong.body.error_code]).toEqual([401, "INVALID_TOKEN"]);
  });
  test("discovery needs none and another host name is refused", async () => {
    expect((await fetch(`${standin.url}/.well-known/databricks-config`)).status).toBe(200);
    expect((await standin.call("GET", "/api/2.0/preview/scim/v2/Me")).headers.get("x-databricks-org-id")).toMatch(/^\d+$/);
  });
  test("an unknown route names method and path", async () => {
    const { status, body } = await standin.call("GET", "/api/2.0/clusters/list");
    expect([status, body.error_code, body.message]).toEqual([
      404,
      "ENDPOINT_NOT_FOUND",
      expect.stringContaining("GET /api/2.0/clusters/list"),
    ]);
  });
});

describe("a statement", () => {
  test("answers with a manifest and text values", async () => {
    const { body } = await start(
      "SELECT 1 AS i, CAST(1.50 AS DECIMAL(10,2)) AS d, TIMESTAMP '2024-01-02 03:04:05' AS t, NULL AS n, array(1, 2) AS a, 2.0D AS f",
    );
    expect(body.status).toEqual({ state: "SUCCEEDED" });
    expect(body.manifest).toMatchObject({ format: "JSON_ARRAY", total_row_count: 1, total_chunk_count: 1, truncated: false });
    expect(body.manifest.schema.columns.map((c: Record<string, unknown>) => [c.name, c.type_text, c.type_name])).toEqual([
      ["i", "INT", "INT"],
      ["d", "DECIMAL(10,2)", "DECIMAL"],
      ["t", "TIMESTAMP", "TIMESTAMP"],
      ["n", "INT", "INT"],
      ["a", "array<int>", "ARRAY"],
      ["f", "DOUBLE", "DOUBLE"],
    ]);
    expect(body.result.data_array).toEqual([["1", "1.50", "2024-01-02T03:04:05.000Z", null, "[1,2]", "2.0"]]);
  });
  test("without rows has no chunks", async () => {
    const { body } = await start("SELECT 1 AS a WHERE false");
    expect(body).toMatchObject({
      status: { state: "SUCCEEDED" },
      manifest: { total_chunk_count: 0, total_row_count: 0 },
      result: {},
    });
  });
  test("that fails is HTTP 200 with state FAILED and an SQLSTATE", async () => {
    const missing = await start("SELECT * FROM nowhere");
    expect(missing.status).toBe(200);
    expect(missing.body.status).toMatchObject({
      state: "FAILED",
      sql_state: "42P01",
      error: { error_code: "BAD_REQUEST", message: expect.stringContaining("TABLE_OR_VIEW_NOT_FOUND") },
    });
    expect((await start("SELEC 1")).body.status).toMatchObject({ state: "FAILED", sql_state: "0A000" });
    expect((await start("SELECT a FROM (SELECT 1 AS b)")).body.status.sql_state).toBe("42703");
    expect((await start("SELECT 1/0")).body.status.sql_state).toBe("22012");
    expect((await start("SELECT * FROM read_csv('/etc/passwd')")).body.status.sql_state).toBe("0A000");
    expect((await start("SELECT * FROM csv.`/etc/passwd`")).body.status.state).toBe("FAILED");
    expect((await start("SELECT * FROM parquet.`/Volumes/test/main/kc_staging/../../x`")).body.status.state).toBe("FAILED");
  });
  test("binds named parameters as values, never as SQL", async () => {
    const parameters = [
      { name: "s", value: "it's; DROP TABLE x --" },
      { name: "n", value: "42", type: "BIGINT" },
      { name: "d", value: "2024-02-29", type: "DATE" },
      { name: "z", type: "INT" },
      { name: "t", value: "main.params" },
    ];
    await standin.sql("CREATE TABLE main.params (a STRING)");
    await standin.sql("INSERT INTO IDENTIFIER(:t) SELECT :s", { parameters });
    expect(await standin.sql("SELECT a, :n + 1, :d, :z FROM IDENTIFIER(:t) WHERE a = :s", { parameters })).toEqual([
      ["it's; DROP TABLE x --", "43", "2024-02-29", null],
    ]);
    expect((await start("SELECT :nope", { parameters })).body.status.sql_state).toBe("42P02");
  });
  test("with wait_timeout 0s is PENDING at once and found again", async () => {
    const { body } = await start("SELECT 7", { wait_timeout: "0s" });
    expect(body).toEqual({ statement_id: expect.any(String), status: { state: "PENDING" } });
    expect((await finished(body.statement_id)).result.data_array).toEqual([["7"]]);
    expect((await standin.call("GET", `${statements}/nope`)).status).toBe(404);
  });
  test("of many rows comes in chunks that join without gap", async () => {
    const { body } = await start("SELECT id, repeat('x', 40) AS pad FROM range(150000)", { wait_timeout: "50s" });
    expect(body.manifest.total_row_count).toBe(150000);
    expect(body.manifest.total_chunk_count).toBeGreaterThan(1);
    let rows = body.result.data_array.length;
    let next = body.result.next_chunk_internal_link;
    while (next) {
      const chunk = (await standin.call("GET", next)).body;
      expect(chunk.row_offset).toBe(rows);
      rows += chunk.data_array.length;
      next = chunk.next_chunk_internal_link;
    }
    expect(rows).toBe(150000);
  });
  test("over 25 MiB inline fails, and by external links it does not", async () => {
    const big = "SELECT id, repeat('x', 1000) AS pad FROM range(40000)";
    expect((await start(big, { wait_timeout: "50s" })).body.status.error.message).toContain("EXTERNAL_LINKS");
    const { body } = await start(big, { wait_timeout: "50s", disposition: "EXTERNAL_LINKS" });
    let rows = 0;
    for (let index = 0; index < body.manifest.total_chunk_count; index++) {
      const { external_links } = (await standin.call("GET", `${statements}/${body.statement_id}/result/chunks/${index}`)).body;
      rows += ((await (await fetch(external_links[0].external_link)).json()) as unknown[]).length;
      expect((await fetch(external_links[0].external_link.replace(/.$/, "0").replace(/signature=./, "signature=_"))).status).toBe(
        403,
      );
    }
    expect(rows).toBe(40000);
  });
  test("stops at row_limit and says so", async () => {
    const { body } = await start("SELECT id FROM range(10) ORDER BY id", { row_limit: 3 });
    expect(body.manifest).toMatchObject({ truncated: true, total_row_count: 3 });
  });
  test("can be cancelled", async () => {
    const { body } = await start("SELECT count(*) FROM range(3000000000) a, range(3000) b WHERE a.id % 7 = b.id", {
      wait_timeout: "0s",
    });
    expect((await standin.call("POST", `${statements}/${body.statement_id}/cancel`)).body).toEqual({});
    expect((await finished(body.statement_id)).status).toEqual({ state: "CANCELED" });
  });
  test("refuses bad requests", async () => {
    expect((await start("SELECT 1", { wait_timeout: "3s" })).status).toBe(400);
    expect((await start("SELECT 1", { format: "ARROW_STREAM" })).body.message).toContain("ARROW_STREAM");
    expect((await start("SELECT 1", { warehouse_id: "zz" })).status).toBe(404);
    expect((await standin.call("POST", statements, "{not json")).body.error_code).toBe("MALFORMED_REQUEST");
  });
});

describe("tables", () => {
  test("are made, changed, described and dropped", async () => {
    await standin.sql(
      "CREATE OR REPLACE TABLE `test`.`main`.`people` USING DELTA COMMENT 'who' AS SELECT 1 AS id, 'Ann' AS name UNION ALL SELECT 2, 'Bob'",
    );
    await standin.sql("INSERT INTO people VALUES (3, 'Cy')");
    expect(await standin.sql("UPDATE people SET name = upper(name) WHERE id = 1")).toEqual([["1"]]);
    expect(await standin.sql("DELETE FROM test.main.people WHERE people.id = 2")).toEqual([["1"]]);
    const merge = `MERGE INTO main.people t USING (SELECT 3 AS id, 'Cyd' AS name UNION ALL SELECT 4, 'Dee') s ON t.id = s.id
      WHEN MATCHED THEN UPDATE SET * WHEN NOT MATCHED THEN INSERT *`;
    expect(await standin.sql(merge)).toEqual([["2", "1", "0", "1"]]);
    expect(await standin.sql("SELECT * FROM people ORDER BY id")).toEqual([
      ["1", "ANN"],
      ["3", "Cyd"],
      ["4", "Dee"],
    ]);
    expect(await standin.sql("SELECT count(*) FROM people VERSION AS OF 0")).toEqual([["2"]]);
    expect((await standin.sql("DESCRIBE HISTORY people")).map((row) => [row[0], row[3]])).toEqual([
      ["4", "MERGE"],
      ["3", "DELETE"],
      ["2", "UPDATE"],
      ["1", "WRITE"],
      ["0", "CREATE TABLE AS SELECT"],
    ]);
    expect(await standin.sql("DESCRIBE TABLE people")).toEqual([
      ["id", "int", null],
      ["name", "string", null],
    ]);
    await standin.sql("ALTER TABLE people ADD COLUMNS (age INT COMMENT 'years')");
    await standin.sql("INSERT OVERWRITE people (id, age) SELECT 9, 99");
    expect(await standin.sql("SELECT id, name, age FROM people")).toEqual([["9", null, "99"]]);
    expect(await standin.sql("SHOW TABLES IN test.main LIKE 'peop*'")).toEqual([["main", "people", "false"]]);
    await standin.sql("ALTER TABLE people RENAME TO folk");
    await standin.sql("TRUNCATE TABLE folk");
    expect(await standin.sql("SELECT count(*) FROM folk")).toEqual([["0"]]);
    await standin.sql("DROP TABLE folk");
    await standin.sql("DROP TABLE IF EXISTS folk");
    await expect(standin.sql("DROP TABLE folk")).rejects.toThrow("TABLE_OR_VIEW_NOT_FOUND");
  });
  test("views keep the catalog and schema they were made in", async () => {
    await standin.sql("CREATE SCHEMA IF NOT EXISTS other");
    await standin.sql("CREATE TABLE other.base AS SELECT 1 AS x");
    await standin.sql("CREATE OR REPLACE VIEW other.v COMMENT 'it\\'s' AS SELECT x + 1 AS y, 'it\\'s' AS q FROM base", {
      schema: "other",
    });
    expect(await standin.sql("SELECT * FROM test.other.v")).toEqual([["2", "it's"]]);
    await expect(standin.sql("CREATE OR REPLACE VIEW other.v AS SELECT * FROM other.v")).rejects.toThrow("would read itself");
    await expect(standin.sql("DROP TABLE other.v")).rejects.toThrow("use DROP VIEW");
    await standin.sql("DROP SCHEMA other CASCADE");
    await expect(standin.sql("SELECT 1 FROM other.base")).rejects.toThrow("TABLE_OR_VIEW_NOT_FOUND");
  });
  test("take sixteen writers at once, and each row is there once", async () => {
    await standin.sql("CREATE TABLE busy (w INT, i INT)");
    await Promise.all(
      Array.from({ length: 16 }, async (_, w) => standin.sql(`INSERT INTO busy SELECT ${w}, CAST(id AS INT) FROM range(5)`)),
    );
    expect(await standin.sql("SELECT count(*), count(DISTINCT w * 100 + i) FROM busy")).toEqual([["80", "80"]]);
  });
  test("load files from a volume, each once", async () => {
    const file = "/Volumes/test/main/kc_staging/load/part-1.csv";
    expect((await standin.call("PUT", `/api/2.0/fs/files${file}`, "id,name\n1,Ann\n2,Bob\n")).status).toBe(204);
    await standin.sql("CREATE TABLE loaded (id BIGINT, name STRING)");
    const copy = "COPY INTO loaded FROM '/Volumes/test/main/kc_staging/load' FILEFORMAT = CSV FORMAT_OPTIONS ('header' = 'true')";
    expect(await standin.sql(copy)).toEqual([["2", "2"]]);
    expect(await standin.sql(copy)).toEqual([["0", "0"]]);
    expect(await standin.sql("SELECT * FROM loaded ORDER BY id")).toEqual([
      ["1", "Ann"],
      ["2", "Bob"],
    ]);
    await standin.sql(`CREATE OR REPLACE TABLE loaded AS SELECT * FROM read_files('${file}', format => 'csv', header => true)`);
    expect(
      (await standin.call("GET", "/api/2.1/unity-catalog/tables/test.main.loaded")).body.columns.map(
        (c: { type_text: string }) => c.type_text,
      ),
    ).toEqual(["bigint", "string"]);
  });
});
