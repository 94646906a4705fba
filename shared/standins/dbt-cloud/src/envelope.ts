import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";

/** What every answer but an artifact looks like. */
const status = (code: number, message: string) => ({
  code,
  is_success: code < 400,
  user_message: message,
  developer_message: "",
});

export const ok = (c: Context, data: unknown, code: ContentfulStatusCode = 200, extra: Record<string, unknown> = {}): Response =>
  c.json({ status: status(code, "Success!"), data, extra }, code);

export const refusal = (c: Context, code: ContentfulStatusCode, message: string): Response =>
  c.json({ status: status(code, message), data: null }, code);

/** A request that cannot be granted: thrown by routes, answered with the envelope. */
export class ApiError extends Error {
  readonly code: ContentfulStatusCode;
  constructor(code: ContentfulStatusCode, message: string) {
    super(message);
    this.code = code;
  }
}

export const notFound = (): ApiError => new ApiError(404, "The requested resource was not found.");

/** One page of a list and what there is in all. */
export function page<T>(c: Context, items: T[], total: number, paging: Paging, filters: Record<string, unknown> = {}): Response {
  return ok(c, items, 200, {
    filters: { ...filters, limit: paging.limit, offset: paging.offset },
    order_by: paging.orderBy,
    pagination: { count: items.length, total_count: total },
  });
}

export interface Paging {
  limit: number;
  offset: number;
  orderBy: string;
}

/** dbt Cloud gives at most 100 records at once. */
export function paging(c: Context, orderBy = "id"): Paging {
  return {
    limit: Math.min(100, whole(c, "limit", 100)),
    offset: whole(c, "offset", 0),
    orderBy: c.req.query("order_by") || orderBy,
  };
}

function whole(c: Context, name: string, fallback: number): number {
  const text = c.req.query(name);
  if (text === undefined || text === "") return fallback;
  if (!/^\d{1,9}$/.test(text)) throw new ApiError(400, `${name} must be a whole number`);
  return Number(text);
}

/** An id of the path. Anything but a number names nothing. */
export function pathId(c: Context, name: string): number {
  const text = c.req.param(name) ?? "";
  if (!/^\d{1,15}$/.test(text)) throw notFound();
  return Number(text);
}

/** The body as a JSON object. */
export async function body(c: Context): Promise<Record<string, unknown>> {
  const value: unknown = await c.req.json().catch(() => undefined);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new ApiError(400, "The body must be a JSON object.");
  return value as Record<string, unknown>;
}

/** An instant as dbt Cloud writes it: "2026-01-31 12:00:00.000000+00:00". */
export const instant = (ms: number | null): string | null =>
  ms === null ? null : `${new Date(ms).toISOString().replace("T", " ").replace("Z", "")}000+00:00`;

/** "00:01:05" */
export function clock(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}
