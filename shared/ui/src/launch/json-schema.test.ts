import { describe, expect, test } from "vitest";
import { changed, type JsonSchema, resolved, scaffold } from "./json-schema.ts";

describe("a config to begin from", () => {
  test("has what is demanded and what has a default, nothing else", () => {
    const schema: JsonSchema = {
      type: "object",
      required: ["day", "limit", "mode", "inner", "kind"],
      properties: {
        day: { type: "string" },
        limit: { type: "integer", minimum: 3 },
        mode: { enum: ["full", "delta"] },
        kind: { const: "sql" },
        dry: { type: "boolean", default: true },
        notes: { type: "string" },
        tags: { type: "array", default: ["a"] },
        inner: { type: "object", required: ["on"], properties: { on: { type: "boolean" }, off: { type: "boolean" } } },
      },
    };
    expect(scaffold(schema)).toEqual({
      day: "",
      limit: 3,
      mode: "full",
      kind: "sql",
      dry: true,
      tags: ["a"],
      inner: { on: false },
    });
  });
  test("follows references, and of alternatives takes the first that is not null", () => {
    const schema: JsonSchema = {
      type: "object",
      required: ["a", "b"],
      properties: { a: { $ref: "#/$defs/name" }, b: { anyOf: [{ type: "null" }, { type: "number" }] } },
      $defs: { name: { type: "string", default: "x" } },
    };
    expect(scaffold(schema)).toEqual({ a: "x", b: 0 });
  });
  test("ends where a schema contains itself", () => {
    const schema: JsonSchema = { type: "object", required: ["child"], properties: { child: { $ref: "#" } } };
    expect(JSON.stringify(scaffold(schema)).length).toBeLessThan(200);
    const loop: JsonSchema = { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/a" } } };
    expect(resolved(loop, loop)).toEqual({});
  });
});

test("a field that is left empty is not given", () => {
  expect(changed({ a: 1, b: 2 }, "a", undefined)).toEqual({ b: 2 });
  expect(changed({ b: 2 }, "a", 1)).toEqual({ a: 1, b: 2 });
});
