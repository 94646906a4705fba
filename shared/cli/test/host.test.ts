import { expect, test } from "vitest";
import { otherEnvironment } from "../src/host.ts";

test.each([
  [["DATABRICKS_HOST"], /another DATABRICKS_HOST; stop it .* to use this one$/],
  [["A", "B", "C"], /another A, B and C; stop it .* to use these$/],
])("a running host with other variables is told by their names: %j", (names, sentence) => {
  expect(otherEnvironment(names)).toMatch(sentence);
});
