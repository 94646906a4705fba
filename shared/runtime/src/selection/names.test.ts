import { describe, expect, test } from "vitest";
import { graphOf } from "../../test/build.ts";
import { requireNames } from "./names.ts";

const graph = graphOf(
  { dbt: ["a"], ingestion: ["b <- a"] },
  { a: { group: "staging", kinds: ["dbt"], owners: ["team:data"], tags: { tier: "gold" } } },
);

describe("a filter that names nothing", () => {
  test.each([
    ["location:dtb", 'there is no location "dtb". Did you mean "dbt"?'],
    ["code_location:dtb", 'there is no location "dtb". Did you mean "dbt"?'],
    ["group:stagin", 'no asset has the group "stagin". Did you mean "staging"?'],
    ["kind:dbtt", 'Did you mean "dbt"?'],
    ["owner:team:date", 'no asset has the owner "team:date". Did you mean "team:data"?'],
    ["tag:teir", 'no asset has the tag "teir". Did you mean "tier"?'],
    ["tag:tier=godl", 'no asset has the tag "tier" with the value "godl". Did you mean "gold"?'],
    ["a or not (kind:dbt and +group:stagin)", 'the group "stagin"'],
    ["roots(kind:x)", 'no asset has the kind "x".'],
  ])("%s suggests what is near", (selection, text) => {
    expect(() => requireNames(graph, selection)).toThrow(text);
  });
  test.each(["*", "a+", "group:st*", "location:empty", "tag:t*=x", "tag:tier=g*", "kind:dbt and owner:team:data"])(
    "%s is none",
    (selection) => {
      requireNames(graph, selection, ["empty"]);
    },
  );
});
