import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, resolve } from "node:path";

const folder = resolve(import.meta.dirname, "..");

/** Builds the UI once before the tests, unless what is built is newer than all its sources. */
export function setup(): void {
  const built = join(folder, "dist", "index.html");
  const sources = readdirSync(join(folder, "src"), { recursive: true, withFileTypes: true });
  const newest = Math.max(...sources.map((entry) => statSync(join(entry.parentPath, entry.name)).mtimeMs));
  if (existsSync(built) && statSync(built).mtimeMs > newest) return;
  // As people get it: in the environment of tests React would be built for development, many times slower.
  const env = { ...process.env, NODE_ENV: "production" };
  execFileSync("node_modules/.bin/vite", ["build", "--logLevel", "error"], { cwd: folder, env });
}
