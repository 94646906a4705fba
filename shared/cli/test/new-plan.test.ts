import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { connections } from "@kc/connections";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import type { CommandContext } from "../src/command.ts";
import { diffLines } from "../src/generate/diff.ts";
import {
  connectionChoices,
  connectionList,
  connectionsProblem,
  descriptionProblem,
  locationNameProblem,
  locationValues,
  teamName,
  teamProblem,
} from "../src/generate/location-answers.ts";
import { readTemplate, templateHash } from "../src/generate/template.ts";
import { safePath, stagedTree, type Write } from "../src/generate/tree.ts";
import { run } from "../src/main.ts";
import { miniature, repository, snapshot } from "./new-miniature.ts";

let root: string;
beforeEach(() => {
  root = miniature();
});
afterEach(() => rmSync(root, { recursive: true }));

/** Runs a command line where nobody can be asked. */
async function kc(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const out: string[] = [];
  const err: string[] = [];
  const context: CommandContext = {
    root,
    cwd: root,
    location: undefined,
    env: {},
    interactive: false,
    print: (line = "") => out.push(line),
    warn: (line) => err.push(line),
  };
  return { code: await run(argv, context), out: out.join("\n"), err: err.join("\n") };
}

const plan = async (...argv: string[]) => {
  const { code, out, err } = await kc("new", "location", ...argv, "--dry-run", "--json");
  expect(err).toBe("");
  expect(code).toBe(0);
  return JSON.parse(out) as {
    answers: object;
    applied: boolean;
    operations: (Write & { text: string; diff: string[]; step: string })[];
  };
};

describe("the plan of a new location", () => {
  test("is every file it gets, the line in workspace.yaml, and the steps, in this order", async () => {
    const { operations, answers, applied } = await plan(
      "sales_emea",
      "--team",
      "@sales",
      "--description",
      "Sales of EMEA.",
      "--connections",
      "databricks,local_postgres",
    );
    expect(applied).toBe(false);
    expect(answers).toEqual({
      name: "sales_emea",
      team: "sales",
      description: "Sales of EMEA.",
      connections: ["local_postgres", "databricks"],
    });
    expect(operations).toMatchSnapshot();
  });

  test("has no template text left over, and every JSON and YAML file is one", async () => {
    const description = 'He said "hi" & <b> \\ `x` $(id) {{name}}';
    const { operations } = await plan("sales_emea", "--description", description, "--yes");
    for (const { kind, path, text } of operations.filter((one) => one.kind === "create")) {
      expect(kind).toBe("create");
      if (path.endsWith(".json")) JSON.parse(text);
      if (path.endsWith(".yaml")) parse(text);
      if (!path.includes("/.kc/"))
        expect(text.replaceAll(description, "").replaceAll(JSON.stringify(description), "")).not.toMatch(/\{\{/);
    }
    const text = (path: string) => operations.find((one) => one.path === `locations/sales_emea/${path}`)!.text;
    expect(JSON.parse(text("package.json")).description).toBe(description);
    expect(parse(text(".kc/answers.yaml")).answers.description).toBe(description);
    expect(text("README.md")).toContain(description);
  });

  test("records the answers and the template's own text, without what is the team's from the first day", async () => {
    const { operations, answers } = await plan("sales_emea", "--yes");
    const files = new Map(operations.map((one) => [one.path?.replace("locations/sales_emea/", ""), one.text]));
    const { version } = readTemplate(root, "location");
    expect(parse(files.get(".kc/answers.yaml")!)).toEqual({ template: "location", version, answers });
    const base = JSON.parse(files.get(".kc/base.json")!);
    expect(base).toMatchObject({ template: "location", version });
    expect(base.files["package.json"]).toBe(files.get("package.json"));
    const written = [...files.keys()].filter((path) => path && !path.startsWith(".kc/") && path !== "workspace.yaml");
    expect(written.filter((path) => !(path! in base.files)).sort()).toEqual(["asset-keys.json", "data/sales.csv"]);
  });

  test("as --dry-run shows it has the difference of workspace.yaml, and nothing is written", async () => {
    const before = snapshot(root);
    const { code, out } = await kc("new", "location", "sales_emea", "--yes", "--dry-run");
    expect(code).toBe(0);
    expect(out).toContain("  create  locations/sales_emea/src/definitions.ts  (17 lines)");
    expect(out).toContain("+  - package: { path: locations/sales_emea }");
    expect(out).toContain("Nothing was written.");
    expect(snapshot(root)).toEqual(before);
  });

  test("leaves out what flags leave out", async () => {
    const steps = async (...flags: string[]) =>
      (await plan("sales_emea", "--yes", ...flags)).operations.flatMap((one) => one.step ?? []);
    expect(await steps()).toEqual(["install", "declare", "test"]);
    expect(await steps("--skip-test")).toEqual(["install", "declare"]);
    expect(await steps("--no-install")).toEqual(["declare"]);
  });
});

describe("kc new", () => {
  test("alone lists the generators, as kc list generators does", async () => {
    const { code, out } = await kc("new");
    expect(code).toBe(0);
    expect(out).toMatch(/^generator\s+description\nlocation\s+A team's code location/);
    expect((await kc("list", "generators")).out).toBe(out);
    expect(JSON.parse((await kc("list", "generators", "--json")).out)).toEqual(JSON.parse((await kc("new", "--json")).out));
  });

  test.each([
    ["an unknown generator", ["locaton", "x"], 'there is no generator "locaton". Did you mean "location"?'],
    ["an unknown generator, nothing near", ["zebra"], 'there is no generator "zebra". There is location'],
    ["no name", ["location"], "Name of the location"],
    [
      "no team",
      ["location", "x"],
      '--team is missing (Team that owns it), and there is no terminal to ask on. Add it, or --yes for the default: "x"',
    ],
    ["no description", ["location", "x", "--team", "t"], "--description is missing"],
    ["no connections", ["location", "x", "--team", "t", "--description", "d"], "--connections is missing"],
    [
      "an unknown connection",
      ["location", "x", "--yes", "--connections", "oracle"],
      '--connections: there is no connection "oracle"; there are local_postgres, databricks, dbt_cloud',
    ],
    ["a wrong team", ["location", "x", "--yes", "--team", "a b"], '--team: "a b" is neither'],
    ["a description without quotes", ["location", "x", "y", "--yes"], '"y" is one word too many'],
    ["a taken name", ["location", "first", "--yes"], 'there already is a location "first" (workspace.yaml:4)'],
  ])("%s is a usage error that says how to go on, and writes nothing", async (_, argv, message) => {
    const before = snapshot(root);
    const { code, err } = await kc("new", ...argv);
    expect(err.replace(/\([^)]*workspace\.yaml/, "(workspace.yaml")).toContain(message);
    expect(code).toBe(2);
    expect(snapshot(root)).toEqual(before);
  });
});

describe("answers", () => {
  test.each([
    ["sales", undefined],
    ["sales_emea_2", undefined],
    ["", "needs a name"],
    ["Sales EMEA", 'not snake_case (letters, digits and single "_", a letter first). Try "sales_emea".'],
    ["salesEmea", 'Try "sales_emea"'],
    ["sales-emea", 'Try "sales_emea"'],
    ["größe", 'Try "grosse"'],
    ["2nd", 'Try "nd"'],
    ["_x", "not snake_case"],
    ["x_", "not snake_case"],
    ["a__b", "not snake_case"],
    ["../evil", "is a path"],
    ["a/b", "is a path"],
    ["a\\b", "is a path"],
    [".", "is a path"],
    ["..", "is a path"],
    ["/etc", "is a path"],
    ["a\0b", "not snake_case"],
    ["日本", "not snake_case"],
    ["x".repeat(41), "41 characters; at most 40 fit"],
    ["con", "Windows"],
    ["runtime", "a package of shared/"],
    ["first", "there already is a location"],
    ["claimed", 'location "first" already has assets below "claimed/"'],
  ])("a location may be named %j: %s", (name, problem) => {
    if (problem === undefined) expect(locationNameProblem(root, name)).toBeUndefined();
    else expect(locationNameProblem(root, name)).toContain(problem);
  });

  test("a team is a name or an address, however it is spelled", () => {
    expect(["@sales", "team:sales", " sales "].map(teamName)).toEqual(["sales", "sales", "sales"]);
    expect(["sales", "A.b-c_1", "me@example.org"].map(teamProblem)).toEqual([undefined, undefined, undefined]);
    for (const wrong of ["", "a b", 'x"', "x".repeat(41), "a@b c", "{{x}}"])
      expect(teamProblem(wrong)).toContain("neither a team's name");
    expect(locationValues({ team: "me@example.org" }).owner).toBe("me@example.org");
    expect(locationValues({ team: "sales" }).owner).toBe("team:sales");
  });

  test("a description is one line", () => {
    expect(descriptionProblem("Sales.")).toBeUndefined();
    for (const wrong of ["", "  ", "a\nb", "a\u001b[31m", "x".repeat(201)]) expect(descriptionProblem(wrong)).toBeDefined();
  });

  test("every connection kc knows can be chosen and has a connector", () => {
    expect(connectionChoices).toEqual(connections.map((one) => one.name));
    const { connectors } = locationValues({ connections: connectionChoices }) as { connectors: { package: string }[] };
    for (const one of connectors)
      expect(existsSync(join(repository, "shared/connectors", one.package.replace("@kc/connector-", ""), "package.json"))).toBe(
        true,
      );
    expect(connectionList("databricks, local_postgres,databricks,")).toEqual(["local_postgres", "databricks"]);
    expect(connectionsProblem(["databricks"])).toBeUndefined();
  });
});

describe("templates", () => {
  test("whoever changes a template gives it the next version", () => {
    const recorded = JSON.parse(readFileSync(join(repository, "templates", "versions.json"), "utf8"));
    const template = readTemplate(repository, "location");
    expect(
      { version: template.version, hash: templateHash(template) },
      "templates/location was changed: raise its version in template.yaml and write this into templates/versions.json",
    ).toEqual(recorded.location);
  });
});

describe("the stage", () => {
  test.each(["../x", "/etc/passwd", "a/../../x", "", ".", "a\0b"])("no generator writes to %j", (path) => {
    expect(() => stagedTree(root).write(path, "x")).toThrow(/outside of the repository/);
  });

  test("nor through a link out of the repository", () => {
    expect(() => safePath(root, "generators/evil.mjs")).toThrow(/a link out of the repository/);
  });

  test("a file written twice is one operation at its first place, an unchanged one is none", () => {
    const tree = stagedTree(root);
    tree.write("a.txt", "1");
    tree.step("test", "x");
    tree.write("a.txt", "2");
    tree.write("workspace.yaml", tree.read("workspace.yaml")!);
    expect(tree.read("a.txt")).toBe("2");
    expect(tree.operations()).toEqual([
      { kind: "create", path: "a.txt", before: undefined, after: "2" },
      { kind: "step", step: "test", location: "x" },
    ]);
  });

  test("a difference has the changed lines and two around them", () => {
    expect(diffLines("1\n2\n3\n4\n5\n6\n7\n8\n", "1\n2\n3\n4\nfive\n6\n7\n8\n9\n")).toEqual([
      "@@ line 3 @@",
      " 3",
      " 4",
      "-5",
      "+five",
      " 6",
      " 7",
      " 8",
      "+9",
    ]);
  });
});
