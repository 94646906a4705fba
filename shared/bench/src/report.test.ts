import { describe, expect, test } from "vitest";
import { cells, figure, rowOf } from "./report.ts";

describe("a row of the report", () => {
  test("stands beside its bar and beside what it is compared with", () => {
    const row = rowOf("launcher", {
      what: "./kc",
      unit: "ms",
      samples: [60, 70, 65],
      bar: { atMost: 80 },
      compared: { to: "node", samples: [30, 26, 27] },
    });
    expect(row).toMatchObject({ value: 65, met: true, compared: { value: 27, missing: null } });
    expect(row.ratio).toBeCloseTo(65 / 27);
    expect(cells(row)).toEqual(["./kc", "65 ms", "60 - 70", "<= 80 ms", "ok", "node 27 ms", "2.41"]);
  });

  test("says that it is not compared, and gives no verdict on a share of nothing", () => {
    const row = rowOf("csv", {
      what: "COPY",
      unit: "rows/s",
      samples: [1_200_000],
      bar: { ratioAtLeast: 0.95 },
      compared: { to: "psql", missing: "psql is not installed" },
    });
    expect(row).toMatchObject({ met: null, ratio: null, compared: { value: null } });
    expect(cells(row)).toEqual(["COPY", "1 200 000 rows/s", "", ">= 95 % of it", "", "not compared: psql is not installed", ""]);
  });

  test("tells a missed bar, by the figure that counts", () => {
    const samples = [10, 11, 12, 200];
    expect(rowOf("submit", { what: "x", unit: "ms", samples, figure: "p95", bar: { atMost: 100 } }).met).toBe(false);
    expect(rowOf("submit", { what: "x", unit: "ms", samples, bar: { atMost: 100 } }).met).toBe(true);
    expect(rowOf("events", { what: "x", unit: "1/s", samples, bar: { atLeast: 100 } }).met).toBe(false);
  });
});

test.each([
  [0.1234, "0.12"],
  [12.34, "12.3"],
  [100, "100"],
  [1234567.8, "1 234 568"],
  [2, "2"],
  [Number.NaN, "-"],
])("%d prints as %s", (value, text) => expect(figure(value)).toBe(text));
