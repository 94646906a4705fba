import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const repository = join(import.meta.dirname, "..", "..", "..");

/** A small repository with the real launcher, a CLI that prints what it got, and one location without dependencies. */
function smallRepository(options: { toolchain: boolean }): string {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "kc-launcher-")));
  const write = (file: string, text: string) => {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), text);
  };
  for (const file of [
    "kc",
    ".npmrc",
    "pnpm-workspace.yaml",
    "shared/cli/bootstrap.mjs",
    "shared/toolchain/package.json",
    "shared/toolchain/package-lock.json",
  ])
    cpSync(join(repository, file), join(root, file));
  write("package.json", '{ "name": "small", "private": true }');
  write("shared/cli/package.json", '{ "name": "@kc/cli", "private": true, "type": "module" }');
  write(
    "shared/cli/src/main.ts",
    "export async function main(argv: string[]): Promise<void> {\n  console.log(JSON.stringify({ argv, node: process.version, cwd: process.cwd() }));\n}\n",
  );
  write("locations/a/package.json", '{ "name": "@loc/a", "private": true }');
  // Packages without dependencies have no node_modules of their own; the launcher asks for one.
  for (const folder of [".", "shared/cli", "locations/a"]) mkdirSync(join(root, folder, "node_modules"), { recursive: true });
  if (options.toolchain) {
    mkdirSync(join(root, ".kc"));
    symlinkSync(join(repository, ".kc", "toolchain"), join(root, ".kc", "toolchain"));
    execFileSync(
      join(root, ".kc/toolchain/node_modules/@pnpm", readdirSync(join(root, ".kc/toolchain/node_modules/@pnpm"))[0]!, "pnpm"),
      ["install", "--no-frozen-lockfile", "--offline"],
      { cwd: root, env: { ...process.env, CI: "1" } },
    );
    rmSync(join(root, ".kc", "deps.ok"), { force: true });
  }
  return root;
}

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

describe("the launcher", () => {
  let root: string;
  const running = new Set<ChildProcess>();
  const start = (command: string, args: string[], options: { cwd?: string; env?: NodeJS.ProcessEnv } = {}) => {
    const { KC_ROOT: _, NODE_COMPILE_CACHE: __, ...env } = process.env;
    const child = spawn(command, args, { cwd: options.cwd ?? root, env: { ...env, ...options.env } });
    running.add(child);
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    const done = new Promise<Outcome>((resolve) => child.on("close", (code) => resolve({ code, out, err })));
    return { child, done };
  };
  beforeEach(() => {
    root = smallRepository({ toolchain: true });
  });
  afterEach(() => {
    for (const child of running) child.kill("SIGKILL");
    rmSync(root, { recursive: true, force: true });
  });

  test("sets up once, hands the arguments to the CLI under the pinned Node, and then says nothing", async () => {
    const first = await start("./kc", ["a", "b c"]).done;
    expect(first.err).toContain("installing dependencies (first use)");
    expect(JSON.parse(first.out)).toMatchObject({ argv: ["a", "b c"], node: "v26.10.0" });
    const second = await start("./kc", []).done;
    expect(second).toMatchObject({ code: 0, err: "" });
  });

  test("works through a symlink and from another folder, and keeps the folder it was called in", async () => {
    await start("./kc", []).done;
    const link = join(root, "bin-kc");
    symlinkSync(join(root, "kc"), link);
    const { out } = await start(link, [], { cwd: join(root, "locations", "a") }).done;
    expect(JSON.parse(out).cwd).toBe(join(root, "locations", "a"));
  });

  test("calls at the same time: one sets up, the others wait, all succeed", async () => {
    const outcomes = await Promise.all([1, 2, 3, 4].map(() => start("./kc", []).done));
    expect(outcomes.map((one) => one.code)).toEqual([0, 0, 0, 0]);
    expect(outcomes.filter((one) => one.err.includes("installing dependencies"))).toHaveLength(1);
  });

  test("the lock of a killed set-up is taken over", async () => {
    mkdirSync(join(root, ".kc", "lock"));
    const gone = spawn("true");
    await once(gone, "close");
    writeFileSync(join(root, ".kc", "lock", "pid"), String(gone.pid));
    expect((await start("./kc", []).done).code).toBe(0);
    expect(existsSync(join(root, ".kc", "lock"))).toBe(false);
  });

  test("a package.json edited without its lockfile ends with 65 and the command that mends it", async () => {
    await start("./kc", []).done;
    writeFileSync(
      join(root, "locations/a/package.json"),
      '{ "name": "@loc/a", "private": true, "dependencies": { "@kc/cli": "workspace:*" } }',
    );
    const { code, err } = await start("./kc", []).done;
    expect(code).toBe(65);
    expect(err).toContain("./kc install --update");
    expect((await start("./kc", ["install", "--update"]).done).code).toBe(0);
    expect((await start("./kc", []).done).code).toBe(0);
  });

  test("without network on first use it ends with 69, says why, and leaves nothing half-installed", async () => {
    rmSync(join(root, ".kc"), { recursive: true, force: true });
    const { code, err } = await start("./kc", [], {
      env: { npm_config_registry: "http://127.0.0.1:9/", npm_config_fetch_retries: "0", npm_config_cache: join(root, "cache") },
    }).done;
    expect(code).toBe(69);
    expect(err).toContain("could not fetch the pinned Node and pnpm");
    expect(err).toContain("proxy");
    expect(readdirSync(join(root, ".kc")).filter((name) => name.startsWith("toolchain"))).toEqual([]);
  });

  test("a CLI that is started by another Node runs under the pinned one all the same", async () => {
    await start("./kc", []).done;
    const { out } = await start(process.execPath, [join(root, "shared/cli/bootstrap.mjs"), "x"]).done;
    expect(JSON.parse(out)).toMatchObject({ argv: ["x"], node: "v26.10.0" });
  });
});
