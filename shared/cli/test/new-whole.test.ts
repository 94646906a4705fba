import { execFile, execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { testInstance } from "@kc/host/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { repository, snapshot } from "./new-miniature.ts";

let root: string;

// The repository as it stands in a folder of its own: the real launcher, packages and steps, the same pinned Node.
beforeAll(async () => {
  root = realpathSync(mkdtempSync(join(tmpdir(), "kc-new-whole-")));
  const listed = execFileSync("git", ["ls-files", "-z", "--cached", "--others", "--exclude-standard"], {
    cwd: repository,
    encoding: "utf8",
    maxBuffer: 64_000_000,
  });
  for (const path of listed.split("\0").filter((one) => one && existsSync(join(repository, one)))) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    cpSync(join(repository, path), join(root, path));
  }
  mkdirSync(join(root, ".kc"));
  symlinkSync(join(repository, ".kc", "toolchain"), join(root, ".kc", "toolchain"));
  expect(await kc("install")).toMatchObject({ code: 0 });
}, 240_000);
afterAll(() => rmSync(root, { recursive: true, force: true, maxRetries: 5 }));

/** Runs a kc command in the copy, as from a shell: nothing of this test run's own environment reaches it. */
function kc(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(KC_|VITEST|VITE_|TURBO_|NODE_ENV|NODE_OPTIONS|TEST$)/.test(name)),
  );
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, "shared/cli/bootstrap.mjs"), ...argv],
      { cwd: root, env: { ...env, CI: "1" } },
      (error, out, err) => resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}

describe("kc new location, in a repository of its own", { timeout: 240_000 }, () => {
  test("makes a location that installs, type-checks, is formatted, and passes its own tests", async () => {
    const before = readFileSync(join(root, "workspace.yaml"), "utf8");
    const { code, out, err } = await kc(
      "new",
      "location",
      "sales_emea",
      "--team",
      "sales",
      "--connections",
      "local_postgres,databricks",
      "--yes",
    );
    expect(err).toBe("");
    expect(code).toBe(0);
    expect(out).toContain("location sales_emea is ready");
    expect(readFileSync(join(root, "workspace.yaml"), "utf8")).toBe(
      `${before.trimEnd()}\n  - package: { path: locations/sales_emea }\n`,
    );
    const results = JSON.parse(readFileSync(join(root, "locations/sales_emea/test-results.json"), "utf8"));
    expect(results).toMatchObject({ numFailedTests: 0, numPassedTests: 6 });
    expect(existsSync(join(root, "locations/sales_emea/pnpm-lock.yaml"))).toBe(true);
    // Other teams can name its assets at once.
    expect(readFileSync(join(root, "locations/downstream/src/asset-keys.d.ts"), "utf8")).toContain(
      '"sales_emea/sales": "sales_emea"',
    );
    execFileSync(join(root, "node_modules/.bin/biome"), ["ci", "--colors=off", "locations/sales_emea"], {
      cwd: root,
      stdio: "pipe",
    });
  });

  test("leaves nothing, byte for byte, when its tests fail; and shows what they said", async () => {
    const csv = join(root, "templates/location/data/sales.csv");
    const good = readFileSync(csv, "utf8");
    writeFileSync(csv, good.replace("espresso,3,2.40", "espresso,3,two"));
    const before = snapshot(root);
    const { code, err } = await kc("new", "location", "broken", "--yes");
    expect(err).toContain(
      'location broken was not made: the step "check types and run the tests (kc test broken)" failed (exit code 1)',
    );
    expect(err).toContain("the sales of the file are added up by product, to the cent");
    expect(err).toContain("Everything is as it was before.");
    expect(code).toBe(1);
    expect(snapshot(root)).toEqual(before);
    writeFileSync(csv, good);
    // The launcher finds nothing to do: what is installed is what it was.
    expect((await kc("new")).err).toBe("");
  });

  test("two locations use different versions of one library, each its own", async () => {
    const versions = { old_ms: "2.0.0", new_ms: "2.1.3" };
    for (const name of Object.keys(versions))
      expect(await kc("new", "location", name, "--yes", "--skip-test")).toMatchObject({ code: 0 });
    for (const [name, version] of Object.entries(versions)) {
      const manifest = join(root, "locations", name, "package.json");
      const parsed = JSON.parse(readFileSync(manifest, "utf8"));
      parsed.dependencies.ms = version;
      writeFileSync(manifest, `${JSON.stringify(parsed, null, 2)}\n`);
      const sales = join(root, "locations", name, "src/assets/sales.ts");
      writeFileSync(
        sales,
        readFileSync(sales, "utf8")
          .replace("import { join }", 'import { createRequire } from "node:module";\nimport { join }')
          .replace(
            "metadata: {",
            'metadata: {\n        library: createRequire(import.meta.url)("ms/package.json").version,\n        parsed: createRequire(import.meta.url)("ms")("-1.5h") ?? "not understood",',
          ),
      );
    }
    const { code, err } = await kc("install", "--update");
    expect(code, err).toBe(0);
    for (const [name, version] of Object.entries(versions)) {
      const lockfile = readFileSync(join(root, "locations", name, "pnpm-lock.yaml"), "utf8");
      expect([...lockfile.matchAll(/^ {2}ms@(\S+):$/gm)].map((match) => match[1])).toEqual([version]);
    }
    const instance = await testInstance({ root, only: Object.keys(versions) });
    try {
      const { runs } = await instance.materialize("old_ms/sales or new_ms/sales");
      expect(runs.map((run) => run.status)).toEqual(["succeeded", "succeeded"]);
      const used = async (location: string) => (await instance.api.asset(`${location}/sales`)).materialization?.metadata;
      expect(await used("old_ms")).toMatchObject({ library: { value: "2.0.0" }, parsed: { value: "not understood" } });
      expect(await used("new_ms")).toMatchObject({ library: { value: "2.1.3" }, parsed: { value: -5_400_000 } });
    } finally {
      await instance.stop();
    }
  });
});
