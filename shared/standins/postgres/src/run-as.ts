import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { chown, cp, mkdir, readFile, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { type Binaries, binaries } from "./binaries.ts";
import { ownServerHint, PostgresStartError } from "./start-error.ts";

const run = promisify(execFile);

/** PostgreSQL refuses to run as root. How a caller runs it all the same. */
export interface RunAs {
  method: "self" | "unshare" | "setuid";
  /** The command and arguments that run `program` in the right identity. */
  command(program: string, args: string[]): [string, string[]];
  /** uid and gid for spawn; empty unless the method is setuid. */
  identity: { uid?: number; gid?: number };
  /** initdb, unlike the server, demands that its uid has a name: the identity it runs in, after which the files get the right owner. */
  initdb: Pick<RunAs, "command" | "identity">;
  /** Who owns the files PostgreSQL makes, as this process sees it. */
  uid: number;
  /** Folder for the cluster: writable by that user and reachable for it. */
  clusterDir: string;
  binaries: Binaries;
}

/**
 * Chooses how to run PostgreSQL for this caller. Not root: as the caller. Root: in a user namespace, where root appears under another
 * number and owns the same files; where that is not allowed, as a uid nobody has, on copied binaries if it cannot reach the installed ones.
 */
export async function runAs(stateDir: string, native: string, force?: "unshare" | "setuid"): Promise<RunAs> {
  const linkDir = join(stateDir, "lib");
  const uid = process.getuid?.() ?? 0;
  const named = await namedUids();
  // In the namespace the caller appears as somebody with a name.
  const inside = [...named].find((known) => known !== 0) ?? 65_534;
  const wrap = ["--user", `--map-user=${inside}`, `--map-group=${inside}`, "--"];
  const inNamespace: RunAs["command"] = (program, args) => ["unshare", [...wrap, program, ...args]];
  const plain: RunAs["command"] = (program, args) => [program, args];
  const self: RunAs = {
    method: "self",
    command: plain,
    identity: {},
    initdb: { command: plain, identity: {} },
    uid,
    clusterDir: join(stateDir, "cluster"),
    binaries: await binaries(native, linkDir),
  };
  if (self.uid !== 0) {
    await works(self).catch((cause: unknown) => {
      throw new PostgresStartError(`PostgreSQL's program does not run on this machine: ${reason(cause)}`, ownServerHint, cause);
    });
    // A container's made-up uid has no name (one from a directory service has, but not in the file, and needs no namespace).
    const nameless = await run("id", ["-un"]).then(
      () => false,
      () => true,
    );
    return nameless ? { ...self, initdb: { command: inNamespace, identity: {} } } : self;
  }
  // A cluster that an earlier start made under another uid stays with that uid.
  const owner = (await stat(self.clusterDir).catch(() => undefined))?.uid ?? 0;
  const problems: string[] = [];
  if (force !== "setuid" && owner === 0) {
    const unshare: RunAs = { ...self, method: "unshare", command: inNamespace, initdb: { command: inNamespace, identity: {} } };
    try {
      await works(unshare);
      return unshare;
    } catch (cause) {
      problems.push(`in a user namespace: ${reason(cause)}`);
    }
  }
  if (force !== "unshare") {
    try {
      return await setuid(stateDir, native, self, owner, named);
    } catch (cause) {
      problems.push(`as another uid: ${reason(cause)}`);
    }
  }
  throw new PostgresStartError(
    `PostgreSQL must not run as root and cannot run as anyone else here (${problems.join("; ")})`,
    `Run kc as a user other than root. ${ownServerHint}`,
  );
}

async function setuid(stateDir: string, native: string, self: RunAs, owner: number, named: Set<number>): Promise<RunAs> {
  let uid = owner || 54_321;
  while (!owner && named.has(uid)) uid++;
  const bootstrap = [...named].find((known) => known !== 0) ?? 65_534;
  const hash = createHash("sha256").update(stateDir).digest("hex").slice(0, 12);
  const outside = join("/var/tmp", `kc-postgres-${hash}`);
  const home = (await reachable(stateDir)) ? stateDir : outside;
  if (home === outside) await ownFolder(outside, 0, 0o711);
  const clusterDir = join(home, "cluster");
  await ownFolder(clusterDir, uid, 0o700);
  let root = native;
  if (!(await reachable(native))) {
    root = join(home, "native");
    if (!(await stat(root).catch(() => undefined))) {
      const fresh = `${root}.${process.pid}`;
      await cp(native, fresh, { recursive: true, dereference: true });
      await rename(fresh, root).catch(async () => rm(fresh, { recursive: true }));
    }
  }
  const found: RunAs = {
    ...self,
    method: "setuid",
    identity: { uid, gid: uid },
    initdb: { command: self.command, identity: { uid: bootstrap, gid: bootstrap } },
    uid,
    clusterDir,
    binaries: await binaries(root, join(home, "lib")),
  };
  await works(found);
  return found;
}

/** Makes a folder, or takes over one that is really ours: /var/tmp is open to everyone. */
async function ownFolder(path: string, uid: number, mode: number): Promise<void> {
  await mkdir(path, { recursive: true, mode });
  const found = await stat(path);
  if (found.uid !== 0 && found.uid !== uid) throw new Error(`${path} belongs to uid ${found.uid}`);
  await chown(path, uid, uid);
}

/** Whether any user may walk to a path. */
async function reachable(path: string): Promise<boolean> {
  for (let at = path; ; at = dirname(at)) {
    if (((await stat(at)).mode & 0o001) === 0) return false;
    if (at === dirname(at)) return true;
  }
}

/** Every uid of /etc/passwd, highest first: `nobody` before the system's own. */
async function namedUids(): Promise<Set<number>> {
  const lines = (await readFile("/etc/passwd", "utf8").catch(() => "")).split("\n");
  return new Set(
    lines
      .filter((line) => line.split(":").length > 3)
      .map((line) => Number(line.split(":")[2]))
      .sort((a, b) => b - a),
  );
}

async function works(as: RunAs): Promise<void> {
  const [command, args] = as.command(as.binaries.postgres, ["--version"]);
  await run(command, args, { env: { PATH: process.env["PATH"], ...as.binaries.env }, ...as.identity });
}

function reason(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  return (stderr?.trim() || message || String(error)).split("\n")[0]!;
}
