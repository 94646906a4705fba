import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { connections } from "@kc/connections";
import { UserError } from "@kc/runtime/internal";
import { type Environment, locationEnvironment } from "./environment.ts";
import { findLocations } from "./locations/workspace-file.ts";

// A host reads its variables once, when it starts. So that a command that joins it later can tell that its own variables
// differ, the host leaves a print of them in host.json: hashes with a salt each, never values.

/** The variables that decide what a run reads and writes. */
const variables = [
  ...connections.flatMap((connection) => connection.variables.map((variable) => variable.name)),
  "CSV_DATA_PATH",
  "OUTPUT_DIR",
  "KC_STANDINS",
];

/** By variable. */
export type EnvironmentPrint = Record<string, { salt: string; hash: string }>;

/** The print of what `own` (a process's variables) and the `.env` files of the checkout say together. */
export function environmentPrint(root: string, own: Environment): EnvironmentPrint {
  const values = resolved(root, own);
  return Object.fromEntries(
    variables.map((name) => {
      const salt = randomBytes(16).toString("hex");
      return [name, { salt, hash: hashOf(salt, values(name)) }];
    }),
  );
}

/**
 * Names of the variables in which `own` and the `.env` files differ from those that the host of `hostFile` started with.
 * None when the file is gone or is an older host's.
 */
export function differingVariables(params: { root: string; home?: string; own: Environment }): string[] {
  const print = readPrint(join(params.home ?? join(params.root, ".kc"), "host.json"));
  const values = resolved(params.root, params.own);
  return variables.filter((name) => {
    const one = print[name];
    return one !== undefined && hashOf(one.salt, values(name)) !== one.hash;
  });
}

/** The print of kc.yaml, as the host that reads it now leaves it in host.json. */
export const instanceFilePrint = (root: string): string => {
  const file = join(root, "kc.yaml");
  return createHash("sha256")
    .update(existsSync(file) ? readFileSync(file) : "")
    .digest("hex");
};

/** Whether kc.yaml is another than the one that the running host has read. */
export function instanceFileChanged(params: { root: string; home?: string }): boolean {
  const { instanceFile } = readHostFile(join(params.home ?? join(params.root, ".kc"), "host.json"));
  return instanceFile !== undefined && instanceFile !== instanceFilePrint(params.root);
}

const readPrint = (file: string): EnvironmentPrint => readHostFile(file).environment ?? {};

function readHostFile(file: string): { environment?: EnvironmentPrint; instanceFile?: string } {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    // The host ended between our look and our reading: there is nothing to compare with.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return {};
    throw error;
  }
}

/** A variable's value at the root and, where a location's own `.env` says otherwise, there. One text, to be hashed. */
function resolved(root: string, own: Environment): (name: string) => string {
  const at = (folder: string): Environment => locationEnvironment({ root, folder, own, connections: {} });
  const base = at(root);
  const others = folders(root)
    .filter((folder) => existsSync(join(folder, ".env")))
    .map((folder) => ({ folder: relative(root, folder), env: at(folder) }));
  return (name) => {
    const value = variable(base, name);
    const overrides = others.map(({ folder, env }) => [folder, variable(env, name)]).filter(([, other]) => other !== value);
    return JSON.stringify([value, ...overrides]);
  };
}

/** An empty variable of a connection counts as unset; an empty path is a mistake of its own. */
function variable(env: Environment, name: string): string | null {
  const value = env[name] ?? null;
  return name === "CSV_DATA_PATH" || name === "OUTPUT_DIR" ? value : value || null;
}

function folders(root: string): string[] {
  try {
    return findLocations(root)
      .locations.map((location) => location.folder)
      .sort();
  } catch (error) {
    // A broken workspace.yaml is told by the host, with its place; here only the root's .env is left to compare.
    if (error instanceof UserError) return [];
    throw error;
  }
}

const hashOf = (salt: string, text: string): string => createHash("sha256").update(salt).update("\0").update(text).digest("hex");
