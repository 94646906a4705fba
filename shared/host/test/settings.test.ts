import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { locationEnvironment, rootEnvironment } from "../src/environment.ts";
import { readInstanceFile } from "../src/instance-file.ts";
import { findLocations, readWorkspaceFile } from "../src/locations/workspace-file.ts";

const folder = mkdtempSync(join(tmpdir(), "kc-settings-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;
/** A new folder with these files. */
function tree(files: Record<string, string>): string {
  const root = join(folder, String(++count));
  mkdirSync(root);
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return root;
}

describe("environments", () => {
  const root = tree({
    ".env": "SHARED=root\nROOT_ONLY=1\nEMPTY=\n",
    "one/.env": "SHARED=one\nONE_ONLY=1\n",
    "two/.env": "SHARED=two\n",
  });
  const of = (name: string, own: Record<string, string | undefined> = {}, connections = {}) =>
    locationEnvironment({ root, folder: join(root, name), own, connections });
  test("a location's file wins over the root's, the process's own variables over both, connections over all", () => {
    expect(of("one").SHARED).toBe("one");
    expect(of("three").SHARED).toBe("root");
    expect(of("one", { SHARED: "own" }).SHARED).toBe("own");
    expect(of("one", { SHARED: "own" }, { SHARED: "connection" }).SHARED).toBe("connection");
    expect(rootEnvironment(root, { SHARED: "own" }).SHARED).toBe("own");
  });
  test("nothing of one location leaks into another", () => {
    expect(of("two")).toMatchObject({ SHARED: "two", ROOT_ONLY: "1" });
    expect(of("two").ONE_ONLY).toBeUndefined();
    expect(rootEnvironment(root, {}).ONE_ONLY).toBeUndefined();
  });
  test("what belongs to kc's own processes stays there", () => {
    const own = {
      NODE_OPTIONS: "--inspect",
      KC_HOST_OPTIONS: "{}",
      KC_WATCHDOG_FD: "3",
      npm_config_x: "1",
      VITEST: "true",
      PATH: "/bin",
    };
    expect(Object.keys(of("three", own)).sort()).toEqual([
      "CSV_DATA_PATH",
      "EMPTY",
      "KC_ROOT",
      "OUTPUT_DIR",
      "PATH",
      "ROOT_ONLY",
      "SHARED",
    ]);
  });
  test("data paths are absolute: the repository's by default, relative ones from its root", () => {
    expect(of("one")).toMatchObject({ CSV_DATA_PATH: join(root, "data"), OUTPUT_DIR: join(root, "output"), KC_ROOT: root });
    expect(of("one", { OUTPUT_DIR: "out" }).OUTPUT_DIR).toBe(join(root, "out"));
    expect(of("one", { OUTPUT_DIR: "/out" }).OUTPUT_DIR).toBe("/out");
  });
});

describe("kc.yaml", () => {
  const read = (text: string, env: Record<string, string> = {}) =>
    readInstanceFile(join(tree({ "kc.yaml": text }), "kc.yaml"), env);
  test("every setting has a default", () => {
    for (const settings of [readInstanceFile(join(folder, "none.yaml"), {}), read(""), read("runs: {}\n")])
      expect(settings).toMatchObject({
        runs: { max_concurrent: 10, max_concurrent_steps: 4, cancel_grace: 10_000 },
        workers: { max_idle: 3, max_runs: 100 },
        locations: { load_timeout: 60_000 },
        ticks: { timeout: 180_000 },
      });
  });
  test("durations have units, env: reads a variable", () => {
    expect(read("ticks: { timeout: 5m }\nlocations: { load_timeout: env:LIMIT }\n", { LIMIT: "2s" })).toMatchObject({
      ticks: { timeout: 300_000 },
      locations: { load_timeout: 2_000 },
    });
  });
  test("a variable counts as a number, or as true or false, where one is wanted", () => {
    const text = "runs: { max_concurrent: env:N, retries: { on_step_failure: env:YES } }\npools: { warehouse: env:N }\n";
    expect(read(text, { N: "4", YES: "false" })).toMatchObject({
      runs: { max_concurrent: 4, retries: { on_step_failure: false } },
      pools: { warehouse: 4 },
    });
    expect(read("openlineage: { url: env:URL, namespace: env:N }", { URL: "http://x", N: "4" }).openlineage!.namespace).toBe("4");
    expect(() => read("runs: { max_concurrent: env:N }", { N: "many" })).toThrow('must be a number, not "many"');
  });
  test.each([
    ["a syntax error", "runs: [\n", /:[12]$/, ""],
    ["an unknown setting", "runs: {}\nrun: {}\n", /:\d$/, "run"],
    ["a number out of range", "ticks: {}\nruns:\n  max_concurrent: 0\n", /:3$/, "runs.max_concurrent: must be at least 1"],
    ["a value of another kind", "runs:\n  max_concurrent: ten\n", /:2$/, 'runs.max_concurrent: must be a number, not "ten"'],
    ["a section that is none", "runs:\n  - 3\n", /:1$/, "runs: must be a mapping, not a list"],
    ["a file that is a list", "- runs\n", /:1$/, "the file: must be a mapping, not a list"],
    [
      "a duration without a unit",
      "runs:\n  cancel_grace: 10\n",
      /:2$/,
      "runs.cancel_grace: 10 has no unit: write a number and its unit, as in 500ms, 30s, 5m, 2h, 1d or 1h30m",
    ],
    ["a duration that is none", "runs:\n  cancel_grace: soon\n", /:2$/, '"soon" is not a duration: write a number and its unit'],
    ["a word that is none", "ticks:\n  missed: lates\n", /:2$/, '"lates" is none of latest, skip. Did you mean "latest"?'],
    ["a key of an alternative", "ticks:\n  missed:\n    catchup: 5\n", /:[23]$/, "ticks.missed.catch_up: is missing"],
    ["a key of a pool", "pools:\n  api: { slot: 3 }\n", /:2$/, 'there is no such setting. Did you mean "slots"?'],
    [
      "alternatives together",
      "storage:\n  sqlite: {}\n  postgres: { url: x }\n",
      /:3$/,
      "cannot stand beside what is there already",
    ],
    ["an alternative that there is not", "storage:\n  mysql: {}\n", /:2$/, "There are sqlite, postgres."],
    ["a part of an alternative", "storage:\n  sqlite: { path: 5 }\n", /:2$/, "storage.sqlite.path: must be text, not 5"],
    ["an alias of nothing", "runs: *x\n", /:1$/, "alias"],
    ["an alias within itself", "runs: &a\n  x: *a\n", /:1$/, "an alias stands within what it stands for"],
    [
      "unset variables, all of them",
      "runs:\n  cancel_grace: env:A\nticks:\n  timeout: env:B\n",
      /kc\.yaml/,
      "unset environment variables: A, B",
    ],
  ])("%s is told with its line", (_, text, where, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        name: "UserError",
        message: expect.stringContaining(message),
        where: expect.stringMatching(where),
      }),
    );
  });
});

describe("workspace.yaml", () => {
  const manifest = (name: string, more: object = {}) => JSON.stringify({ name: `@loc/${name}`, kc: { location: name, ...more } });
  const files = {
    "locations/one/package.json": manifest("one", { loader: "node", connections: ["databricks"] }),
    "locations/two/package.json": manifest("two"),
  };
  const read = (text: string, more: Record<string, string> = {}) =>
    readWorkspaceFile(join(tree({ ...files, ...more, "workspace.yaml": text }), "workspace.yaml"));
  const entry = (path: string, more = "") => `  - package: { path: ${path}${more} }\n`;

  test("names each location's folder, entry and loader; paths are relative to the file", () => {
    const { locations, problems } = read(
      `load_from:\n${entry("locations/one")}${entry("locations/two", ", location_name: second, entry: lib/main.ts")}`,
    );
    expect(problems).toEqual([]);
    expect(locations).toMatchObject([
      {
        name: "one",
        loader: "node",
        connections: ["databricks"],
        entry: expect.stringMatching(/locations\/one\/src\/definitions\.ts$/),
      },
      { name: "second", declared: "two", loader: "tsx", entry: expect.stringMatching(/locations\/two\/lib\/main\.ts$/) },
    ]);
  });
  test.each([
    ["a folder that is not there", entry("locations/three"), {}, "there is no "],
    ["a package.json that is no JSON", entry("locations/bad"), { "locations/bad/package.json": "{" }, "JSON"],
    ["a package without kc", entry("locations/bad"), { "locations/bad/package.json": "{}" }, 'has no "kc" entry'],
    [
      "a package with a wrong kc",
      entry("locations/bad"),
      { "locations/bad/package.json": '{"kc":{"location":5}}' },
      "kc.location: must be text, not 5",
    ],
    [
      "a package with an unknown key of kc",
      entry("locations/bad"),
      { "locations/bad/package.json": '{"kc":{"location":"bad","conections":[]}}' },
      'kc.conections: there is no such setting. Did you mean "connections"?',
    ],
  ])("%s is a problem of that location, and the others stay", (_, text, more, message) => {
    const { locations, problems } = read(`load_from:\n${text}${entry("locations/one")}`, more as never);
    expect(locations.map((one) => one.name)).toEqual(["one"]);
    expect(problems).toEqual([
      expect.objectContaining({ message: expect.stringContaining(message), where: expect.stringMatching(/workspace\.yaml:2$/) }),
    ]);
  });
  test.each([
    [
      "two locations of one name",
      `load_from:\n${entry("locations/one")}${entry("locations/two", ", location_name: one")}`,
      'two locations are named "one"',
    ],
    [
      "an entry that is none",
      "load_from:\n  - pakage: { path: x }\n",
      'load_from.0.pakage: there is no such setting. Did you mean "package"?',
    ],
    ["a path alone", "load_from:\n  - locations/one\n", 'load_from.0: must be a mapping, not "locations/one"'],
    ["an unknown key of an entry", `load_from:\n${entry("locations/one", ", entri: x")}`, 'Did you mean "entry"?'],
    ["a list of something else", "load_from: 5\n", "load_from: must be a list, not 5"],
    ["an unknown key", "load: []\n", "load: there is no such setting. There are load_from."],
    ["an empty file", "", "load_from: is missing"],
    ["a syntax error", "load_from: [\n", ""],
    [
      "a kind that is not built yet",
      "load_from:\n  - grpc_server: { host: x, port: 1 }\n",
      '"grpc_server" locations are not built yet',
    ],
  ])("%s is refused", (_, text, message) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ name: "UserError", message: expect.stringContaining(message) }));
  });
  test("all that is wrong is told with its line, and how an entry is written", () => {
    expect(() => read(`load_from:\n${entry("locations/one")}  - package: x\n  - module: {}\n`)).toThrow(
      expect.objectContaining({
        where: expect.stringMatching(/workspace\.yaml:3$/),
        hint: expect.stringMatching(
          /^\S*workspace\.yaml:4: load_from\.2: "module" locations are not built yet; "package" is\nAn entry reads: - package: \{ path: /,
        ),
      }),
    );
  });
  test("a location's folder alone is a workspace of one", () => {
    const root = tree({ "package.json": manifest("alone") });
    expect(findLocations(root).locations).toMatchObject([{ name: "alone", folder: root }]);
    expect(() => findLocations(tree({}))).toThrow("there is no ");
  });
});
