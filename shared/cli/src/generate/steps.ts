import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";

export interface StepContext {
  root: string;
  location: string;
  env: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** Something that runs after files were written. Generators name it; only kc runs it. */
export interface Step {
  title(location: string): string;
  /** Files outside of the new folders that it may change: they are put back when anything fails. */
  touches(root: string): string[];
  run(context: StepContext): Promise<{ code: number; output: string }>;
}

/** The steps a generator may name. */
export const steps: Readonly<Record<string, Step>> = {
  install: {
    title: () => "install dependencies (kc install --update)",
    touches: (root) => [".kc/deps.ok", "pnpm-lock.yaml", ...packageFiles(root, "pnpm-lock.yaml")],
    run: (context) => kc(context, ["install", "--update"]),
  },
  declare: {
    title: () => "tell the other locations' compilers its asset keys",
    touches: (root) => packageFiles(root, "src/asset-keys.d.ts"),
    run: async ({ root }) => {
      const { findLocations, writeDeclarations } = await import("@kc/host/workspace");
      writeDeclarations(findLocations(root).locations);
      return { code: 0, output: "" };
    },
  },
  test: {
    title: (location) => `check types and run the tests (kc test ${location})`,
    touches: (root) => packageFiles(root, "src/asset-keys.d.ts"),
    run: (context) => kc(context, ["test", context.location]),
  },
};

/** The file in every package, whether it is there or not. */
function packageFiles(root: string, file: string): string[] {
  const parents = file.startsWith("src/") ? ["locations"] : ["shared", "shared/connectors", "shared/standins", "locations"];
  return parents
    .filter((parent) => existsSync(join(root, parent)))
    .flatMap((parent) =>
      readdirSync(join(root, parent))
        .filter((name) => existsSync(join(root, parent, name, "package.json")))
        .map((name) => `${parent}/${name}/${file}`),
    );
}

/** Runs a kc command of the repository in a process of its own; ended by the signal, and waited for in any case. */
function kc({ root, env, signal }: StepContext, args: readonly string[]): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(root, "shared", "cli", "bootstrap.mjs"), ...args], {
      cwd: root,
      env: { ...env, FORCE_COLOR: "0", NO_COLOR: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => {
        output = (output + chunk.toString()).slice(-50_000);
      });
    let last: NodeJS.Timeout | undefined;
    const stop = () => {
      child.kill("SIGTERM");
      last = setTimeout(() => child.kill("SIGKILL"), 10_000);
    };
    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) stop();
    child.on("error", reject);
    child.on("close", (code) => {
      clearTimeout(last);
      signal.removeEventListener("abort", stop);
      resolve({ code: code ?? 1, output });
    });
  });
}
