import { createHash } from "node:crypto";
import { chmod, chown, lstat, mkdir, mkdtemp } from "node:fs/promises";
import { join } from "node:path";

/**
 * A short folder for the unix socket (a socket's path must stay below 107 bytes, a checkout's may be longer), one per state folder,
 * owned by the user PostgreSQL runs as. /tmp is open to all: a folder there that is not that user's is never used.
 */
export async function socketDir(stateDir: string, uid: number): Promise<string> {
  const runtime = process.env["XDG_RUNTIME_DIR"];
  const base =
    runtime && runtime.length < 60 && process.getuid?.() === uid && (await lstat(runtime).catch(() => undefined))?.uid === uid
      ? runtime
      : "/tmp";
  const hash = createHash("sha256").update(stateDir).digest("hex").slice(0, 10);
  const path = join(base, `kc-pg-${uid}-${hash}`);
  await mkdir(path, { mode: 0o700 }).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "EEXIST") throw error;
  });
  let found = await lstat(path);
  if (found.isDirectory() && found.uid === process.getuid?.() && found.uid !== uid) {
    await chown(path, uid, uid);
    found = await lstat(path);
  }
  if (found.isDirectory() && found.uid === uid) {
    await chmod(path, 0o700);
    return path;
  }
  const own = await mkdtemp(join("/tmp", "kc-pg-"));
  await chown(own, uid, uid);
  return own;
}
