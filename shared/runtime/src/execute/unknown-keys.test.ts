import { expect, test } from "vitest";
import { z } from "zod";
import { unknownKeys } from "./unknown-keys.ts";

const schema = z.object({
  rows: z.number(),
  size: z.object({ limit: z.number() }).default({ limit: 1 }),
  list: z.array(z.object({ name: z.string() })).optional(),
  by: z.record(z.string(), z.object({ on: z.boolean() })).optional(),
  open: z.looseObject({}).optional(),
  either: z.union([z.object({ a: z.number() }), z.object({ b: z.number() })]).optional(),
  day: z
    .object({ at: z.string() })
    .transform((value) => value.at)
    .optional(),
});

test.each([
  [{ rows: 1, size: { limit: 2 }, list: [{ name: "x" }], by: { k: { on: true } } }, []],
  [{ row: 1 }, ['row: there is no such key. Did you mean "rows"?']],
  [{ size: { limt: 2 } }, ['size.limt: there is no such key. Did you mean "limit"?']],
  [{ list: [{ name: "x" }, { nam: "y" }] }, ['list.1.nam: there is no such key. Did you mean "name"?']],
  [{ by: { k: { off: true } } }, [expect.stringMatching(/^by\.k\.off: /)]],
  [{ day: { att: "x" } }, ['day.att: there is no such key. Did you mean "at"?']],
  [
    JSON.parse('{"__proto__": 1, "constructor": 2}'),
    [expect.stringMatching(/^__proto__: /), expect.stringMatching(/^constructor: /)],
  ],
  // What decides for itself.
  [{ open: { anything: 1 }, either: { a: 1, c: 2 } }, []],
  [null, []],
  ["text", []],
])("%j holds under unknown keys %j", (value, expected) => {
  expect(unknownKeys(schema, value)).toEqual(expected);
});

test("a schema of another kind, and none, decide for themselves", () => {
  expect(unknownKeys({ safeParse: () => ({ success: true }) }, { x: 1 })).toEqual([]);
  expect(unknownKeys(undefined, { x: 1 })).toEqual([]);
});
