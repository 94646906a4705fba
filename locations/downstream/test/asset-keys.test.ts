import { asset } from "@kc/runtime";
import { expect, test } from "vitest";

test("a dependency on a key that no team defines does not compile", () => {
  const key = "dbt_optimove/stg_kaizen_wars__fact_virtual";
  asset({ key: "x", deps: [key], materialize: () => {} });
  // @ts-expect-error `tsc` fails here when the keys of the workspace are not known or too many are allowed
  asset({ key: "x", deps: ["dbt_optimove/stg_kaizen_wars__fact_virtua"], materialize: () => {} });
  expect(asset({ key: "x", materialize: () => {} }).key).toBe("x");
});
