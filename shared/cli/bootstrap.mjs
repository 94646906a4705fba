#!/usr/bin/env node
// Sets the checkout up when it is not (pinned Node and pnpm, every package's dependencies), then runs the CLI in
// this process. Plain JavaScript without dependencies: it must start on the machine's own Node (>= 20) before anything is installed.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const root = realpathSync(join(dirname(fileURLToPath(import.meta.url)), "..", ".."));
const home = join(root, ".kc");
const toolchainSource = join(root, "shared", "toolchain");
const toolchain = join(home, "toolchain");
const exe = process.platform === "win32" ? ".exe" : "";
const argv = process.argv.slice(2);
const updating = argv[0] === "install" && argv.includes("--update");

/** Packages whose manifests decide what is installed: the workspace globs of pnpm-workspace.yaml. */
function packageDirs() {
  const dirs = [root];
  for (const parent of ["shared", "shared/connectors", "shared/standins", "locations"]) {
    const at = join(root, parent);
    if (!existsSync(at)) continue;
    for (const name of readdirSync(at).sort()) {
      const dir = join(at, name);
      if (dir !== toolchainSource && existsSync(join(dir, "package.json"))) dirs.push(dir);
    }
  }
  return dirs;
}

/** Content hash over paths, lengths and bytes: a touched file with the same content installs nothing. */
function hashFiles(files) {
  const hash = createHash("sha256");
  for (const file of files) {
    if (!existsSync(file)) continue;
    const bytes = readFileSync(file);
    hash.update(`${file.slice(root.length)}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest("hex");
}

const toolchainHash = () => hashFiles([join(toolchainSource, "package.json"), join(toolchainSource, "package-lock.json")]);
function dependencyState() {
  const dirs = packageDirs();
  const hash = hashFiles([
    join(root, "pnpm-workspace.yaml"),
    join(root, ".npmrc"),
    ...dirs.flatMap((dir) => [join(dir, "package.json"), join(dir, "pnpm-lock.yaml")]),
  ]);
  return { hash, complete: dirs.every((dir) => existsSync(join(dir, "node_modules"))) };
}
const stamp = (name) => (existsSync(join(home, name)) ? readFileSync(join(home, name), "utf8") : "");
function writeStamp(name, text) {
  writeFileSync(join(home, `${name}.${process.pid}`), text);
  renameSync(join(home, `${name}.${process.pid}`), join(home, name));
}

function find(dir, pattern, inner) {
  const at = join(dir, "node_modules");
  if (!existsSync(at)) return undefined;
  for (const name of readdirSync(at)) {
    const file = join(at, name, inner);
    if (pattern.test(name) && existsSync(file)) return file;
  }
  return undefined;
}
const pinnedNode = (dir) => find(dir, /^node-/, process.platform === "win32" ? "bin/node.exe" : "bin/node");
function pinnedPnpm(dir) {
  const scope = join(dir, "node_modules", "@pnpm");
  if (!existsSync(scope)) return undefined;
  const musl = !process.report.getReport().header.glibcVersionRuntime && process.platform === "linux";
  const names = readdirSync(scope).filter((name) => name.endsWith("-musl") === musl);
  return names.map((name) => join(scope, name, `pnpm${exe}`)).find((file) => existsSync(file));
}

class SetUpError extends Error {
  constructor(message, code) {
    super(message);
    this.exitCode = code;
  }
}
const say = (text) => process.stderr.write(`kc: ${text}\n`);

let child;
function run(command, args, options) {
  return new Promise((resolve, reject) => {
    let output = "";
    child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    const keep = (chunk) => {
      output = (output + chunk).slice(-16_384);
      if (process.env.KC_VERBOSE) process.stderr.write(chunk);
    };
    child.stdout.on("data", keep);
    child.stderr.on("data", keep);
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
const tail = (text, lines = 12) =>
  text
    .trim()
    .split("\n")
    .slice(-lines)
    .map((line) => `    ${line}`)
    .join("\n");
const offline = (output) =>
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|ENETUNREACH|network|offline|dns error|error sending request/i.test(output);

async function installToolchain() {
  say(`fetching the pinned Node and pnpm (once, into .kc/toolchain)`);
  for (const name of readdirSync(home))
    if (/^toolchain\.\d+$/.test(name)) rmSync(join(home, name), { recursive: true, force: true });
  const staged = join(home, `toolchain.${process.pid}`);
  mkdirSync(staged, { recursive: true });
  for (const name of ["package.json", "package-lock.json"]) cpSync(join(toolchainSource, name), join(staged, name));
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const result = await run(npm, ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], {
    cwd: staged,
    shell: process.platform === "win32",
  });
  // npm exits 0 when an optional dependency cannot be fetched, so only the files tell.
  const node = pinnedNode(staged) ?? process.env.KC_NODE;
  if (result.code !== 0 || !node || !pinnedPnpm(staged)) {
    rmSync(staged, { recursive: true, force: true });
    const lock = readFileSync(join(toolchainSource, "package-lock.json"), "utf8");
    if (!lock.includes(`${process.platform}-${process.arch}`) && !process.env.KC_NODE)
      throw new SetUpError(
        `there is no pinned Node for ${process.platform}-${process.arch}.\n  Install Node 26 yourself and set KC_NODE to its path.`,
        69,
      );
    throw new SetUpError(
      `could not fetch the pinned Node and pnpm from the npm registry.\n${tail(result.output)}\n  Nothing is half-installed. Check the network or proxy (npm config get proxy), then run the same command again.`,
      69,
    );
  }
  rmSync(toolchain, { recursive: true, force: true });
  writeFileSync(join(staged, ".ok"), toolchainHash());
  renameSync(staged, toolchain);
}

async function installDependencies(reason) {
  say(`installing dependencies (${reason})`);
  const pnpm = pinnedPnpm(toolchain);
  const node = pinnedNode(toolchain);
  const args = [
    "install",
    ...(updating ? ["--no-frozen-lockfile"] : ["--frozen-lockfile"]),
    "--prefer-offline",
    ...(process.env.KC_OFFLINE ? ["--offline"] : []),
  ];
  const path = [node && dirname(node), process.env.PATH].filter(Boolean).join(delimiter);
  const result = await run(pnpm, args, { cwd: root, env: { ...process.env, CI: "1", PATH: path } });
  if (result.code !== 0) {
    if (/OUTDATED_LOCKFILE|frozen-lockfile/i.test(result.output))
      throw new SetUpError(
        `a package.json was edited without its lockfile. Run: ./kc install --update\n${tail(result.output)}`,
        65,
      );
    throw new SetUpError(
      `pnpm could not install the dependencies.\n${tail(result.output)}${offline(result.output) ? "\n  The registry cannot be reached: check the network or proxy, then run the same command again." : ""}`,
      offline(result.output) ? 69 : 70,
    );
  }
  writeStamp("deps.ok", dependencyState().hash);
}

const alive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
};
async function withLock(work) {
  const lock = join(home, "lock");
  const owner = join(lock, "pid");
  let said = false;
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(owner, String(process.pid));
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      let pid = 0;
      let age = 0;
      try {
        age = Date.now() - statSync(lock).mtimeMs;
        pid = Number(readFileSync(owner, "utf8"));
      } catch {
        // The holder is between mkdir and writing its pid, or has just let go.
      }
      if ((pid && !alive(pid)) || (!pid && age > 5000)) {
        try {
          renameSync(lock, `${lock}.${process.pid}`);
          rmSync(`${lock}.${process.pid}`, { recursive: true, force: true });
        } catch {
          // Another call took the stale lock over first.
        }
        continue;
      }
      if (!said) say(`another kc (pid ${pid || "?"}) is setting this checkout up; waiting`);
      said = true;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  const stop = (signal) => {
    child?.kill("SIGTERM");
    release();
    process.exit(128 + constants.signals[signal]);
  };
  process.on("exit", release);
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    return await work();
  } finally {
    process.off("exit", release);
    process.off("SIGINT", stop).off("SIGTERM", stop);
    release();
  }
}

function missing() {
  const lacksToolchain = !existsSync(join(toolchain, ".ok")) || readFileSync(join(toolchain, ".ok"), "utf8") !== toolchainHash();
  if (lacksToolchain) return { toolchain: true, deps: "first use" };
  const { hash, complete } = dependencyState();
  if (stamp("deps.ok") === hash && complete) return undefined;
  return { toolchain: false, deps: stamp("deps.ok") ? "a manifest or lockfile changed" : "first use" };
}

/** A `kc new` that was killed: what it left half made is taken back before anything is installed for it. */
function generatorWasKilled() {
  try {
    return !alive(JSON.parse(readFileSync(join(home, "generate.json"), "utf8")).pid);
  } catch {
    return false;
  }
}
function takeBack() {
  const program = join(root, "shared", "cli", "src", "generate", "take-back.ts");
  spawnSync(process.env.KC_NODE ?? pinnedNode(toolchain), [program, root], { stdio: ["ignore", "inherit", "inherit"] });
}

async function setUp() {
  if (generatorWasKilled() && existsSync(join(toolchain, ".ok")))
    await withLock(async () => {
      if (generatorWasKilled()) takeBack();
    });
  const lacking = updating ? { toolchain: !existsSync(join(toolchain, ".ok")), deps: "update" } : missing();
  if (!lacking) return;
  mkdirSync(home, { recursive: true });
  await withLock(async () => {
    // Another call may have finished the work while this one waited.
    const still = updating ? lacking : missing();
    if (!still) return;
    if (still.toolchain) await installToolchain();
    await installDependencies(still.deps);
  });
}

try {
  await setUp();
} catch (error) {
  if (!(error instanceof SetUpError)) throw error;
  say(error.message);
  process.exit(error.exitCode);
}

const node = process.env.KC_NODE ?? pinnedNode(toolchain);
process.env.KC_ROOT = root;
process.env.NODE_COMPILE_CACHE ??= join(home, "compile-cache");
process.env.TURBO_TELEMETRY_DISABLED = "1";
process.env.PATH = [dirname(node), dirname(pinnedPnpm(toolchain)), join(root, "node_modules", ".bin"), process.env.PATH].join(
  delimiter,
);

const same = (() => {
  const a = statSync(node);
  const b = statSync(process.execPath);
  return a.ino === b.ino && a.dev === b.dev;
})();
if (same) {
  const { main } = await import(pathToFileURL(join(root, "shared", "cli", "src", "main.ts")).href);
  await main(argv);
} else {
  const flags = ["--disable-warning=ExperimentalWarning", fileURLToPath(import.meta.url), ...argv];
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
  const result = spawnSync(node, flags, { stdio: "inherit" });
  if (result.signal) process.kill(process.pid, result.signal);
  process.exit(result.status ?? 1);
}
