import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, realpathSync, rmSync, statSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";

/** Where an instance keeps what: the checkout's `.kc/`, or a throw-away folder in tests. */
export interface InstancePaths {
  /** The repository: the folder of workspace.yaml. */
  root: string;
  /** `.kc/` of the checkout. */
  home: string;
  database: string;
  hostFile: string;
  lock: string;
  logs: string;
  spool: string;
  standins: string;
  /** Folder for sockets: short, because a socket's path may have at most 107 bytes. */
  sockets: string;
  stateOf(location: string): string;
  /** File of the last definitions of a location that loaded. */
  definitionsOf(location: string): string;
}

export function instancePaths(root: string, home = join(root, ".kc")): InstancePaths {
  mkdirSync(home, { recursive: true });
  const real = realpathSync(root);
  const at = (...parts: string[]) => join(home, ...parts);
  for (const folder of ["logs", "spool", "standins"]) mkdirSync(at(folder), { recursive: true });
  return {
    root: real,
    home,
    database: at("instance.db"),
    hostFile: at("host.json"),
    lock: at("host.lock"),
    logs: at("logs"),
    spool: at("spool"),
    standins: at("standins"),
    sockets: socketFolder(home),
    definitionsOf: (location) => at("definitions", `${location}.json`),
    stateOf: (location) => {
      const folder = at("state", location);
      mkdirSync(folder, { recursive: true });
      return folder;
    },
  };
}

function socketFolder(home: string): string {
  const base = process.env.XDG_RUNTIME_DIR ?? tmpdir();
  const name = createHash("sha256").update(realpathSync(home)).digest("hex").slice(0, 10);
  return join(base.length > 60 ? "/tmp" : base, `kc-${userInfo().uid}-${name}`);
}

/** Removes the sockets of an instance none of whose processes lives any more. One that cannot be removed is told when it is used. */
export function removeSockets({ sockets }: Pick<InstancePaths, "sockets">): void {
  try {
    rmSync(sockets, { recursive: true, force: true });
  } catch {}
}

/**
 * Makes the folder of an instance's sockets, which only this user can enter, unless it is there.
 * @throws Error when somebody else owns the name: their sockets could answer for ours.
 */
export function makeSocketFolder({ sockets: folder }: Pick<InstancePaths, "sockets">): void {
  const { uid } = userInfo();
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = statSync(folder);
  if (uid >= 0 && stat.uid !== uid)
    throw new Error(`${folder} belongs to another user: remove it, or set XDG_RUNTIME_DIR to a folder of your own`);
  chmodSync(folder, 0o700);
}
