import { describe, expect, test } from "vitest";
import { z } from "zod";
import { component } from "../component.ts";
import type { UserError } from "../errors.ts";
import { readDefsYaml } from "./defs-yaml.ts";

const replication = component({
  type: "replication.Replication",
  description: "",
  attributes: z.strictObject({
    host: z.string(),
    port: z.number().default(5432),
    streams: z.array(z.strictObject({ table: z.string(), mode: z.enum(["full", "append"]) })).default([]),
  }),
  build: () => ({}),
});
const read = (text: string, env: Record<string, string> = {}) =>
  readDefsYaml(text, "src/defs/x/defs.yaml", [replication], { project_root: "/p", workspace_root: "/w", env, vars: {} });
const errorOf = (text: string, env: Record<string, string> = {}): UserError => {
  try {
    read(text, env);
  } catch (error) {
    return error as UserError;
  }
  throw new Error("it was accepted");
};
const good = "type: replication.Replication\nattributes:\n  host: db\n  streams:\n    - table: orders\n      mode: full\n";

describe("readDefsYaml()", () => {
  test("attributes come out as the component's schema makes them, with places for errors", () => {
    const use = read(good);
    expect(use.attributes).toEqual({ host: "db", port: 5432, streams: [{ table: "orders", mode: "full" }] });
    expect(use.at("streams", 0, "mode")).toBe("src/defs/x/defs.yaml:6:7");
    expect(use.at("streams", 0)).toBe("src/defs/x/defs.yaml:5:7");
    expect(use.at("port")).toBe("src/defs/x/defs.yaml:2:1");
    expect(use.warnings).toEqual([]);
  });
  test.each([
    ["a syntax error", "type: x\nattributes: {a: [1}\n", ":2:", ""],
    ["an alias of nothing", "type: *x\n", ":1:", "alias"],
    ["a key that stands twice", "type: x\ntype: y\n", ":2:1", "unique"],
    ["an empty file", "", ":1:1", "the file: must be a mapping, not nothing"],
    ["a list", "- a\n", ":1:1", "the file: must be a mapping, not a list"],
    ["no type", "attributes: {}\n", ":1:1", "type"],
    ["an unknown top-level key", "type: replication.Replication\natributes: {}\n", ":2:1", "atributes"],
    [
      "an unknown component",
      "type: replication.Replicaton\n",
      ":1:1",
      'there is no component "replication.Replicaton". Did you mean "replication.Replication"?',
    ],
    ["an unknown attribute", good.replace("host: db", "host: db\n  hots: x"), ":4:3", "attributes.hots"],
    [
      "an unknown attribute of a list's item",
      good.replace("mode: full", "mode: full\n      mod: x"),
      ":7:7",
      "attributes.streams.0.mod",
    ],
    ["a missing attribute", "type: replication.Replication\nattributes: {}\n", ":2:1", "attributes.host"],
    ["no attributes at all", "type: replication.Replication\n", ":1:1", "attributes.host"],
    ["an attribute of the wrong type", good.replace("host: db", "host: 5"), ":3:3", "attributes.host"],
    ["a value that is not on offer", good.replace("mode: full", "mode: half"), ":6:7", "attributes.streams.0.mode"],
    [
      "an unknown template variable",
      good.replace("host: db", 'host: "{{ projet_root }}"'),
      ":3:3",
      'no template variable "projet_root"',
    ],
  ])("%s is an error with its place", (_, text, place, message) => {
    const error = errorOf(text);
    expect(error.name).toBe("UserError");
    expect(error.where).toMatch(new RegExp(`^src/defs/x/defs\\.yaml${place}`));
    expect(error.message).toContain(message);
  });
  test("aliases that multiply without end are refused", () => {
    const bomb = [
      "a: &a [x,x,x,x,x,x,x,x,x]",
      ..."bcdefgh".split("").map((name, at) => `${name}: &${name} [${`*${"abcdefg"[at]},`.repeat(9)}]`),
    ];
    const error = errorOf(`type: replication.Replication\nattributes:\n${bomb.map((line) => `  ${line}\n`).join("")}`);
    expect(error.name).toBe("UserError");
    expect(error.message).toContain("alias");
  });
  test("all unset variables are named at once, at the first one's place", () => {
    const error = errorOf(
      `${good.replace("host: db", 'host: "{{ env.DB_HOST }}"').replace("table: orders", 'table: "{{ env.TABLE }}"')}requirements: { env: [DB_HOST, DB_TOKEN] }\n`,
    );
    expect(error.message).toBe("unset environment variables: DB_HOST, TABLE, DB_TOKEN");
    expect(error.where).toBe("src/defs/x/defs.yaml:3:3");
    expect(error.hint).toContain(".env");
  });
  test("a variable that is used but not declared is a warning with its place", () => {
    const text = `${good.replace("host: db", 'host: "{{ env.DB_HOST }}{{ env.PORT }}"')}requirements:\n  env: [PORT]\n`;
    const use = read(text, { DB_HOST: "db", PORT: "1" });
    expect(use.attributes).toMatchObject({ host: "db1" });
    expect(use.warnings).toEqual(["src/defs/x/defs.yaml:7:1: DB_HOST is used but not declared in requirements.env"]);
  });
  test("templates work in lists and keep the value's type", () => {
    const use = readDefsYaml(good.replace("host: db", 'host: "{{ name }}"\n  port: "{{ port }}"'), "f", [replication], {
      project_root: "/p",
      workspace_root: "/w",
      env: {},
      vars: { name: "db2", port: 9 },
    });
    expect(use.attributes).toMatchObject({ host: "db2", port: 9 });
  });
});
