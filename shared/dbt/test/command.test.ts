import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findRealDbt, invokeDbt, parseCommand, projectHash, type SqlExecutor } from "../src/index.ts";
import { parseDbtVersion } from "../src/real-dbt.ts";
import { duckdbExecutor } from "./duckdb-executor.ts";
import { dbt, noDatabase, projectFolder, target } from "./project-folder.ts";

describe("parseCommand()", () => {
  test("a line is split like a shell does, lists take several words", () => {
    expect(
      parseCommand(
        `dbt build --select tag:a "path:models/my dir" -s x --exclude y z --vars '{"a": 1}' --full-refresh --threads 8 -x`,
      ),
    ).toMatchObject({
      which: "build",
      select: ["tag:a", "path:models/my dir", "x"],
      exclude: ["y", "z"],
      vars: { a: 1 },
      fullRefresh: true,
      failFast: true,
      threads: 8,
    });
    expect(parseCommand(["docs", "generate"]).which).toBe("docs generate");
  });

  test.each([
    ["dbt", "no dbt command is given"],
    ["dbt biuld", 'there is no command "dbt biuld". Did you mean "build"'],
    ["dbt snapshot", "outside the embedded runner's subset"],
    ["dbt run --threads many", "--threads must be a whole number"],
    ["dbt run --vars 3", "--vars must be a mapping"],
    ["dbt run --select", "--select names nothing"],
    ["dbt run --defer", "there is no option --defer."],
    ["dbt run --exlude x", 'there is no option --exlude. Did you mean "--exclude"?'],
    ["dbt run --threads", "--threads needs a value"],
    ["dbt run --threads --fail-fast", "--threads needs a value"],
    ["dbt run --fail-fast=yes", "--fail-fast takes no value"],
    ["dbt run 'x", "is not closed"],
    ["dbt run x", "belongs to no option"],
  ])("%s", (line, message) => {
    expect(() => parseCommand(line)).toThrow(message);
  });
});

describe("commands", () => {
  const files = { "models/a.sql": "select 1 as id", "models/b.sql": "select * from {{ ref('a') }}" };

  test("what ls names can be selected again, one by one", async () => {
    using project = projectFolder({
      "models/deep/a.sql": "{{ config(alias='other') }} select * from {{ source('raw', 'orders') }}",
      "models/deep/sources.yml": "sources:\n  - name: raw\n    tables: [{name: orders}]\n",
      "models/schema.yml": [
        "models:",
        "  - name: a",
        "    columns: [{name: id, data_tests: [unique]}]",
        "exposures:",
        "  - name: report",
        "    type: dashboard",
        "    owner: {email: a@example.com}",
        "    depends_on: [ref('a')]",
      ].join("\n"),
      "seeds/codes.csv": "code\nde\n",
      "tests/no_negative.sql": "select * from {{ ref('a') }} where id < 0",
    });
    const { listed } = await dbt("ls", project.path);
    expect(listed).toEqual(expect.arrayContaining(["exposure:shop.report", "shop.deep.a", "source:shop.raw.orders"]));
    expect(listed).toHaveLength(6);
    for (const one of listed)
      expect((await dbt(`ls --select ${one} --indirect-selection empty`, project.path)).listed).toEqual([one]);
  });
  test("ls names nodes and runs nothing", async () => {
    using project = projectFolder(files);
    expect((await dbt("ls --select +b", project.path)).listed).toEqual(["shop.a", "shop.b"]);
    expect((await dbt("ls --select b --output path", project.path)).listed).toEqual(["models/b.sql"]);
  });

  test("docs generate asks the warehouse for the columns of what is there, and names what is not", async () => {
    using project = projectFolder(files);
    const db = await duckdbExecutor();
    await dbt("run --select a", project.path, db);
    const { catalog } = await dbt("docs generate", project.path, db);
    expect(catalog!.nodes["model.shop.a"]!.columns).toEqual({ id: { type: "INTEGER", index: 1, name: "id", comment: null } });
    expect(catalog!.errors).toHaveLength(1);
    db.close();
  });

  test("artifacts are written where they are asked for", async () => {
    using project = projectFolder(files);
    const targetDir = join(project.path, "target");
    await invokeDbt("compile", { projectDir: project.path, target, executor: noDatabase, env: {}, targetDir });
    expect(readdirSync(targetDir).sort()).toEqual(["manifest.json", "run_results.json"]);
    expect(JSON.parse(readFileSync(join(targetDir, "run_results.json"), "utf8")).metadata.dbt_schema_version).toContain(
      "run-results/v6",
    );
  });

  test("--fail-fast starts nothing more after a failure; without it independent models go on", async () => {
    using project = projectFolder({
      "models/a.sql": "select * from nowhere",
      "models/z.sql": "{{ config(materialized='table') }} select 1 as id",
    });
    const db = await duckdbExecutor();
    const status = async (command: string) =>
      (await dbt(command, project.path, db)).runResults!.results.map((result) => result.status);
    expect(await status("run --threads 1 --fail-fast")).toEqual(["error", "skipped"]);
    expect(await status("run --threads 1")).toEqual(["error", "success"]);
    db.close();
  });

  test("as many models at once as there are threads", async () => {
    using project = projectFolder(Object.fromEntries([1, 2, 3, 4].map((n) => [`models/m${n}.sql`, "select 1 as id"])));
    let [open, most] = [0, 0];
    const waiting: (() => void)[] = [];
    const executor: SqlExecutor = {
      async execute(sql) {
        if (!/view/.test(sql) || sql.startsWith("show")) return { columns: [], rows: [] };
        most = Math.max(most, ++open);
        await new Promise<void>((resolve) => {
          waiting.push(resolve);
          // The second one lets both go: with one thread only, this test would hang instead of passing by luck.
          if (waiting.length === 2) for (const go of waiting.splice(0)) go();
        });
        open--;
        return { columns: [], rows: [] };
      },
    };
    expect((await dbt("run --threads 2", project.path, executor)).exitCode).toBe(0);
    expect(most).toBe(2);
  });

  test("an abort ends the running statement's model as cancelled and starts nothing more", async () => {
    using project = projectFolder(files);
    const abort = new AbortController();
    const executor: SqlExecutor = {
      execute(sql, options) {
        if (sql.startsWith("show") || sql.includes("schema if not exists")) return Promise.resolve({ columns: [], rows: [] });
        const gone = new Promise<never>((_resolve, reject) =>
          options!.signal!.addEventListener("abort", () => reject(new Error("withdrawn")), { once: true }),
        );
        abort.abort();
        return gone;
      },
    };
    const out = await dbt("run", project.path, executor, { signal: abort.signal });
    expect(out.exitCode).toBe(1);
    expect(out.runResults!.results.map((result) => [result.status, result.message])).toEqual([
      ["error", "cancelled"],
      ["skipped", null],
    ]);
  });
});

describe("a project that cannot be read", () => {
  test.each<[string, Record<string, string>, RegExp]>([
    ["no valid YAML", { "dbt_project.yml": "name: [x\n" }, /^dbt_project\.yml:\d: not valid YAML/],
    ["no name", { "dbt_project.yml": "version: 1\n" }, /the project's name must be/],
    [
      "a path that leaves the project",
      { "dbt_project.yml": "name: shop\nmodel-paths: [../other]\n" },
      /^dbt_project\.yml:2: model-paths: "\.\.\/other" leaves the project/,
    ],
    [
      "a folder config that is unknown",
      { "dbt_project.yml": "name: shop\nmodels:\n  shop:\n    +materialised: table\n", "models/a.sql": "select 1" },
      /the config \+materialised is outside/,
    ],
    [
      "hooks of the whole run",
      { "dbt_project.yml": "name: shop\non-run-end:\n  - select 1\n" },
      /^dbt_project\.yml:2: on-run-end in dbt_project\.yml is outside/,
    ],
    [
      "an unknown key",
      { "dbt_project.yml": "name: shop\nmodel-path: [x]\n" },
      /^dbt_project\.yml:2: dbt_project\.yml has the unknown key "model-path"\. Did you mean "model-paths"/,
    ],
    ["a python model", { "models/a.py": "x" }, /^models\/a\.py:1: the python model a\.py is outside/],
    ["a snapshot", { "snapshots/s.sql": "x" }, /^snapshots\/s\.sql:1: the snapshot s\.sql is outside/],
    [
      "packages",
      { "packages.yml": "packages:\n  - package: dbt-labs/dbt_utils\n" },
      /^packages\.yml:1: packages\.yml: installing packages is outside/,
    ],
    ["two models of one name", { "models/a.sql": "select 1", "models/x/a.sql": "select 1" }, /two resources are named "a"/],
    [
      "two models of one relation",
      { "models/a.sql": "select 1", "models/b.sql": "{{ config(alias='a') }} select 1" },
      /make the same relation/,
    ],
    [
      "models in a circle",
      { "models/a.sql": "select * from {{ ref('b') }}", "models/b.sql": "select * from {{ ref('a') }}" },
      /in a circle: a -> b -> a/,
    ],
    [
      "a disabled parent",
      { "models/a.sql": "{{ config(enabled=false) }} select 1", "models/b.sql": "select * from {{ ref('a') }}" },
      /^models\/b\.sql:1: ref\('a'\) names a model that is disabled/,
    ],
    ["an unknown section", { "models/s.yml": "model:\n  - name: a\n" }, /^models\/s\.yml:1: unknown section "model"/],
    [
      "a section outside the subset",
      { "models/s.yml": "version: 2\nunit_tests:\n  - name: a\n" },
      /^models\/s\.yml:2: the section unit_tests: is outside/,
    ],
    [
      "an unknown docs block",
      { "models/a.sql": "select 1", "models/s.yml": "models:\n  - name: a\n    description: \"{{ doc('x') }}\"\n" },
      /there is no docs block "x"/,
    ],
    ["an unknown group", { "models/a.sql": "{{ config(group='g') }} select 1" }, /names the group "g", which is not defined/],
  ])("%s", async (_name, files, message) => {
    using project = projectFolder(files);
    const out = await dbt("parse", project.path);
    expect(out.exitCode).toBe(2);
    expect(out.error!.toString()).toMatch(message);
  });

  test("a file that is no UTF-8 is refused", async () => {
    using project = projectFolder({});
    mkdirSync(join(project.path, "models"));
    writeFileSync(join(project.path, "models", "a.sql"), Buffer.from([0x73, 0xff, 0xfe]));
    expect((await dbt("parse", project.path)).error!.toString()).toBe("models/a.sql:1: the file is not UTF-8");
  });

  test("properties of a model that does not exist are a warning", async () => {
    using project = projectFolder({ "models/s.yml": "models: [{name: gone}]\n" });
    expect((await dbt("parse", project.path)).lines.join()).toContain(
      'models describes "gone", but there is no model with this name',
    );
  });
});

test("the hash of a project changes with its content and not with its target folder", () => {
  using project = projectFolder({ "models/a.sql": "select 1" });
  const before = projectHash(project.path);
  project.write("target/manifest.json", "{}");
  expect(projectHash(project.path)).toBe(before);
  project.write("models/a.sql", "select 2");
  expect(projectHash(project.path)).not.toBe(before);
});

describe("the real dbt", () => {
  test("versions 1.8 and later and 2.x are read from what they print", () => {
    expect(
      parseDbtVersion(
        "/x/dbt",
        "Core:\n  - installed: 1.10.2\n  - latest: 1.10.9\n\nPlugins:\n  - databricks: 1.10.1 - Up to date!\n",
      ),
    ).toEqual({ path: "/x/dbt", version: "1.10.2", major: 1, adapters: { databricks: "1.10.1" } });
    expect(parseDbtVersion("/x/dbt", "dbt 2.0.0-beta.3\n")).toMatchObject({ version: "2.0.0-beta.3", major: 2 });
    expect(() => parseDbtVersion("/x/dbt", "Core:\n  - installed: 1.7.1\n")).toThrow("is dbt 1.7.1, and 1.8 or later");
    expect(() => parseDbtVersion("/x/dbt", "Dart build tool")).toThrow("nothing that looks like a version of dbt");
  });

  test("without one on PATH the remedy is told, with one it is found", async () => {
    await expect(findRealDbt({ PATH: "/nowhere" })).rejects.toThrow("there is no dbt on PATH");
    const folder = mkdtempSync(join(tmpdir(), "kc-dbt-bin-"));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "dbt"), "#!/bin/sh\necho 'dbt 2.0.1'\n");
    chmodSync(join(folder, "dbt"), 0o755);
    expect(await findRealDbt({ PATH: folder })).toMatchObject({ version: "2.0.1", path: join(folder, "dbt") });
    rmSync(folder, { recursive: true });
  });
});
