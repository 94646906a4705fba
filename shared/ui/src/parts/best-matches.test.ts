import { expect, test } from "vitest";
import { bestMatches } from "./best-matches.ts";

const items = ["raw/orders", "mart/orders_by_day", "mart/big_orders", "orders_raw/customers", "Orders", "payments"].map(
  (name) => ({
    name,
  }),
);
const found = (text: string, limit = 10) => bestMatches(text, items, limit).map(({ name }) => name);

test("the last part of a name counts most: the whole of it, then how it begins, then what is in it", () => {
  expect(found("orders")).toEqual(["Orders", "raw/orders", "mart/orders_by_day", "mart/big_orders", "orders_raw/customers"]);
});
test("of several words each is in the name, wherever", () => {
  expect(found("day mart")).toEqual(["mart/orders_by_day"]);
  expect(found("orders nothing")).toEqual([]);
});
test("no more than are asked for, and none for nothing", () => {
  expect(found("orders", 2)).toEqual(["Orders", "raw/orders"]);
  expect(found("  ")).toEqual([]);
});
