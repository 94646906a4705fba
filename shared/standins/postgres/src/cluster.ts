import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, lchown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { RunAs } from "./run-as.ts";
import { ownServerHint, PostgresStartError } from "./start-error.ts";

const run = promisify(execFile);

/** The password of user postgres, made on first use and readable by the owner alone. */
export async function password(stateDir: string): Promise<string> {
  const file = join(stateDir, "password");
  const known = (await readFile(file, "utf8").catch(() => "")).trim();
  if (known) return known;
  const fresh = randomBytes(24).toString("base64url");
  await writeFile(`${file}.new`, fresh, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return fresh;
}

/**
 * The data folder of the cluster, made by initdb on first use. It appears by one rename, so a start that dies half way leaves
 * nothing that a later one could take for a cluster.
 */
export async function cluster(as: RunAs, secret: string): Promise<string> {
  await mkdir(as.clusterDir, { recursive: true, mode: 0o700 });
  const dataDir = join(as.clusterDir, "data");
  for (const name of await readdir(as.clusterDir))
    if (/^(new|pw)-/.test(name)) await rm(join(as.clusterDir, name), { recursive: true, force: true });
  const found = await stat(dataDir).catch(() => undefined);
  if (found) {
    if (found.uid !== as.uid)
      throw new PostgresStartError(
        `the data folder ${dataDir} belongs to uid ${found.uid}, not to ${as.uid}`,
        `Start as that user, or remove the folder to begin anew.`,
      );
    await checkVersion(as, dataDir);
    return dataDir;
  }
  const fresh = join(as.clusterDir, `new-${process.pid}`);
  const pwfile = join(as.clusterDir, `pw-${process.pid}`);
  const { uid, gid } = as.initdb.identity;
  await writeFile(pwfile, secret, { mode: 0o600 });
  await mkdir(fresh, { mode: 0o700 });
  if (uid !== undefined && gid !== undefined) {
    for (const path of [pwfile, fresh, as.clusterDir]) await chown(path, uid, gid);
  }
  const [command, args] = as.initdb.command(as.binaries.initdb, [
    ...["-D", fresh, "-U", "postgres", `--pwfile=${pwfile}`, "--auth=scram-sha-256", "--encoding=UTF8"],
    ...["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"],
  ]);
  try {
    await run(command, args, {
      env: { PATH: process.env["PATH"], LC_ALL: "C", TZ: "UTC", ...as.binaries.env },
      cwd: "/",
      ...as.initdb.identity,
    });
    if (uid !== undefined) await giveTo(as.clusterDir, as.uid);
  } catch (cause) {
    await rm(fresh, { recursive: true, force: true });
    const text = (cause as { stderr?: string }).stderr?.trim() || String(cause);
    throw new PostgresStartError(
      `PostgreSQL could not make its data folder in ${as.clusterDir}: ${text}`,
      `Check the space and rights of that folder. ${ownServerHint}`,
      cause,
    );
  } finally {
    await rm(pwfile, { force: true });
  }
  await rename(fresh, dataDir);
  return dataDir;
}

async function giveTo(path: string, uid: number): Promise<void> {
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true }))
    await lchown(join(entry.parentPath, entry.name), uid, uid);
  await chown(path, uid, uid);
}

async function checkVersion(as: RunAs, dataDir: string): Promise<void> {
  const made = (await readFile(join(dataDir, "PG_VERSION"), "utf8").catch(() => "")).trim();
  const [command, args] = as.command(as.binaries.postgres, ["--version"]);
  const { stdout } = await run(command, args, { env: { PATH: process.env["PATH"], ...as.binaries.env }, ...as.identity });
  const major = /(\d+)/.exec(stdout)?.[1];
  if (made !== major)
    throw new PostgresStartError(
      `the data folder ${dataDir} was made by PostgreSQL ${made || "of unknown version"}, this is ${major}`,
      "Remove the folder to begin anew; what it holds is lost.",
    );
}
