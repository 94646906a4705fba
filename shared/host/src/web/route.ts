import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { didYouMean } from "@kc/runtime/internal";
import { errorSchema } from "../client/schemas.ts";

export type App = OpenAPIHono;

export const none = z.object({});

const json = <S extends z.ZodType>(schema: S, description: string) => ({
  description,
  content: { "application/json": { schema } },
});
const failures = {
  400: json(errorSchema, "The request is wrong; the text says how"),
  404: json(errorSchema, "There is nothing of that name"),
};

/** A parameter that a route does not have would select nothing, and answer everything. */
function strict<Q extends z.ZodObject>(query: Q): Q {
  const known = Object.keys(query.shape);
  return z.strictObject(query.shape, {
    error: (issue) =>
      issue.code === "unrecognized_keys" ? unknownParameter((issue as { keys: string[] }).keys[0]!, known) : undefined,
  }) as unknown as Q;
}

/** The text for a query parameter that a route does not have. */
export const unknownParameter = (name: string, known: readonly string[]): string =>
  `there is no query parameter "${name}".${didYouMean(name, known) || ` This route takes ${known.join(", ") || "none"}.`}`;

/** A GET route with its query and answer. */
export function get<P extends string, Q extends z.ZodObject, A extends z.ZodType>(path: P, summary: string, query: Q, answer: A) {
  return createRoute({
    method: "get",
    path,
    summary,
    request: { query: strict(query) },
    responses: { 200: json(answer, "The answer"), ...failures },
  });
}

/** A POST route with its body and answer. */
export function post<P extends string, B extends z.ZodType, A extends z.ZodType>(path: P, summary: string, body: B, answer: A) {
  return createRoute({
    method: "post",
    path,
    summary,
    request: { query: strict(none), body: { required: true, content: { "application/json": { schema: body } } } },
    responses: { 200: json(answer, "The answer"), ...failures },
  });
}

export const list = z.array;

/** A number of a query, within limits. */
export const count = (max: number) => z.coerce.number().int().min(0).max(max).optional();

/** Nothing of that name: becomes a 404. */
export class NotFound extends Error {
  override readonly name = "NotFound";
}
