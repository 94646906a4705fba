import { beforeAll, describe, expect, test } from "vitest";
import { manifestCache } from "../src/manifest-cache.ts";
import { buildCommand, type StepOptions } from "../src/step.ts";
import { translate } from "../src/translator.ts";
import { projectManifest } from "./project-manifest.ts";

let options: StepOptions;
beforeAll(async () => {
  const manifest = await projectManifest();
  options = {
    manifest,
    translation: translate(manifest, { keyPrefix: "package" }),
    select: "",
    exclude: "",
    cache: manifestCache("/nowhere/manifest.json", { hash: "x", of: undefined }),
  };
});

describe("buildCommand()", () => {
  test("some assets: exactly their models and the tests that check them", () => {
    expect(buildCommand(["dbt_optimove/virtual_item_daily"], options)).toBe(
      "dbt build --indirect-selection empty --select fqn:dbt_optimove.marts.virtual_item_daily fqn:dbt_optimove.marts.not_null_virtual_item_daily_day",
    );
  });

  test("all assets: the component's own selection, so that new models run along", () => {
    const all = options.translation.specs.map((spec) => spec.key);
    expect(buildCommand(all, options)).toBe("dbt build");
    expect(buildCommand(all, { ...options, select: "tag:a tag:b", exclude: "c" })).toBe(
      "dbt build --select tag:a tag:b --exclude c",
    );
  });

  test("a name that a shell would split is quoted", () => {
    const [id] = [...options.translation.keys].find(([, key]) => key === "dbt_optimove/customer_orders")!;
    const manifest = {
      ...options.manifest,
      nodes: { ...options.manifest.nodes, [id]: { ...options.manifest.nodes[id]!, fqn: ["dbt_optimove", "it's here"] } },
    };
    expect(buildCommand(["dbt_optimove/customer_orders"], { ...options, manifest })).toContain(
      "'fqn:dbt_optimove.it'\\''s here'",
    );
  });
});
