import { isAbsolute } from "node:path";
import { UserError } from "@kc/runtime";

/**
 * The folder of CSV_DATA_PATH.
 * @throws UserError when it is empty or relative: which folder it is relative to would depend on who reads it.
 */
export function dataFolder(env: Readonly<Record<string, string | undefined>>): string {
  const folder = env.CSV_DATA_PATH ?? "";
  if (!isAbsolute(folder))
    throw new UserError(`CSV_DATA_PATH "${folder}" is not an absolute path`, {
      hint: "Set it to the absolute folder of the CSV files, or leave it unset for data/ of the repository.",
      final: true,
    });
  return folder;
}
