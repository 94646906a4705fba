import { existsSync, readFileSync, realpathSync } from "node:fs";
import { dirname, isAbsolute, join, normalize, sep } from "node:path";
import { UserError } from "../user-error.ts";

/** A file the generator makes or changes, with its text before and after. Paths are relative to the repository, with `/`. */
export interface Write {
  kind: "create" | "update";
  path: string;
  before: string | undefined;
  after: string;
}

/** Something that is run once everything before it has been written: installing, testing. */
export interface StepCall {
  kind: "step";
  step: string;
  location: string;
}

export type Operation = Write | StepCall;

/** A picture of the repository on which generators write: nothing reaches the disk before `apply`. */
export interface Tree {
  readonly root: string;
  /** Text of a file as it is or as it was staged; undefined when there is none. */
  read(path: string): string | undefined;
  write(path: string, text: string): void;
  step(step: string, location: string): void;
  /** What is to be done, in order. */
  operations(): Operation[];
}

/** An empty stage on top of a repository. */
export function stagedTree(root: string): Tree {
  const writes = new Map<string, Write>();
  const order: (StepCall | string)[] = [];
  const onDisk = (path: string): string | undefined => {
    const file = join(root, path);
    if (!existsSync(file)) return undefined;
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(file));
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new UserError(`${path} is no UTF-8 text, so kc cannot change it`, "Save it as UTF-8.");
    }
  };
  return {
    root,
    read(path) {
      const safe = safePath(root, path);
      return writes.get(safe)?.after ?? onDisk(safe);
    },
    write(path, text) {
      const safe = safePath(root, path);
      const staged = writes.get(safe);
      if (staged) {
        staged.after = text;
        return;
      }
      const before = onDisk(safe);
      writes.set(safe, { kind: before === undefined ? "create" : "update", path: safe, before, after: text });
      order.push(safe);
    },
    step: (step, location) => void order.push({ kind: "step", step, location }),
    operations: () =>
      order
        .map((one) => (typeof one === "string" ? writes.get(one)! : one))
        .filter((one) => one.kind === "step" || one.before !== one.after),
  };
}

/**
 * A path inside the repository, normalised.
 * @throws UserError for a path that leaves it, also through a symbolic link.
 */
export function safePath(root: string, path: string): string {
  const normal = normalize(path).replaceAll(sep, "/").replace(/\/$/, "");
  if (normal === "." || normal.startsWith("..") || isAbsolute(path) || path.includes("\0"))
    throw new UserError(`a generator may not write to ${JSON.stringify(path)}: it is outside of the repository`);
  let folder = dirname(join(root, normal));
  while (!existsSync(folder)) folder = dirname(folder);
  const real = realpathSync(folder);
  const home = realpathSync(root);
  if (real !== home && !real.startsWith(`${home}${sep}`))
    throw new UserError(`a generator may not write to ${path}: ${folder} is a link out of the repository`);
  return normal;
}
