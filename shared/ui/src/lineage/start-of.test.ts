import { expect, test } from "vitest";
import { startOf } from "./start-of.ts";

const positions = {
  far: { x: 9_000, y: 0 },
  first: { x: 0, y: 2_400 },
  beside: { x: 300, y: 2_600 },
  chosen: { x: 9_000, y: 9_000 },
};

test("a large lineage is seen first where it begins, though its corner is empty", () => {
  expect(startOf(positions, undefined)).toEqual([{ id: "first" }, { id: "beside" }]);
  expect(startOf(positions, "of no place")).toEqual([{ id: "first" }, { id: "beside" }]);
});

test("or around the asset that is chosen", () => {
  expect(startOf(positions, "chosen")).toEqual([{ id: "chosen" }]);
});
