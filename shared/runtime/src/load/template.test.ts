import { describe, expect, test } from "vitest";
import { fillTemplate, type TemplateScope } from "./template.ts";

const scope: TemplateScope = {
  project_root: "/w/locations/team",
  workspace_root: "/w",
  env: { HOST: "db.example", EMPTY: "", BRACES: "a{{b" },
  vars: { limit: 5, names: ["a"] },
};
const fill = (text: string) => fillTemplate(text, scope, "defs.yaml:3:5");

describe("fillTemplate()", () => {
  test.each([
    ["no template", "no template"],
    ["{{ project_root }}/x", "/w/locations/team/x"],
    ["{{workspace_root}}", "/w"],
    ["{{ context.project_root }}", "/w/locations/team"],
    ["{{ env.HOST }}", "db.example"],
    ["{{ env('HOST') }}", "db.example"],
    ['{{ env("GONE", "other") }}', "other"],
    ["{{ env('GONE', '') }}", ""],
    ["{{ env('GONE','a,b)') }}", "a,b)"],
    ["{{ env.GONE | default('other') }}", "other"],
    ["{{ env('EMPTY', 'other') }}", "other"],
    ["{{ env.HOST }}:{{ limit }}", "db.example:5"],
    ["x {{ env.BRACES }}", "x a{{b"],
  ])("%s", (text, value) => {
    expect(fill(text)).toMatchObject({ value, missing: [] });
  });
  test("a string that is one template keeps the value's type", () => {
    expect(fill("{{ limit }}").value).toBe(5);
    expect(fill(" {{ names }} ").value).toEqual(["a"]);
  });
  test("variables are listed, those that are unset and have no default as missing", () => {
    expect(fill("{{ env.HOST }}{{ env.GONE }}{{ env('EMPTY') }}{{ env('LOST', 'x') }}")).toEqual({
      value: "db.examplex",
      variables: ["HOST", "GONE", "EMPTY", "LOST"],
      missing: ["GONE", "EMPTY"],
    });
  });
  test.each([
    ["{{ projet_root }}", 'there is no template variable "projet_root". Did you mean "project_root"?'],
    ["{{ env['HOST'] }}", "there is no template variable"],
    ["{{ 1 + 1 }}", "there is no template variable"],
    ["{{ constructor }}", "there is no template variable"],
    ["{{ }}", "there is no template variable"],
    ["{{ env.HOST", "a template is not closed"],
    ["{{ limit }} {{ env.HOST", "a template is not closed"],
  ])("%s is refused with its place", (text, message) => {
    expect(() => fill(text)).toThrow(
      expect.objectContaining({ message: expect.stringContaining(message), where: "defs.yaml:3:5" }),
    );
  });
});
