import { beforeAll, describe, expect, test } from "vitest";
import { DbtError, type Manifest, selectNodes } from "../src/index.ts";
import { dbt, projectFolder } from "./project-folder.ts";

/** raw.orders -> stg_orders -> totals -> report; stg_customers -> report; e is ephemeral between stg_customers and loose. */
const files = {
  "models/staging/sources.yml": "sources:\n  - name: raw\n    tables: [{name: orders}, {name: customers}]\n",
  "models/staging/stg_orders.sql":
    "{{ config(tags=['nightly', 'core'], materialized='table') }} select * from {{ source('raw', 'orders') }}",
  "models/staging/stg_customers.sql": "{{ config(tags=['core']) }} select * from {{ source('raw', 'customers') }}",
  "models/marts/totals.sql": "{{ config(meta={'owner': 'fin'}) }} select * from {{ ref('stg_orders') }}",
  "models/marts/report.sql": "select * from {{ ref('totals') }} join {{ ref('stg_customers') }} using (id)",
  "models/schema.yml": [
    "groups: [{name: finance, owner: {email: f@example.com}}]",
    "models:",
    "  - name: totals",
    "    config: {group: finance}",
    "    columns: [{name: id, data_tests: [unique, not_null]}]",
    "  - name: report",
    "    columns: [{name: id, data_tests: [{relationships: {arguments: {to: ref('stg_customers'), field: id}}}]}]",
  ].join("\n"),
  "seeds/countries.csv": "code\nde\n",
  "tests/no_negative.sql": "select * from {{ ref('totals') }} where id < 0",
};

let manifest: Manifest;
beforeAll(async () => {
  using project = projectFolder(files);
  const out = await dbt("parse", project.path);
  expect(out.error?.toString()).toBeUndefined();
  manifest = out.manifest!;
});

const names = (
  select: string[],
  more: { exclude?: string[]; indirect?: "eager" | "cautious" | "buildable" | "empty" } = {},
): string => {
  const found = selectNodes(manifest, { select, indirect: "empty", ...more });
  return found
    .map((id) => (manifest.nodes[id] ?? manifest.sources[id])!.name)
    .sort()
    .join(" ");
};

describe("selection methods", () => {
  test.each([
    ["stg_orders", "stg_orders"],
    ["stg_*", "stg_customers stg_orders"],
    ["shop.staging", "stg_customers stg_orders"],
    ["staging.stg_orders", "stg_orders"],
    ["shop.marts.*", "report totals"],
    ["fqn:marts", "report totals"],
    ["tag:nightly", "stg_orders"],
    ["tag:c*", "stg_customers stg_orders"],
    ["path:models/marts", "report totals"],
    ["models/staging/stg_orders.sql", "stg_orders"],
    ["file:totals.sql", "totals"],
    ["stg_orders.sql", "stg_orders"],
    ["source:raw", "customers orders"],
    ["source:raw.orders", "orders"],
    ["source:shop.raw.*", "customers orders"],
    ["config.materialized:table", "stg_orders"],
    ["config.meta.owner:fin", "totals"],
    ["config.tags:core", "stg_customers stg_orders"],
    ["resource_type:seed", "countries"],
    ["group:finance", "totals"],
    ["test_type:singular", "no_negative"],
    ["test_name:uni*", "unique_totals_id"],
    ["package:shop,resource_type:model", "report stg_customers stg_orders totals"],
    ["nothing_like_it", ""],
  ])("%s", (select, expected) => {
    expect(names([select])).toBe(expected);
  });
});

describe("graph operators", () => {
  const models = (select: string) => names([`${select},resource_type:model`]);
  test.each([
    ["+report", "report stg_customers stg_orders totals"],
    ["1+report", "report stg_customers totals"],
    ["stg_orders+", "report stg_orders totals"],
    ["stg_orders+1", "stg_orders totals"],
    ["1+totals+1", "report stg_orders totals"],
    ["source:raw.orders+", "report stg_orders totals"],
    ["@stg_orders", "report stg_customers stg_orders totals"],
  ])("%s", (select, expected) => {
    expect(models(select)).toBe(expected);
  });
});

describe("sets", () => {
  test("spaces and several texts unite, commas intersect, exclude takes away", () => {
    expect(names(["stg_orders totals", "countries"])).toBe("countries stg_orders totals");
    expect(names(["tag:core,path:models/staging,stg_c*"])).toBe("stg_customers");
    expect(names(["staging"], { exclude: ["stg_orders"] })).toBe("stg_customers");
  });

  test("without a selection everything is named", () => {
    expect(selectNodes(manifest)).toHaveLength(Object.keys(manifest.nodes).length + 2);
  });

  test("tests come along by the models they touch, as --indirect-selection says", () => {
    const relationships = "relationships_report_id__id__ref_stg_customers_";
    expect(names(["report"], { indirect: "eager" })).toBe(`${relationships} report`);
    expect(names(["stg_customers"], { indirect: "cautious" })).toBe("stg_customers");
    expect(names(["report"], { indirect: "buildable" })).toBe(`${relationships} report`);
    expect(names(["stg_customers"], { indirect: "buildable" })).toBe("stg_customers");
    expect(names(["totals"], { indirect: "eager" })).toBe("no_negative not_null_totals_id totals unique_totals_id");
  });
});

describe("what is no selection", () => {
  test.each([
    ["tga:x", /no selection method "tga".*Did you mean "tag"/],
    ["state:modified", /outside the embedded runner's subset/],
    ["config:x", /names no config/],
    ["@+x", /is not a selection|cannot stand together/],
    ["test_type:odd", /none of generic, singular/],
    ["++x", /is not a selection/],
  ])("%s", (select, message) => {
    expect(() => selectNodes(manifest, { select: [select] })).toThrow(message);
    expect(() => selectNodes(manifest, { select: [select] })).toThrow(DbtError);
  });
});

test("a versioned model is selected by its name, with its version or without", () => {
  const node = {
    ...manifest.nodes["model.shop.totals"]!,
    unique_id: "model.shop.totals.v2",
    fqn: ["shop", "marts", "totals", "v2"],
  };
  const versioned = { metadata: {}, nodes: { [node.unique_id]: { ...node, version: 2, latest_version: 3 } }, sources: {} };
  for (const text of ["totals", "totals.v2", "shop.marts.totals.v2", "marts.totals", "version:2"])
    expect(selectNodes(versioned as unknown as Manifest, { select: [text] }), text).toEqual(["model.shop.totals.v2"]);
  expect(selectNodes(versioned as unknown as Manifest, { select: ["totals.v3"] })).toEqual([]);
});

test("a manifest of another dbt version is selected by what it holds", () => {
  const old = {
    metadata: {},
    nodes: {
      "model.p.a": {
        ...manifest.nodes["model.shop.totals"]!,
        unique_id: "model.p.a",
        name: "a",
        fqn: ["p", "a"],
        tags: ["x"],
        config: {},
        depends_on: { nodes: ["model.p.gone"] },
      },
    },
    sources: {},
  } as Manifest;
  expect(selectNodes(old, { select: ["+tag:x+"] })).toEqual(["model.p.a"]);
});
