import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { appendToList } from "../src/generate/yaml-list.ts";
import { workspaceYaml } from "./new-miniature.ts";

const item = { package: { path: "locations/x" } };
const append = (text: string) => appendToList(text, ["load_from"], item, "workspace.yaml");

describe("one more item in a YAML list", () => {
  test("adds its line below the last item and leaves every other byte alone", () => {
    const [head, tail] = workspaceYaml.split("\n# the end");
    expect(append(workspaceYaml)).toBe(`${head!.trimEnd()}\n  - package: { path: locations/x }\n\n# the end${tail}`);
  });

  test.each([
    ["no indent", "load_from:\n- a: 1 # one\n", "load_from:\n- a: 1 # one\n- package: { path: locations/x }\n"],
    ["no line break at the end", "load_from:\n  - a", "load_from:\n  - a\n  - package: { path: locations/x }\n"],
    [
      "Windows line breaks",
      "load_from:\r\n  - a\r\nb: 1\r\n",
      "load_from:\r\n  - a\r\n  - package: { path: locations/x }\r\nb: 1\r\n",
    ],
    [
      "a key behind it",
      "load_from:\n  - a\n# c\nb:   1\n",
      "load_from:\n  - a\n  - package: { path: locations/x }\n# c\nb:   1\n",
    ],
  ])("with %s", (_, before, after) => expect(append(before)).toBe(after));

  test.each([
    ["an empty list", "# c\nload_from: []\n"],
    ["nothing", "# c\nload_from:\n"],
    ["a flow list", "load_from: [{ a: 1 }] # c\n"],
    ["a text of several lines at its end", "# c\nload_from:\n  - |\n    a\n    b\n"],
    ["no such key", "# c\nother: 1\n"],
  ])("with %s: read again it has the item, and the comment is kept", (_, before) => {
    const after = append(before);
    expect(parse(after)).toEqual({ ...parse(before), load_from: [...(parse(before).load_from ?? []), item] });
    expect(after).toContain("# c");
  });

  test("an item that is there already changes nothing", () => {
    expect(append(append(workspaceYaml))).toBe(append(workspaceYaml));
  });

  test("what is no YAML or no list is refused, naming the file", () => {
    expect(() => append("load_from: [")).toThrow(/^workspace\.yaml: /);
    expect(() => append("load_from: 3\n")).toThrow("workspace.yaml: load_from is not a list");
  });
});
