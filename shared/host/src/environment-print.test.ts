import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Environment } from "./environment.ts";
import { differingVariables, environmentPrint, instanceFileChanged, instanceFilePrint } from "./environment-print.ts";

describe("the print of a host's environment", () => {
  let root: string;
  const write = (file: string, text: string) => writeFileSync(join(root, file), text);
  /** A host that started with `own` and the `.env` files as they are. */
  const started = (own: Environment) => {
    const text = JSON.stringify({ environment: environmentPrint(root, own) });
    write(".kc/host.json", text);
    return text;
  };
  const differing = (own: Environment) => differingVariables({ root, own });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "kc-print-"));
    mkdirSync(join(root, ".kc"));
    mkdirSync(join(root, "locations/sales"), { recursive: true });
    write("workspace.yaml", "load_from:\n  - package: { path: locations/sales }\n");
    write("locations/sales/package.json", JSON.stringify({ name: "sales", kc: { location: "sales" } }));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  test.each<[string, Environment, Environment, string[]]>([
    ["the same variables", { DATABRICKS_HOST: "a" }, { DATABRICKS_HOST: "a", HOME: "/elsewhere" }, []],
    ["another value", { DATABRICKS_HOST: "a" }, { DATABRICKS_HOST: "b" }, ["DATABRICKS_HOST"]],
    ["a variable set since", {}, { LOCAL_POSTGRES_HOST: "db", KC_STANDINS: "off" }, ["LOCAL_POSTGRES_HOST", "KC_STANDINS"]],
    ["a variable gone since", { DBT_CLOUD_TOKEN: "t" }, {}, ["DBT_CLOUD_TOKEN"]],
    ["an empty variable of a connection, which counts as unset", {}, { DATABRICKS_HOST: "" }, []],
    ["an empty path, which does not", {}, { CSV_DATA_PATH: "" }, ["CSV_DATA_PATH"]],
  ])("%s", (_, before, now, names) => {
    started(before);
    expect(differing(now)).toEqual(names);
  });

  test("a path written out that is the default is no difference", () => {
    started({});
    expect(differing({ CSV_DATA_PATH: join(root, "data"), OUTPUT_DIR: "output" })).toEqual([]);
  });
  test("a change of the root's .env or of a location's .env is a difference, unless the process's variable hides it", () => {
    started({});
    write(".env", "DATABRICKS_HOST=x\n");
    write("locations/sales/.env", "CSV_DATA_PATH=/other\n");
    expect(differing({})).toEqual(["DATABRICKS_HOST", "CSV_DATA_PATH"]);
    started({ DATABRICKS_HOST: "own" });
    write(".env", "DATABRICKS_HOST=y\n");
    expect(differing({ DATABRICKS_HOST: "own" })).toEqual([]);
  });
  test("neither values nor two equal hashes stand in it", () => {
    const text = started({ DATABRICKS_TOKEN: "dapi-secret", DBT_CLOUD_TOKEN: "dapi-secret" });
    expect(text).not.toContain("dapi-secret");
    const hashes = Object.values(environmentPrint(root, {})).map((one) => one.hash);
    expect(new Set(hashes).size).toBe(hashes.length);
  });
  test.each([
    ["no file", undefined],
    ["an older host's file", '{"pid":1}'],
    ["a torn file", '{"pid'],
  ])("%s tells of no difference", (_, text) => {
    if (text) write(".kc/host.json", text);
    expect(differing({ DATABRICKS_HOST: "b" })).toEqual([]);
  });
});

test("a kc.yaml that is another than the host has read is told, a touched one and an older host's are not", () => {
  const root = mkdtempSync(join(tmpdir(), "kc-instance-print-"));
  try {
    const host = (more: object) => writeFileSync(join(root, "host.json"), JSON.stringify({ url: "http://x", ...more }));
    const changed = () => instanceFileChanged({ root, home: root });
    expect(changed()).toBe(false);
    host({});
    expect(changed()).toBe(false);
    host({ instanceFile: instanceFilePrint(root) });
    expect(changed()).toBe(false);
    writeFileSync(join(root, "kc.yaml"), "runs: {}\n");
    expect(changed()).toBe(true);
    host({ instanceFile: instanceFilePrint(root) });
    writeFileSync(join(root, "kc.yaml"), "runs: {}\n");
    expect(changed()).toBe(false);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
});
