import { execFile, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
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
import { joinHost } from "@kc/host/join";
import { testInstance } from "@kc/host/testing";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
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

/** The environment of a shell: nothing of this test run's own. */
const environment = Object.fromEntries(
  Object.entries({ ...process.env, CI: "1" }).filter(
    ([name]) => !/^(KC_|VITEST|VITE_|TURBO_|NODE_ENV|NODE_OPTIONS|TEST$)/.test(name),
  ),
);

/** Runs a kc command in the copy. */
function kc(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(root, "shared/cli/bootstrap.mjs"), ...argv],
      { cwd: root, env: environment },
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
    expect(results).toMatchObject({ numFailedTests: 0, numPassedTests: 7 });
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

  test("its tests go on passing when an asset of it gets partitions", async () => {
    const folder = join(root, "locations/sales_emea");
    writeFileSync(
      join(folder, "src/assets/days.ts"),
      `import { asset, dailyPartitions } from "${["@kc", "runtime"].join("/")}";

/** Something of each day. */
export const days = asset({
  key: "sales_emea/days",
  deps: ["sales_emea/sales"],
  partitions: dailyPartitions({ start: "2026-01-01" }),
  materialize: ({ partitions }) => ({ metadata: { keys: partitions!.keys.join() } }),
});
`,
    );
    const definitions = join(folder, "src/definitions.ts");
    writeFileSync(
      definitions,
      readFileSync(definitions, "utf8")
        .replace("import { sales }", 'import { days } from "./assets/days.ts";\nimport { sales }')
        .replace("assets: [sales,", "assets: [days, sales,"),
    );
    writeFileSync(
      join(folder, "asset-keys.json"),
      `${JSON.stringify({ location: "sales_emea", assets: ["sales_emea/days", "sales_emea/sales", "sales_emea/sales_by_product"] }, null, 2)}\n`,
    );
    const { code, out, err } = await kc("test", "sales_emea");
    expect(code, `${out}${err}`).toBe(0);
    const results = JSON.parse(readFileSync(join(folder, "test-results.json"), "utf8"));
    expect(results).toMatchObject({ numFailedTests: 0, numPassedTests: 7 });
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

  test.each(["SIGINT", "SIGKILL"] as const)("leaves nothing, byte for byte, after %s while it installs", async (signal) => {
    const before = snapshot(root);
    const child = spawn(process.execPath, [join(root, "shared/cli/bootstrap.mjs"), "new", "location", "ended", "--yes"], {
      cwd: root,
      env: environment,
      detached: true,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const ended = once(child, "exit");
    for await (const chunk of child.stdout) if (String(chunk).includes("step    install")) break;
    process.kill(-child.pid!, signal);
    expect(await ended).toEqual(signal === "SIGINT" ? [130, null] : [null, "SIGKILL"]);
    expect(existsSync(join(root, "locations/ended"))).toBe(signal === "SIGKILL");
    const { code, err } = await kc("new");
    expect(err).toBe(
      signal === "SIGINT" ? "" : "kc: location ended had been left half made by a killed kc new; it was taken back\n",
    );
    expect(code).toBe(0);
    expect(snapshot(root)).toEqual(before);
  });

  test("a location appears in a platform that runs already, and so does the next one", async () => {
    const file = join(root, "workspace.yaml");
    const whole = readFileSync(file, "utf8");
    // Nothing that needs a stand-in.
    writeFileSync(file, "load_from: []\n");
    const home = mkdtempSync(join(tmpdir(), "kc-home-"));
    const host = await joinHost({
      root,
      home,
      port: 0,
      watch: true,
      writeKeys: false,
      lingerMs: 0,
      daemon: false,
      env: environment,
    });
    try {
      expect((await host.api.settled()).locations).toEqual([]);
      for (const name of ["early", "later"]) {
        expect(await kc("new", "location", name, "--yes", "--skip-test")).toMatchObject({ code: 0 });
        await vi.waitFor(
          async () =>
            expect((await host.api.workspace()).locations).toContainEqual(
              expect.objectContaining({ name, status: "loaded", assets: 2, error: null }),
            ),
          { timeout: 30_000, interval: 50 },
        );
      }
    } finally {
      host.leave();
      await host.gone();
      rmSync(home, { recursive: true, force: true });
      writeFileSync(file, whole);
    }
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
