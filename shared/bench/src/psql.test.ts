import { expect, test } from "vitest";
import { psqlFigures } from "./psql.ts";

test("psql's timings are read, also those over a second and with a decimal comma", () => {
  const output = "Timing is on.\nBEGIN\nTime: 0.123 ms\nCOPY 5\nTime: 1234.567 ms (00:01.235)\nZeit: 2,5 ms\n";
  expect(psqlFigures(output)).toEqual([0.123, 1234.567, 2.5]);
});
