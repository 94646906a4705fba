import { expect, test } from "vitest";
import { keyParts } from "./key-parts.ts";

test.each([
  ["orders", "", "", "orders"],
  ["raw/shop/orders", "raw/shop/", "", "orders"],
  ["a_name_of_24_letters_abcd", "", "a_name_", "of_24_letters_abcd"],
  ["mart/😀".padEnd(60, "x"), "mart/", "😀".padEnd(55 - 18, "x"), "x".repeat(18)],
  ["", "", "", ""],
])("of %s what tells it apart is kept: its end", (key, prefix, head, tail) => {
  expect(keyParts(key)).toEqual({ prefix, head, tail });
  expect(prefix + head + tail).toBe(key);
});
