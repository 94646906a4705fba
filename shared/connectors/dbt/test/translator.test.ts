import type { Manifest, ManifestNode } from "@kc/dbt";
import { beforeAll, describe, expect, test } from "vitest";
import { translate } from "../src/translator.ts";
import { projectManifest } from "./project-manifest.ts";

let manifest: Manifest;
beforeAll(async () => {
  manifest = await projectManifest();
});

const node = (name: string, more: Partial<ManifestNode> = {}): ManifestNode => ({
  unique_id: `model.shop.${name}`,
  resource_type: "model",
  package_name: "shop",
  name,
  path: `${name}.sql`,
  original_file_path: `models/${name}.sql`,
  fqn: ["shop", name],
  config: { enabled: true, materialized: "table" },
  depends_on: { nodes: [] },
  ...more,
});
const made = (...nodes: ManifestNode[]): Manifest => ({
  metadata: {},
  nodes: Object.fromEntries(nodes.map((item) => [item.unique_id, item])),
  sources: {},
});

describe("translate()", () => {
  test("package keys: the asset other teams depend on, with the ingestion team's asset as its dependency", () => {
    const { specs } = translate(manifest, { keyPrefix: "package", defaults: { automation: "any_deps_updated" } });
    const spec = specs.find((item) => item.key === "dbt_optimove/stg_kaizen_wars__fact_virtual")!;
    expect(spec.deps).toEqual([{ key: "fact_virtual" }]);
    expect(spec.kinds).toEqual(["dbt", "databricks"]);
    expect(spec.automation).toMatchObject({ label: "any_deps_updated" });
    expect(spec.checks!.map((check) => check.name)).toContain("unique_stg_kaizen_wars__fact_virtual_id");
    expect(spec.metadata).toMatchObject({
      relation: "test.main.stg_kaizen_wars__fact_virtual",
      column_schema: { type: "column_schema" },
    });
    expect(specs.map((item) => item.key)).not.toContain("fact_virtual");
  });

  test("every generic test is a check of its model", () => {
    const { checks, specs } = translate(manifest, { keyPrefix: "package" });
    const attached = Object.values(manifest.nodes).filter((item) => item.attached_node);
    expect(attached.every((item) => checks.has(item.unique_id))).toBe(true);
    expect(specs.flatMap((spec) => spec.checks ?? [])).toHaveLength(checks.size);
  });

  test("without a prefix the configured schema leads the key, and meta names a key outright", () => {
    const keys = translate(
      made(
        node("a"),
        node("b", { config: { schema: "raw" } }),
        node("c", { meta: { dagster: { asset_key: ["x", "y"] } } }),
        node("d", { version: 2 }),
      ),
      { keyPrefix: "none" },
    ).specs.map((spec) => spec.key);
    expect(keys).toEqual(["a", "raw/b", "x/y", "d_v2"]);
  });

  test("ephemeral models are no assets: what reads them depends on what they read", () => {
    const parts = made(
      node("a"),
      node("e", { config: { materialized: "ephemeral" }, depends_on: { nodes: ["model.shop.a"] } }),
      node("b", { depends_on: { nodes: ["model.shop.e", "model.shop.gone"] } }),
    );
    const { specs } = translate(parts, { keyPrefix: "none" });
    expect(specs.map((spec) => [spec.key, spec.deps])).toEqual([
      ["a", []],
      ["b", [{ key: "a" }]],
    ]);
  });

  test("owners come from meta or the group's owner, tags from dbt", () => {
    const parts = {
      ...made(node("a", { group: "g", tags: ["nightly"] }), node("b", { meta: { kc: { owners: ["team:x"], group: "h" } } })),
      groups: { "group.shop.g": { name: "g", owner: { email: "g@example.com" } } },
    };
    const { specs } = translate(parts, { keyPrefix: "none" });
    expect(specs[0]).toMatchObject({ group: "g", owners: ["g@example.com"], tags: { nightly: "" } });
    expect(specs[1]).toMatchObject({ group: "h", owners: ["team:x"] });
  });

  test("overrides of a model add dependencies, freshness and automation; a name that is no model is an error", () => {
    const models = { a: { deps: ["fact_virtual"], freshness: { warn: "5m", fail: "1h" }, automation: "eager" as const } };
    expect(translate(made(node("a")), { keyPrefix: "none", models }).specs[0]).toMatchObject({
      deps: [{ key: "fact_virtual" }],
      freshness: { maxAge: { warn: "5m", fail: "1h" } },
      automation: { label: "eager" },
    });
    expect(() => translate(made(node("a")), { keyPrefix: "none", models: { z: {} } })).toThrow('"z" is no model');
  });

  test("two models with one key are an error that names both files", () => {
    const twin = node("b", { meta: { kc: { asset_key: "a" } } });
    expect(() => translate(made(node("a"), twin), { keyPrefix: "none" })).toThrow(
      /models\/a.sql.*models\/b.sql.*both have the asset key "a"/,
    );
  });
});
