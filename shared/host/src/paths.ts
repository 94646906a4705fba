import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, realpathSync, statSync } from "node:fs";
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

/**
 * A folder that only this user can enter, named after the instance.
 * @throws Error when somebody else owns the name: their sockets could answer for ours.
 */
function socketFolder(home: string): string {
  const uid = userInfo().uid;
  const base = process.env.XDG_RUNTIME_DIR ?? tmpdir();
  const folder = join(
    base.length > 60 ? "/tmp" : base,
    `kc-${uid}-${createHash("sha256").update(realpathSync(home)).digest("hex").slice(0, 10)}`,
  );
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const stat = statSync(folder);
  if (uid >= 0 && stat.uid !== uid)
    throw new Error(`${folder} belongs to another user: remove it, or set XDG_RUNTIME_DIR to a folder of your own`);
  chmodSync(folder, 0o700);
  return folder;
}
