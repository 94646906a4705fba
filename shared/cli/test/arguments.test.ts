import { expect, test } from "vitest";
import { parseArguments } from "../src/arguments.ts";
import { selectionOf } from "../src/command.ts";
import { command as dbt } from "../src/commands/dbt.ts";
import { command as runs } from "../src/commands/runs.ts";

test("dbt's own options stay as they are, in their order; kc's are taken out", () => {
  const words = ["build", "--select", "a", "b", "--project", "x", "-x", "--real", "--vars={k: 1}", "--", "--defer"];
  expect(parseArguments("dbt", dbt, words)).toEqual({
    values: { project: "x", real: true },
    positionals: ["build", "--select", "a", "b", "-x", "--vars={k: 1}", "--defer"],
  });
});

test("a value that begins with a dash is written with =, a negative number as it is", () => {
  expect(parseArguments("runs", runs, ["list", "--asset=-x", "--limit", "-1"]).values).toMatchObject({
    asset: "-x",
    limit: "-1",
  });
});

test.each([
  [["orders"], "orders"],
  [["orders", "items"], "(orders) or (items)"],
  [["+orders", "group:shop and kind:dbt"], "(+orders) or (group:shop and kind:dbt)"],
  [["kind:dbt", "and", "group:shop"], "kind:dbt and group:shop"],
  [["not", "orders"], "not orders"],
  [["(a", "or", "b)"], "(a or b)"],
  [["roots(a", "b)"], "roots(a b)"],
  [["roots(a)", "b"], "(roots(a)) or (b)"],
  [[], undefined],
])("the words %j are the selection %j", (words, selection) => {
  expect(selectionOf({}, words)).toBe(selection);
  if (words.length > 0) expect(() => selectionOf({ select: "x" }, words)).toThrow("give the selection once");
});
