import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { ApiError, invalid } from "../api-error.ts";
import type { App } from "../server.ts";
import { columnInfo } from "../sql/result.ts";
import type { Workspace } from "../workspace.ts";
import { type StatementRecord, StatementStore } from "./statement-store.ts";

const requestBody = z.object({
  statement: z.string().min(1),
  warehouse_id: z.string().min(1),
  catalog: z.string().optional(),
  schema: z.string().optional(),
  parameters: z.array(z.object({ name: z.string(), value: z.string().nullish(), type: z.string().optional() })).default([]),
  wait_timeout: z.string().default("10s"),
  on_wait_timeout: z.enum(["CONTINUE", "CANCEL"]).default("CONTINUE"),
  disposition: z.enum(["INLINE", "EXTERNAL_LINKS"]).default("INLINE"),
  format: z.enum(["JSON_ARRAY", "ARROW_STREAM", "CSV"]).default("JSON_ARRAY"),
  row_limit: z.coerce.number().int().min(0).optional(),
  byte_limit: z.coerce.number().int().min(0).optional(),
});

/** Links to results are good for this long. */
const linkMs = 15 * 60 * 1000;

export function statementRoutes(app: App, workspace: Workspace): void {
  const store = new StatementStore(workspace);
  const key = randomBytes(32);
  const sign = (path: string, expires: number) => createHmac("sha256", key).update(`${path}\n${expires}`).digest("hex");

  app.post("/api/2.0/sql/statements", async (c) => {
    const parsed = requestBody.safeParse(await c.req.json());
    if (!parsed.success) throw invalid(z.prettifyError(parsed.error));
    const body = parsed.data;
    if (body.warehouse_id !== workspace.settings.warehouseId)
      throw new ApiError(
        404,
        "NOT_FOUND",
        `SQL warehouse ${body.warehouse_id} does not exist. The local workspace has one: ${workspace.settings.warehouseId}.`,
      );
    if (body.format !== "JSON_ARRAY")
      throw invalid(
        `The local workspace does not give results in the format ${body.format}. Use JSON_ARRAY, with disposition EXTERNAL_LINKS for results over 25 MiB.`,
      );
    const wait = /^(\d+)s$/.exec(body.wait_timeout)?.[1];
    const seconds = Number(wait);
    if (wait === undefined || (seconds !== 0 && (seconds < 5 || seconds > 50)))
      throw invalid(`wait_timeout must be 0s, or between 5s and 50s: ${body.wait_timeout}`);
    const record = store.start({
      statement: body.statement,
      parameters: body.parameters,
      catalog: body.catalog?.toLowerCase(),
      schema: body.schema?.toLowerCase(),
      external: body.disposition === "EXTERNAL_LINKS",
      rowLimit: body.row_limit === 0 ? undefined : body.row_limit,
      byteLimit: body.byte_limit === 0 ? undefined : body.byte_limit,
    });
    if (seconds === 0) return c.json({ statement_id: record.id, status: { state: "PENDING" } });
    const timer = new AbortController();
    await Promise.race([record.done, sleep(seconds * 1000, undefined, { signal: timer.signal }).catch(() => undefined)]);
    timer.abort();
    if (active(record) && body.on_wait_timeout === "CANCEL") {
      record.cancel();
      await record.done;
    }
    return c.json(await answer(record));
  });

  app.get("/api/2.0/sql/statements/:id", async (c) => c.json(await answer(find(c.req.param("id")))));

  app.post("/api/2.0/sql/statements/:id/cancel", (c) => {
    const record = find(c.req.param("id"));
    if (active(record)) record.cancel();
    return c.json({});
  });

  app.get("/api/2.0/sql/statements/:id/result/chunks/:index", async (c) => {
    const record = find(c.req.param("id"));
    const index = Number(c.req.param("index"));
    if (record.state !== "SUCCEEDED")
      throw new ApiError(400, "INVALID_STATE", `The statement ${record.id} is ${record.state}: it has no result.`);
    if (!Number.isInteger(index) || record.chunks[index] === undefined)
      throw invalid(`The statement has no chunk ${c.req.param("index")}: it has ${record.chunks.length}.`);
    return c.json(await chunkBody(record, index));
  });

  app.get("/external/:id/:index", async (c) => {
    const expires = Number(c.req.query("expires"));
    const given = Buffer.from(c.req.query("signature") ?? "");
    const expected = Buffer.from(sign(c.req.path, expires));
    if (given.length !== expected.length || !timingSafeEqual(given, expected) || !(expires > Date.now()))
      throw new ApiError(403, "PERMISSION_DENIED", "The link has expired or is not one of ours.");
    const record = find(c.req.param("id"));
    return c.body((await store.chunk(record, Number(c.req.param("index")))) ?? "[]", 200, { "content-type": "application/json" });
  });

  function find(id: string): StatementRecord {
    const record = store.get(id);
    if (record === undefined) throw new ApiError(404, "NOT_FOUND", `The statement ${id} was not found.`);
    return record;
  }

  const active = (record: StatementRecord) => record.state === "PENDING" || record.state === "RUNNING";

  async function answer(record: StatementRecord) {
    const { state, error, columns, chunks } = record;
    const base = { statement_id: record.id };
    if (error !== undefined)
      return {
        ...base,
        status: { state, error: { error_code: error.error_code, message: error.message }, sql_state: error.sql_state },
      };
    if (state !== "SUCCEEDED") return { ...base, status: { state } };
    const manifest = {
      format: "JSON_ARRAY",
      schema: { column_count: columns.length, ...(columns.length > 0 ? { columns: columns.map(columnInfo) } : {}) },
      total_chunk_count: chunks.length,
      chunks: chunks.map((chunk, index) => ({
        chunk_index: index,
        row_offset: chunk.rowOffset,
        row_count: chunk.rowCount,
        byte_count: chunk.byteCount,
      })),
      total_row_count: chunks.reduce((sum, chunk) => sum + chunk.rowCount, 0),
      total_byte_count: chunks.reduce((sum, chunk) => sum + chunk.byteCount, 0),
      truncated: record.truncated,
    };
    return { ...base, status: { state }, manifest, result: chunks.length === 0 ? {} : await chunkBody(record, 0) };
  }

  async function chunkBody(record: StatementRecord, index: number) {
    const chunk = record.chunks[index];
    if (chunk === undefined) return {};
    const more = index + 1 < record.chunks.length;
    const next = more
      ? {
          next_chunk_index: index + 1,
          next_chunk_internal_link: `/api/2.0/sql/statements/${record.id}/result/chunks/${index + 1}?row_offset=${chunk.rowOffset + chunk.rowCount}`,
        }
      : {};
    const place = { chunk_index: index, row_offset: chunk.rowOffset, row_count: chunk.rowCount };
    if (!record.request.external)
      return { ...place, ...next, data_array: JSON.parse((await store.chunk(record, index)) ?? "[]") };
    const path = `/external/${record.id}/${index}`;
    const expires = Date.now() + linkMs;
    const link = `${workspace.url}${path}?expires=${expires}&signature=${sign(path, expires)}`;
    return {
      external_links: [
        { ...place, byte_count: chunk.byteCount, ...next, external_link: link, expiration: new Date(expires).toISOString() },
      ],
    };
  }
}
