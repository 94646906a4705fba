import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { DbtError } from "./errors.ts";

/** A dbt that stands on PATH: dbt-core 1.x (Python) or the 2.x binary. */
export interface RealDbt {
  path: string;
  version: string;
  major: 1 | 2;
  /** Adapters of 1.x and their versions; the 2.x binary has its own built in and names none. */
  adapters: Record<string, string>;
}

const remedy = "Install dbt-core 1.8 or later with the adapter of your profile, or the dbt 2.x binary, and put it on PATH.";

/**
 * Finds the real dbt, for projects with a profile of their own. It is only looked for when a person asks for it; nothing is downloaded.
 * @throws DbtError when there is none, or none that is known to work.
 */
export async function findRealDbt(env: Readonly<Record<string, string | undefined>> = process.env): Promise<RealDbt> {
  const path = (env.PATH ?? "")
    .split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, "dbt"))
    .find(executable);
  if (!path) throw new DbtError("usage", "there is no dbt on PATH", { hint: remedy });
  let text: string;
  try {
    const { stdout, stderr } = await promisify(execFile)(path, ["--version"], { env: env as NodeJS.ProcessEnv, timeout: 30_000 });
    text = `${stdout}\n${stderr}`;
  } catch (error) {
    throw new DbtError("usage", `${path} --version failed: ${(error as Error).message.split("\n")[0]}`, {
      hint: remedy,
      cause: error,
    });
  }
  return parseDbtVersion(path, text);
}

/** Reads what `dbt --version` prints, of 1.x ("installed: 1.10.2", a list of plugins) and 2.x ("dbt 2.0.0"). */
export function parseDbtVersion(path: string, text: string): RealDbt {
  const version =
    /installed:\s*v?(\d+\.\d+[\w.-]*)/.exec(text)?.[1] ?? /^dbt(?:-fusion|-core)?\s+v?(\d+\.\d+[\w.-]*)/m.exec(text)?.[1];
  if (!version) throw new DbtError("usage", `${path} --version says nothing that looks like a version of dbt`, { hint: remedy });
  const [major, minor] = version.split(".").map(Number) as [number, number];
  if (major !== 2 && !(major === 1 && minor >= 8))
    throw new DbtError("usage", `${path} is dbt ${version}, and 1.8 or later, or 2.x is needed`, { hint: remedy });
  const adapters = [...text.matchAll(/^\s*-\s*([a-z_]+):\s*(\d[\w.]*)/gm)].filter(
    ([, name]) => name !== "installed" && name !== "latest",
  );
  return { path, version, major: major as 1 | 2, adapters: Object.fromEntries(adapters.map(([, name, at]) => [name!, at!])) };
}

function executable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
