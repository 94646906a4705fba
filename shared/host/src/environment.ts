import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import { parse } from "dotenv";

export type Environment = Record<string, string | undefined>;

/** Variables of kc's own processes that no location needs to see. */
const internal = /^(KC_WATCHDOG_FD|KC_HOST_|NODE_OPTIONS$|npm_|TURBO_|VITEST)/;

/** The variables of a `.env` file; none when there is no file. Values never appear in an error. */
export function readEnvFile(file: string): Environment {
  return existsSync(file) ? parse(readFileSync(file)) : {};
}

/** Environment of the instance: the root's `.env` below what the process already has. */
export function rootEnvironment(root: string, own: Environment = process.env): Environment {
  const clean = Object.fromEntries(Object.entries(own).filter(([name]) => !internal.test(name)));
  return { ...readEnvFile(join(root, ".env")), ...clean };
}

/**
 * Environment of one location: its own `.env` wins over the root's, the process's own variables over both, and the
 * variables of its connections over all. Data paths get their defaults.
 */
export function locationEnvironment(params: {
  root: string;
  folder: string;
  own?: Environment;
  connections: Record<string, string>;
}): Environment {
  const own = params.own ?? process.env;
  const clean = Object.fromEntries(Object.entries(own).filter(([name]) => !internal.test(name)));
  const files = {
    ...readEnvFile(join(params.root, ".env")),
    ...(params.folder === params.root ? {} : readEnvFile(join(params.folder, ".env"))),
  };
  const merged: Environment = { ...files, ...clean, ...params.connections };
  // Set but empty is a mistake that the location must be able to see; unset means the default.
  merged.CSV_DATA_PATH ??= join(params.root, "data");
  merged.OUTPUT_DIR ??= join(params.root, "output");
  if (merged.OUTPUT_DIR && !isAbsolute(merged.OUTPUT_DIR)) merged.OUTPUT_DIR = join(params.root, merged.OUTPUT_DIR);
  merged.KC_ROOT = params.root;
  return merged;
}
