import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { CommandContext } from "../src/command.ts";
import { run } from "../src/main.ts";

const runtime = resolve(import.meta.dirname, "..", "..", "runtime");

/** A repository in a temporary folder with a platform of its own: locations by name, each the text of its definitions. */
export function smallPlatform(locations: Record<string, string>) {
  const root = realpathSync(mkdtempSync(join(tmpdir(), "kc-cli-")));
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text, { mode: text.startsWith("#!") ? 0o755 : 0o644 });
  };
  for (const [name, text] of Object.entries(locations)) {
    const modules = join(root, "locations", name, "node_modules");
    mkdirSync(join(modules, "@kc"), { recursive: true });
    symlinkSync(runtime, join(modules, "@kc", "runtime"));
    symlinkSync(join(runtime, "node_modules", "zod"), join(modules, "zod"));
    const manifest = { name: `@loc/${name}`, type: "module", kc: { location: name, loader: "node" } };
    write(`locations/${name}/package.json`, JSON.stringify(manifest));
    write(`locations/${name}/src/definitions.ts`, text);
  }
  const list = Object.keys(locations).map((name) => `  - package: { path: locations/${name} }\n`);
  write("workspace.yaml", `load_from:\n${list.join("")}`);
  const { CI: _, ...own } = process.env;
  const env = { ...own, KC_HOME: join(root, ".kc"), KC_LINGER_MS: "500", KC_PORT: "0", KC_ROOT: root };
  return {
    root,
    env,
    write,
    /** Runs a command line in this process; answers its exit code and what it wrote. */
    async kc(...argv: string[]): Promise<{ code: number; out: string; err: string }> {
      const out: string[] = [];
      const err: string[] = [];
      const context: CommandContext = {
        root,
        cwd: root,
        location: undefined,
        env,
        interactive: false,
        print: (line = "") => out.push(line),
        warn: (line) => err.push(line),
      };
      const code = await run(argv, context);
      return { code, out: out.join("\n"), err: err.join("\n") };
    },
    // The host of the last command may still be writing its last files.
    remove: () => rmSync(root, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 }),
  };
}

/** Put together, because the text of a location is no import of this package. */
export const runtimePackage = ["@kc", "runtime"].join("/");
