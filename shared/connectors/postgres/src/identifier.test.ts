import { expect, test } from "vitest";
import { parseTableName, quoteIdentifier, quoteLiteral } from "./identifier.ts";

test("an identifier is quoted so that nothing can leave it", () => {
  expect(quoteIdentifier('a"; drop table t; --')).toBe('"a""; drop table t; --"');
});

test.each(["", "a\0b", "x".repeat(64)])("%j is refused as an identifier", (name) => {
  expect(() => quoteIdentifier(name)).toThrow(/PostgreSQL name/);
});

test.each([
  ["public.orders", { schema: "public", table: "orders" }],
  ["orders", { schema: "public", table: "orders" }],
  ['"My Schema"."a.b"', { schema: "My Schema", table: "a.b" }],
])("%s is a table", (text, table) => {
  expect(parseTableName(text)).toEqual(table);
});

test.each(["", "a.b.c"])("%j is no table", (text) => {
  expect(() => parseTableName(text)).toThrow("no table name");
});

test("a literal is quoted, backslashes too", () => {
  expect(quoteLiteral("it's")).toBe("'it''s'");
  expect(quoteLiteral("a\\b")).toBe(" E'a\\\\b'");
});
