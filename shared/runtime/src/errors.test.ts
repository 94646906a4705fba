import { describe, expect, test } from "vitest";
import { didYouMean, errorText, nearest, UserError } from "./errors.ts";

describe("UserError", () => {
  test("reads as place, message and remedy", () => {
    expect(String(new UserError("no such key", { where: "a.ts:3:1", hint: "Write one." }))).toBe(
      "a.ts:3:1: no such key\n  Write one.",
    );
    expect(String(new UserError("no such key"))).toBe("no such key");
  });
  test("keeps its cause and says whether another try may help", () => {
    const cause = new Error("socket");
    expect(new UserError("x", { cause }).cause).toBe(cause);
    expect("cause" in new UserError("x")).toBe(false);
    expect([new UserError("x").final, new UserError("x", { final: true }).final]).toEqual([false, true]);
  });
});

describe("errorText()", () => {
  const circular: Record<string, unknown> = {};
  circular.self = circular;
  test.each([
    ["an error", new Error("boom"), "boom"],
    ["an error without text", new TypeError(), "TypeError"],
    ["a string", "boom", "boom"],
    ["an object", { code: 7 }, '{"code":7}'],
    ["undefined", undefined, "undefined"],
    ["null", null, "null"],
    ["a bigint", 5n, "5"],
    ["a symbol", Symbol("s"), "Symbol(s)"],
    ["an object that refers to itself", circular, "[object Object]"],
    [
      "several errors in one",
      new AggregateError([new Error("ECONNREFUSED ::1"), new Error("ECONNREFUSED 127.0.0.1")]),
      "ECONNREFUSED ::1; ECONNREFUSED 127.0.0.1",
    ],
  ])("%s", (_, thrown, text) => {
    expect(errorText(thrown)).toBe(text);
  });
});

describe("nearest()", () => {
  test.each([
    ["one letter off", "ordesr", ["orders", "payments"], ["orders"]],
    ["the last part of a key", "orders", ["sales/orders", "orderz"], ["sales/orders", "orderz"]],
    ["a key with a part too many", "sales/orders", ["orders"], ["orders"]],
    ["nothing when all are far", "orders", ["weather", "xyz"], []],
    ["at most three, the best first, equals by name", "aaaa", ["aaab", "aabb", "aaac", "aaad"], ["aaab", "aaac", "aaad"]],
  ])("%s", (_, wanted, names, found) => {
    expect(nearest(wanted, names)).toEqual(found);
  });
  test("is asked as a question", () => {
    expect(didYouMean("ordesr", ["orders"])).toBe(' Did you mean "orders"?');
    expect(didYouMean("ordesr", [])).toBe("");
  });
});
