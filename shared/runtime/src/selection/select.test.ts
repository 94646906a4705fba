import { describe, expect, test } from "vitest";
import { graphOf } from "../../test/build.ts";
import { parseSelection } from "./parse.ts";
import { select } from "./select.ts";

// a -> b -> c -> d -> e, and x -> c from another team.
const graph = graphOf(
  { left: ["a", "b <- a", "c <- b, sales/x", "d <- c", "e <- d"], right: ["sales/x", "sales/y", "team.b-c"] },
  {
    a: { group: "raw", kinds: ["csv"], tags: { tier: "gold", region: "us" }, owners: ["team:data"] },
    b: { group: "raw", kinds: ["python", "dbt"], tags: { tier: "silver" }, owners: ["eva@example.org"] },
    "sales/x": { group: "staging", owners: ["team:data"], tags: { empty: "" } },
  },
);
const pick = (selection: string) => select(graph, selection).join(" ");

describe("select()", () => {
  test.each([
    // filters
    ["a", "a"],
    ["key:a", "a"],
    ['key:"sales/x"', "sales/x"],
    ["sales/x", "sales/x"],
    ["sales/*", "sales/x sales/y"],
    ["*/x", "sales/x"],
    ["team.b-c", "team.b-c"],
    ["team?b", undefined],
    ["group:raw", "a b"],
    ["group:ra*", "a b"],
    ["group:none", ""],
    ["kind:dbt", "b"],
    ['tag:"tier"="gold"', "a"],
    ["tag:tier", "a b"],
    ["tag:tier=s*", "b"],
    ['tag:empty=""', "sales/x"],
    ["owner:team:data", "a sales/x"],
    ['owner:"team:data"', "a sales/x"],
    ["owner:eva@example.org", "b"],
    ["location:right", "sales/x sales/y team.b-c"],
    ["code_location:right", "sales/x sales/y team.b-c"],
    // traversal
    ["+c", "a sales/x b c"],
    ["c+", "c d e"],
    ["+c+", "a sales/x b c d e"],
    ["1+c", "sales/x b c"],
    ["2+c+1", "a sales/x b c d"],
    ["c+1", "c d"],
    ["0+c+0", "c"],
    ["+(a or b)", "a b"],
    ["99999999999999999999+e", "a sales/x b c d e"],
    // boolean: not before and before or; a comma is an or
    ["a or b and c", "a"],
    ["(a or b) and b", "b"],
    ["not a and group:raw", "b"],
    ["not (a or group:raw) and location:left", "c d e"],
    ["not not a", "a"],
    ["a, b", "a b"],
    ["a,b and not b", "a"],
    ["A_1 or a", undefined],
    ["group:raw AND NOT kind:dbt", "a"],
    ["*", "a sales/x sales/y team.b-c b c d e"],
    ["* and not location:left", "sales/x sales/y team.b-c"],
    // functions: ends of the graph, not of the selection
    ["roots(e)", "a sales/x"],
    ["sinks(a)", "e"],
    ["roots(b or c)", "a sales/x"],
    ["sinks(roots(d)) and not x*", "e"],
    ["+roots(c)+1", "a sales/x b c"],
  ])("%s", (selection, expected) => {
    if (expected === undefined) expect(() => pick(selection)).toThrow();
    else expect(pick(selection).split(" ").sort()).toEqual(expected.split(" ").sort());
  });

  test("answers in dependency order whatever the order of the words", () => {
    expect(pick("e or d or c or b or a")).toBe("a b c d e");
  });
  test("an asset may be called as a function or a word is when it is quoted", () => {
    const named = graphOf({ one: ["roots", "and", "12"] });
    expect(select(named, "roots")).toEqual(["roots"]);
    expect(select(named, '"and"')).toEqual(["and"]);
    expect(select(named, "12")).toEqual(["12"]);
    expect(select(named, "1+12")).toEqual(["12"]);
  });
  test("an unknown key is an error with the nearest names", () => {
    expect(() => pick("+x")).toThrow('there is no asset "x". Did you mean "sales/x"?');
    expect(() => pick("sales/z")).toThrow('Did you mean "sales/x" or "sales/y"?');
  });
  test("wildcards on a hostile pattern take no time", () => {
    const long = graphOf({ one: ["a".repeat(500)] });
    expect(select(long, `${"*a".repeat(40)}*b`)).toEqual([]);
    expect(select(long, `${"*a".repeat(40)}*`)).toHaveLength(1);
  });
});

describe("errors of a selection", () => {
  test.each(["", "  "])("%j is empty: there is nothing to point at", (selection) => {
    expect(() => parseSelection(selection)).toThrow(expect.objectContaining({ message: "selection: it is empty" }));
  });
  test.each([
    ["a and", "it ends too early", 5],
    ["(a or b", '")" is missing', 7],
    ["a)", 'unexpected ")"', 1],
    ["a b", 'unexpected "b"', 2],
    ["or a", 'unexpected "or"', 0],
    ['key:"a', "a string is not closed", 4],
    ["a & b", 'unexpected "&"', 2],
    ["key:", 'a value is missing after "key:"', 4],
    ["tag:a=", 'a value is missing after "="', 6],
    ["2 + a", 'unexpected "a"', 4],
    ["a+ 1", 'unexpected "1"', 3],
    ["grp:raw", 'there is no filter "grp:"', 0],
  ])("%j: %s", (selection, message, column) => {
    const error = (() => {
      try {
        parseSelection(selection);
      } catch (thrown) {
        return thrown as Error & { hint: string };
      }
      throw new Error("it was accepted");
    })();
    expect(error.message).toContain(`selection: ${message}`);
    const lines = error.message.split("\n");
    expect(lines[1]).toBe(`    ${selection}`);
    expect(lines[2]!.indexOf("^")).toBe(4 + column);
    expect(error.hint).toContain("Examples");
  });
  test("nesting without end is refused, not a stack overflow", () => {
    for (const deep of ["(".repeat(50_000), "not ".repeat(50_000), "roots(".repeat(50_000)])
      expect(() => parseSelection(deep)).toThrow("nested too deeply");
  });
});
