import { expect, test } from "vitest";
import { z } from "zod";
import { issueWords } from "./issue-words.ts";

const words = (schema: z.ZodType, value: unknown) =>
  schema.safeParse(value, { error: issueWords }).error?.issues.map(({ path, message }) => `${path.join(".")}: ${message}`);
const missed = z.union([z.enum(["latest", "skip"]), z.strictObject({ catch_up: z.number() })]);
const kind = z.discriminatedUnion("type", [z.object({ type: z.literal("slack") }), z.object({ type: z.literal("smtp") })]);

test.each<[z.ZodType, unknown, string]>([
  [z.string(), 5, ": must be text, not 5"],
  [z.object({ name: z.string() }), {}, "name: is missing"],
  [z.number().int(), 1.5, ": must be a whole number, not 1.5"],
  [z.number().min(1), 0, ": must be at least 1"],
  [z.number().max(10), 11, ": must be at most 10"],
  [z.number().gt(0), 0, ": must be more than 0"],
  [z.coerce.number(), "many", ": must be a number"],
  [z.boolean(), "yes", ': must be true or false, not "yes"'],
  [z.array(z.string()), { a: 1 }, ": must be a list, not a mapping"],
  [z.array(z.string()).min(1), [], ": must not be empty"],
  [z.array(z.string()).max(1), ["a", "b"], ": must have at most 1 entry"],
  [z.strictObject({}), [], ": must be a mapping, not a list"],
  [z.string().min(3), "ab", ": must have at least 3 characters"],
  [z.string().startsWith("x"), "ab", ': must begin with "x"'],
  [z.enum(["constant", "linear"]), "liner", ': "liner" is none of constant, linear. Did you mean "linear"?'],
  [z.literal(true), false, ": must be true, not false"],
  [z.strictObject({ limit: z.number().optional() }), { limt: 1 }, ': there is no "limt" here. Did you mean "limit"?'],
  [z.url(), "x", ': "x" is no address'],
  [z.record(z.string().regex(/^a/, "must begin with a"), z.number()), { b: 1 }, "b: must begin with a"],
  [missed, "latst", ': "latst" is none of latest, skip. Did you mean "latest"?'],
  [z.union([z.number(), z.strictObject({})]), "x", ': must be a number or a mapping, not "x"'],
  [z.union([z.number().min(0), z.strictObject({})]), -1, ": must be at least 0"],
  [kind, { type: "slak" }, 'type: "slak" is none of slack, smtp. Did you mean "slack"?'],
  [kind, {}, "type: is missing"],
  [z.string({ error: "is no name" }), 5, ": is no name"],
])("%#: what is wrong is said in words", (schema, value, text) => {
  expect(words(schema, value)).toEqual([text]);
});
