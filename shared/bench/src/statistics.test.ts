import { expect, test } from "vitest";
import { median, percentile, summarize } from "./statistics.ts";

test("the median of an even number of samples lies between the middle two, whatever their order", () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([9, 1, 5])).toBe(5);
  expect(median([])).toBeNaN();
});

test("a percentile is one of the samples", () => {
  const samples = Array.from({ length: 20 }, (_, index) => 20 - index);
  expect(percentile(samples, 0.95)).toBe(19);
  expect(percentile([7], 0.95)).toBe(7);
  expect(percentile([], 0.95)).toBeNaN();
});

test("a summary has what the report prints", () => {
  expect(summarize([3, 1, 2])).toEqual({ median: 2, p95: 3, min: 1, max: 3, count: 3 });
});
